/** How `from_fetch()` sends a `Response`. */

import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertThrows,
} from "@std/assert";
import {
  type FetchHandler,
  from_fetch,
  to_fetch,
} from "../../../gateways/fetch.ts";
import type { HeaderList } from "../../../types.ts";
import { setup_testing_defaults } from "../../../util.ts";
import { validator } from "../../../validate.ts";
import { bytes, run_app, text } from "../../support/support.ts";

/** What a CGI handler writes for the response of a fetch handler. */
async function output_of(
  handler: FetchHandler,
  environ: Record<string, unknown> = {},
): Promise<string> {
  const { output, errors } = await run_app(from_fetch(handler), { environ });
  assertEquals(errors, "");
  return output;
}

Deno.test("from_fetch() passes on status, headers and body", async () => {
  const response = () =>
    new Response("Hello", {
      status: 201,
      headers: [
        ["Content-Type", "text/plain"],
        ["Set-Cookie", "a=1"],
        ["Set-Cookie", "b=2"],
        ["X-Name", "caf\xe9"],
      ],
    });
  assertEquals(
    await output_of(response),
    "Status: 201 Created\r\ncontent-type: text/plain\r\n" +
      "set-cookie: a=1\r\nset-cookie: b=2\r\nx-name: caf\xe9\r\n" +
      "content-length: 5\r\n\r\nHello",
  );
});

Deno.test("from_fetch() uses the registered reason phrase if the response has none", async () => {
  const status = async (init: ResponseInit) =>
    (await output_of(() => new Response(null, init))).split("\r\n")[0];
  assertEquals(await status({ status: 418 }), "Status: 418 I'm a teapot");
  assertEquals(await status({ status: 299 }), "Status: 299 ");
  assertEquals(
    await status({ status: 200, statusText: "Fine" }),
    "Status: 200 Fine",
  );
});

Deno.test("from_fetch() drops headers that only the server may set", async () => {
  const headers = {
    "Connection": "close",
    "Status": "404 Not Found",
    "Keep-Alive": "timeout=5",
    "Transfer-Encoding": "chunked",
    "X-A": "b",
  };
  assertEquals(
    await output_of(() => new Response(null, { headers })),
    "Status: 200 OK\r\nx-a: b\r\nContent-Length: 0\r\n\r\n",
  );
});

Deno.test("from_fetch() returns an empty result for a null body", async () => {
  assertEquals(
    await output_of(() => new Response(null, { status: 404 })),
    "Status: 404 Not Found\r\nContent-Length: 0\r\n\r\n",
  );
  assertEquals(
    await output_of(() => new Response(null, { status: 204 })),
    "Status: 204 No Content\r\n\r\n",
  );
});

Deno.test("from_fetch() cancels the body of the response to a HEAD", async () => {
  let cancelled = 0;
  let signal: AbortSignal;
  const handler: FetchHandler = (request) => {
    signal = request.signal;
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(bytes("a")),
      cancel() {
        cancelled++;
      },
    });
    return new Response(body, {
      headers: { "Content-Type": "text/plain", "Content-Length": "3" },
    });
  };
  const environ = { REQUEST_METHOD: "HEAD" };
  const { output, errors } = await run_app(validator(from_fetch(handler)), {
    environ,
  });
  assertEquals(
    output,
    "Status: 200 OK\r\ncontent-length: 3\r\ncontent-type: text/plain\r\n\r\n",
  );
  assertEquals(errors, "");
  assertEquals(cancelled, 1);
  assertFalse(signal!.aborted);
});

Deno.test("from_fetch() streams both ways, chunk by chunk", async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const handler = to_fetch(
    validator(
      from_fetch((request) =>
        new Response(request.body, {
          headers: { "Content-Type": "text/plain" },
        })
      ),
    ),
  );
  const init = { method: "POST", body: readable, duplex: "half" };
  const writer = writable.getWriter();
  let written = writer.write(bytes("0")); // The response begins with it.
  const { body } = await handler(new Request("http://h/", init as RequestInit));
  const reader = body!.getReader();
  for (let i = 0; i < 3; i++) {
    assertEquals(text((await reader.read()).value!), String(i));
    await written;
    written = writer.write(bytes(String(i + 1)));
  }
  assertEquals(text((await reader.read()).value!), "3");
  const closed = writer.close();
  assert((await reader.read()).done);
  await closed;
});

Deno.test("from_fetch() reads no more of a body than the server requests", async () => {
  let pulled = 0;
  const body = () =>
    new ReadableStream({
      pull(controller) {
        pulled++;
        controller.enqueue(bytes("x"));
      },
    }, { highWaterMark: 0 });
  const response = await to_fetch(from_fetch(() => new Response(body())))(
    new Request("http://h/"),
  );
  const reader = response.body!.getReader();
  for (let i = 0; i < 3; i++) await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert(pulled <= 5, `${pulled} pulled`);
  await reader.cancel();
});

Deno.test("from_fetch() passes on what its handler throws, as an error of the application", async () => {
  const throwing: FetchHandler[] = [
    () => {
      throw new Error("mine");
    },
    () => Promise.reject(new Error("mine")),
    () =>
      new Response(
        new ReadableStream<Uint8Array<ArrayBuffer>>({
          pull: (controller) => controller.error(new Error("mine")),
        }),
      ),
  ];
  for (const handler of throwing) {
    const { output, errors } = await run_app(from_fetch(handler));
    assertMatch(output, /^Status: 500 Internal Server Error\r\n/);
    assertEquals(errors.match(/Error: mine/g)?.length, 1);
  }
});

Deno.test("from_fetch() reports what the handler returned instead of a Response", async () => {
  const { errors } = await run_app(
    from_fetch((() => "Hello") as unknown as FetchHandler),
  );
  assertMatch(
    errors,
    /^TypeError: a fetch handler must return a Response, got "Hello": return new Response\(text\)\n/,
  );
  assertThrows(
    () => from_fetch({} as unknown as FetchHandler),
    TypeError,
    "the fetch handler must be a function, got an object of class Object",
  );
});

Deno.test("from_fetch() refuses a network error", async () => {
  const { output, errors } = await run_app(from_fetch(() => Response.error()));
  assertMatch(output, /^Status: 500/);
  assertMatch(errors, /^TypeError: the status must be .*, got "0 "/);
});

Deno.test("from_fetch() sets the Content-Length of a form", async () => {
  const form = new FormData();
  form.set("name", "Ada");
  form.set("file", new File(["x".repeat(200_000)], "a.txt"));
  const output = await output_of(() => new Response(form));
  const [head, body] = split(output);
  assertMatch(head, /^content-type: multipart\/form-data; boundary=/m);
  assertMatch(head, new RegExp(`^content-length: ${body.length}\r?$`, "m"));
  assert(body.length > 200_000);
});

/** The head and the body of a response. */
function split(output: string): [head: string, body: string] {
  const end = output.indexOf("\r\n\r\n");
  return [output.slice(0, end), output.slice(end + 4)];
}

Deno.test("from_fetch() reads no more than two blocks of a stream before the response begins", async () => {
  let pulled = 0;
  const body = () =>
    new ReadableStream({
      pull(controller) {
        pulled++;
        controller.enqueue(bytes("x"));
      },
    }, { highWaterMark: 0 });
  const app = from_fetch(() => new Response(body()));
  const environ = {};
  setup_testing_defaults(environ);
  let headers: HeaderList | null = null;
  const result = await app(environ, (_status, list) => {
    headers = list;
    return async () => {};
  }) as AsyncIterableIterator<Uint8Array> & { close(): Promise<void> };
  await result.next();
  assertEquals(headers, []);
  assertEquals(pulled, 2);
  await result.close();
});

Deno.test("from_fetch() responds with a 500 if a body fails right after its first block", async () => {
  let pulled = 0;
  const body = () =>
    new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        if (pulled++ > 0) throw new Error("mine");
        controller.enqueue(bytes("a"));
      },
    }, { highWaterMark: 0 });
  const { output, errors } = await run_app(
    from_fetch(() => new Response(body())),
  );
  assertMatch(output, /^Status: 500 /);
  assertEquals(errors.match(/Error: mine/g)?.length, 1);
});

Deno.test("from_fetch() reports a response whose body has been sent before", async () => {
  const response = new Response("Hello");
  const app = from_fetch(() => response);
  assertMatch((await run_app(app)).output, /Hello$/);
  const { output, errors } = await run_app(app);
  assertMatch(output, /^Status: 500 /);
  assertMatch(
    errors,
    /^TypeError: the body of the Response has been read before: a fetch handler must return a new one for each request\n/,
  );
});

Deno.test("from_fetch() accepts a response of another class than the platform's", async () => {
  // Such as that of undici, which frameworks made for Node return.
  class OtherResponse {
    status = 201;
    statusText = "Made";
    headers = new Map([["x-a", "1"]]);
    bodyUsed = false;
    constructor(readonly body: ReadableStream | null) {}
  }
  const responding = (body: ReadableStream | null) => () =>
    new OtherResponse(body) as unknown as Response;
  assertEquals(
    await output_of(responding(new Response("Hello").body)),
    "Status: 201 Made\r\nx-a: 1\r\ncontent-length: 5\r\n\r\nHello",
  );
  assertEquals(
    await output_of(responding(null)),
    "Status: 201 Made\r\nx-a: 1\r\nContent-Length: 0\r\n\r\n",
  );
});
