/** When `from_fetch()` aborts `request.signal` and cancels the body of the response. */

import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertRejects,
} from "@std/assert";
import { type FetchHandler, from_fetch } from "../../../gateways/fetch.ts";
import { ResponseHandler } from "../../../handlers.ts";
import type {
  WSGIApplication,
  WSGIEnvironment,
  WSGIResult,
} from "../../../types.ts";
import { setup_testing_defaults } from "../../../util.ts";
import {
  bytes,
  Log,
  run_app,
  serve,
  stream_of,
  text,
  until,
  write_all,
} from "../../support/support.ts";

/** Calls `from_fetch(handler)` without a server, and returns its result and what the handler got. */
function call(handler: FetchHandler, environ: Record<string, unknown> = {}) {
  setup_testing_defaults(environ);
  let request: Request | undefined;
  let completed: Promise<void> | undefined;
  const app = from_fetch((given, info, context) => {
    request = given;
    completed = info.completed;
    return handler(given, info, context);
  });
  const result = app(environ as WSGIEnvironment, () => async () => {});
  const iterator = (result as AsyncIterable<Uint8Array>)
    [Symbol.asyncIterator]();
  return {
    result: result as WSGIResult,
    iterator,
    signal: () => request!.signal,
    completed: () => completed!,
  };
}

const two_blocks: FetchHandler = () => new Response(stream_of("a", "b"));

Deno.test("request.signal is aborted when the result is closed before its end", async () => {
  const { iterator, result, signal, completed } = call(two_blocks);
  await iterator.next();
  assertFalse(signal().aborted);
  await result.close!();
  assertEquals(signal().reason.name, "AbortError");
  await assertRejects(completed, DOMException);
});

Deno.test("request.signal is not aborted when the result was read to its end", async () => {
  const { iterator, result, signal, completed } = call(two_blocks);
  while (!(await iterator.next()).done);
  await result.close!();
  await completed();
  assertFalse(signal().aborted);
});

Deno.test("request.signal is not aborted when as many bytes as the Content-Length were read", async () => {
  let cancelled = 0;
  const body = () =>
    new ReadableStream({
      start: (controller) => controller.enqueue(bytes("abc")),
      cancel() {
        cancelled++;
      },
    });
  const headers = { "Content-Length": "3" };
  const { iterator, result, signal, completed } = call(() =>
    new Response(body(), { headers })
  );
  assertEquals(text((await iterator.next()).value!), "abc");
  await result.close!();
  await completed();
  assertFalse(signal().aborted);
  assertEquals(cancelled, 1);
});

Deno.test("request.signal is not aborted when there is no body", async () => {
  const { iterator, result, signal } = call(() => new Response(null));
  assert((await iterator.next()).done);
  await result.close!();
  assertFalse(signal().aborted);
});

Deno.test("request.signal is aborted when the handler or the body of its response fails", async () => {
  const failing = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => controller.error(new Error("mine")),
  });
  for (
    const handler of [
      () => Promise.reject(new Error("mine")),
      () => new Response(failing),
    ]
  ) {
    const { iterator, result, signal } = call(handler);
    await assertRejects(() => iterator.next(), Error, "mine");
    await result.close!();
    assert(signal().aborted);
  }
});

Deno.test("request.signal is aborted before the handler has responded", async () => {
  let signal: AbortSignal | undefined;
  let cancelled = 0;
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const app = from_fetch(async (request) => {
    signal = request.signal;
    signal.addEventListener("abort", () => resolve());
    await aborted;
    return new Response(
      new ReadableStream({
        cancel() {
          cancelled++;
        },
      }),
    );
  });
  const environ = {};
  setup_testing_defaults(environ);
  const log = new Log();
  const handler = new ResponseHandler(stream_of(), log, environ);
  const response = handler.respond(app);
  await until(() => signal !== undefined);
  handler.abort();
  await response;
  assert(signal!.aborted);
  await until(() => cancelled > 0);
  assertEquals(log.text, "");
});

Deno.test("a handler is not called if its result is closed before it is read", async () => {
  let calls = 0;
  const { result } = call(() => {
    calls++;
    return new Response();
  });
  await result.close!();
  assertEquals(calls, 0);
});

Deno.test("the body of the response is cancelled even while a block of it is awaited", async () => {
  let cancelled = 0;
  const { iterator, result } = call(() =>
    new Response(
      new ReadableStream({
        cancel() {
          cancelled++;
        },
      }),
    )
  );
  const next = iterator.next();
  await new Promise((resolve) => setTimeout(resolve));
  await result.close!();
  assertEquals(cancelled, 1);
  assert((await next).done);
});

Deno.test("the result is closed when middleware leaves a loop over it", async () => {
  const { result, signal } = call(two_blocks);
  for await (const block of result) {
    assertEquals(text(block), "a");
    break;
  }
  assert(signal().aborted);
  await result.close!();
});

Deno.test("middleware may change the environ after the application has returned", async () => {
  const inner = from_fetch((request) => new Response(request.url));
  const app: WSGIApplication = (environ, start_response) => {
    const result = inner(environ, start_response);
    environ.PATH_INFO = "/changed";
    return result;
  };
  const { output } = await run_app(app, { environ: { PATH_INFO: "/x" } });
  assertMatch(output, /\/x$/);
});

Deno.test("request.signal is aborted when a client of the simple server disconnects", async () => {
  let signal: AbortSignal | undefined;
  await using server = serve(from_fetch((request) => {
    signal = request.signal;
    return new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(bytes("a")),
      }),
    );
  }));
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await write_all(conn, bytes("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  await conn.read(new Uint8Array(1000));
  assertFalse(signal!.aborted);
  conn.close();
  await until(() => signal!.aborted);
});
