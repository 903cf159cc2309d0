/** The validator in between changes neither what is given nor when. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { SimpleHandler } from "../../handlers.ts";
import type { WSGIApplication, WSGIResult } from "../../types.ts";
import type { FileWrapper } from "../../util.ts";
import { validator } from "../../validate.ts";
import { bytes, Log, run_app, stream_of } from "../support/support.ts";
import {
  answering,
  call,
  environ_with,
  good_server,
  reader,
  TEXT,
  TEXT_6,
} from "./exchange.ts";
import { hello, LENGTH, misusing_errors } from "./rows.ts";
import { SOUND } from "./sound.ts";

Deno.test("validator() takes a block when the server does, synchronously from a generator", async () => {
  let made = 0;
  const result = call(function* (_environ, start_response) {
    start_response("200 OK", TEXT);
    for (const text of ["ab", "cd"]) {
      made++;
      yield bytes(text);
    }
  }) as Iterable<Uint8Array> & WSGIResult;
  const iterator = result[Symbol.iterator]();
  assertEquals(made, 0);
  assertEquals(iterator.next(), { done: false, value: bytes("ab") });
  assertEquals(made, 1);
  assertEquals(iterator.next(), { done: false, value: bytes("cd") });
  assertEquals(made, 2);
  assertEquals(iterator.next().done, true);
  await result.close!();
});

Deno.test("validator() takes a block when the server does, from a stream", async () => {
  let pulled = 0;
  const block = bytes("ab");
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      controller.enqueue(block);
    },
  }, { highWaterMark: 0 });
  const result = await call(answering(() => stream)) as
    & AsyncIterable<Uint8Array>
    & WSGIResult;
  const iterator = result[Symbol.asyncIterator]();
  assertEquals(pulled, 0);
  assertStrictEquals((await iterator.next()).value, block);
  assertEquals(pulled, 1);
  await result.close!();
});

Deno.test("validator() reads a block of the input when the application does", async () => {
  let pulled = 0;
  const input = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      controller.enqueue(bytes("ab"));
    },
  }, { highWaterMark: 0 });
  const environ = environ_with({ "wsgi.input": input });
  const result = await call(
    async (environ, start_response) => {
      const reader = environ["wsgi.input"].getReader();
      assertEquals(pulled, 0);
      await reader.read();
      await Promise.resolve();
      assertEquals(pulled, 1);
      start_response("200 OK", TEXT);
      return [];
    },
    environ,
  );
  await Array.fromAsync(result);
  assertEquals(input.locked, true);
  await result.close!();
  assertEquals(input.locked, false, "the server can drain what is left");
});

Deno.test("validator() lets a read end that is under way when the response is finished", async () => {
  const { readable, writable } = new TransformStream<Uint8Array>();
  let read: Promise<unknown>;
  const environ = environ_with({ "wsgi.input": readable });
  const app: WSGIApplication = (environ, start_response) => {
    read = environ["wsgi.input"].getReader().read();
    start_response("200 OK", TEXT);
    return [];
  };
  await good_server(validator(app), environ);
  const block = bytes("late");
  writable.getWriter().write(block);
  assertEquals(await read!, { done: false, value: block });
  assertEquals(readable.locked, false);
});

Deno.test("validator() hands the error of an input on as it is", async () => {
  const failure = new Deno.errors.UnexpectedEof("cut");
  const input = new ReadableStream({
    pull() {
      throw failure;
    },
  });
  const environ = environ_with({ "wsgi.input": input });
  const error = await assertRejects(async () => await call(reader, environ));
  assertStrictEquals(error, failure);
});

Deno.test("validator() cancels the server's input when the application cancels its own", async () => {
  let reason: unknown;
  const input = new ReadableStream({
    cancel(why) {
      reason = why;
    },
  });
  await call(
    SOUND["a POST that is not wanted"]!.app,
    environ_with({
      "wsgi.input": input,
    }),
  );
  assertEquals(reason, "enough");
});

Deno.test("validator() has write() settle when the server's does", async () => {
  const taken = Promise.withResolvers<void>();
  let went_on = false;
  const answered = call(
    async (_environ, start_response) => {
      await start_response("200 OK", TEXT)(bytes("ab"));
      went_on = true;
      return [];
    },
    environ_with(),
    () => () => taken.promise,
  );
  await new Promise((resolve) => setTimeout(resolve, 1));
  assertEquals(went_on, false);
  taken.resolve();
  await answered;
  assertEquals(went_on, true);
});

Deno.test("validator() keeps a generator waiting while the client takes nothing", async () => {
  let made = 0;
  const stdout = new WritableStream<Uint8Array>({
    write: () => new Promise(() => {}),
  });
  const handler = new SimpleHandler(
    stream_of(),
    stdout,
    new Log(),
    environ_with(),
  );
  handler.run(validator(async function* (_environ, start_response) {
    start_response("200 OK", TEXT);
    while (true) {
      made++;
      yield bytes("ab");
    }
  }));
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals(made, 1);
});

Deno.test("validator() keeps an array of one, so that the handler sets Content-Length", async () => {
  const { output } = await run_app(validator(answering(() => [bytes("abc")])));
  assert(output.includes("\r\nContent-Length: 3\r\n"), output);
});

Deno.test("validator() gives an array that is one in every way", async () => {
  const result = await call(answering(() => [bytes("ab"), bytes("c")]));
  assert(Array.isArray(result));
  assertEquals(result.map((block: Uint8Array) => block.length), [2, 1]);
  assertEquals(result.slice(1), [bytes("c")]);
  assertEquals(result[1], bytes("c"));
});

Deno.test("validator() leaves an array of the application as it was", async () => {
  const array = [bytes("abc")];
  const result = await call(answering(() => array));
  assert(result !== array);
  assertEquals(Reflect.ownKeys(array), ["0", "length"]);
});

Deno.test("validator() keeps a file, so that the handler can send it its own way", async () => {
  let sent: unknown;
  let closed = 0;
  const file = {
    read: () => Promise.resolve(null),
    close: () => void closed++,
  };
  const { errors } = await run_app(
    validator(answering((environ) => environ["wsgi.file_wrapper"]!(file))),
    {
      adapt(handler) {
        handler.sendfile = () => {
          sent = (handler.result as FileWrapper).filelike;
          handler.send_headers();
          return true;
        };
      },
    },
  );
  assertStrictEquals(sent, file);
  assertEquals(closed, 1);
  assertEquals(errors, "");
});

Deno.test("validator() checks a file that is sent block by block", async () => {
  const { errors } = await run_app(
    validator(answering(
      (environ) => environ["wsgi.file_wrapper"]!(stream_of("abcdefg")),
      TEXT_6,
    )),
  );
  assert(
    errors.startsWith(
      `WSGIError: the body must be as long as its Content-Length of 6 bytes, got 7 ${LENGTH}\n`,
    ),
    errors,
  );
});

Deno.test("validator() has an error in an array found before the headers go out", async () => {
  const { output } = await run_app(
    validator(answering(() => [bytes("ab"), bytes("c")], TEXT_6)),
  );
  assert(output.startsWith("Status: 500 "), output);
});

Deno.test("validator() has the application's own error come out as it is", async () => {
  const failure = new RangeError("mine");
  for (
    const app of [
      () => {
        throw failure;
      },
      () => Promise.reject(failure),
      // deno-lint-ignore require-yield
      function* () {
        throw failure;
      },
    ] as WSGIApplication[]
  ) {
    const error = await assertRejects(() =>
      good_server(validator(app), environ_with())
    );
    assertStrictEquals(error, failure);
  }
});

Deno.test("validator() hands on what start_response throws", async () => {
  const failure = new Error("too late");
  const error = await assertRejects(async () => {
    await call(hello as WSGIApplication, environ_with(), () => {
      throw failure;
    });
  });
  assertStrictEquals(error, failure);
});

Deno.test("validator() lets wsgi.errors be written to, and shows its text", async () => {
  const environ = environ_with();
  await good_server(
    validator(
      misusing_errors((errors) => {
        errors.write!("a\n");
        errors.writelines!(new Set(["b\n", "c\n"]));
        errors.flush!();
      }).app as WSGIApplication,
    ),
    environ,
  );
  assertEquals(String(environ["wsgi.errors"]), "a\nb\nc\n");
});
