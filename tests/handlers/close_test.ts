/** How a result is let go of, by `close()`, `return()` or `cancel()`: at its end, after an error, or when nobody wants it any more. */

import { assert, assertEquals } from "@std/assert";
import { BaseCGIHandler, SimpleHandler } from "../../handlers.ts";
import type { HeaderList, WSGIApplication, WSGIResult } from "../../types.ts";
import { bytes, Log, run_app, Sink, stream_of } from "../support/support.ts";
import { ERROR_PAGE } from "./answers.ts";

Deno.test("run() ends quietly when the client has gone, and closes the result", async () => {
  for (
    const gone of [
      Deno.errors.BrokenPipe,
      Deno.errors.ConnectionReset,
      Deno.errors.ConnectionAborted,
      Deno.errors.Interrupted,
    ]
  ) {
    const stdout = new WritableStream<Uint8Array>({
      write() {
        throw new gone("gone");
      },
    });
    const log = new Log();
    let closed = 0;
    const handler = new SimpleHandler(stream_of(), stdout, log, {});
    await handler.run((_environ, start_response) => {
      start_response("200 OK", []);
      return Object.assign([bytes("a"), bytes("b")], {
        close: () => void closed++,
      });
    });
    assertEquals([log.text, closed], ["", 1]);
  }
});

Deno.test("run() calls close() of the result exactly once, however it ends", async () => {
  const fail = new Error("fail");
  const cases: Record<string, (close: () => void) => WSGIApplication> = {
    success: (close) => (_environ, start_response) => {
      start_response("200 OK", []);
      return Object.assign([bytes("x")], { close });
    },
    "error before the headers": (close) => () => ({
      // deno-lint-ignore require-yield
      *[Symbol.iterator]() {
        throw fail;
      },
      close,
    }),
    "error after the headers": (close) => (_environ, start_response) => {
      start_response("200 OK", []);
      return {
        *[Symbol.iterator]() {
          yield bytes("x");
          throw fail;
        },
        close,
      };
    },
    "a block that is no Uint8Array": (close) => (_environ, start_response) => {
      start_response("200 OK", []);
      return Object.assign([null as unknown as Uint8Array], { close });
    },
    "an asynchronous iterable": (close) => (_environ, start_response) => {
      start_response("200 OK", []);
      return {
        async *[Symbol.asyncIterator]() {
          yield bytes("x");
        },
        close,
      };
    },
  };
  for (const [name, make] of Object.entries(cases)) {
    let closed = 0;
    await run_app(make(() => void closed++));
    assertEquals([name, closed], [name, 1]);
  }
});

Deno.test("run() awaits an asynchronous close()", async () => {
  let closed = false;
  await run_app((_environ, start_response) => {
    start_response("200 OK", []);
    return Object.assign([bytes("x")], {
      async close() {
        await Promise.resolve();
        closed = true;
      },
    });
  });
  assert(closed);
});

Deno.test("run() logs an error of close(), once", async () => {
  const { output, errors } = await run_app((_environ, start_response) => {
    start_response("200 OK", []);
    return Object.assign([bytes("x")], {
      close() {
        throw new Error("will not close");
      },
    });
  });
  assertEquals(output, "Status: 200 OK\r\nContent-Length: 1\r\n\r\nx");
  assertEquals(errors.split("will not close").length, 2);
});

Deno.test("run() logs both when close() fails after an error", async () => {
  const { output, errors } = await run_app((_environ, start_response) => {
    start_response("200 OK", []);
    return {
      // deno-lint-ignore require-yield
      *[Symbol.iterator]() {
        throw new Error("first");
      },
      close() {
        throw new Error("second");
      },
    };
  }, { adapt: (handler) => void (handler.traceback_limit = 0) });
  assertEquals(output, ERROR_PAGE);
  assertEquals(errors, "Error: second\nError: first\n");
});

Deno.test("run() gives a generator without close() its return()", async () => {
  const ended: string[] = [];
  await run_app(function* (_environ, start_response) {
    try {
      start_response("200 OK", [["Content-Length", "1"]]);
      while (true) yield bytes("x");
    } finally {
      ended.push("generator");
    }
  });
  await run_app(async function* (_environ, start_response) {
    try {
      start_response("200 OK", [["Content-Length", "1"]]);
      while (true) yield bytes("x");
    } finally {
      ended.push("async generator");
    }
  });
  assertEquals(ended, ["generator", "async generator"]);
});

Deno.test("run() calls an iterator's return() once when it leaves it, and not when it has ended", async () => {
  const returns = async (headers: HeaderList) => {
    let returned = 0;
    let left = 2;
    await run_app((_environ, start_response) => {
      start_response("200 OK", headers);
      return {
        [Symbol.iterator]: () => ({
          next: () =>
            left-- > 0
              ? { done: false, value: bytes("x") }
              : { done: true, value: undefined },
          return() {
            returned++;
            return { done: true, value: undefined };
          },
        }),
      };
    });
    return returned;
  };
  assertEquals(await returns([["Content-Length", "1"]]), 1);
  assertEquals(await returns([]), 0);
});

Deno.test("run() cancels a stream that it leaves", async () => {
  let cancelled = 0;
  await run_app((_environ, start_response) => {
    start_response("200 OK", [["Content-Length", "1"]]);
    return new ReadableStream({
      pull: (controller) => controller.enqueue(bytes("x")),
      cancel: () => void cancelled++,
    });
  });
  assertEquals(cancelled, 1);
});

Deno.test("run() logs the error of a stream once, wrapped as a file or not", async () => {
  for (const wrapped of [true, false]) {
    const { output, errors } = await run_app((environ, start_response) => {
      start_response("200 OK", []);
      const stream = new ReadableStream<Uint8Array>({
        pull() {
          throw new Error("the disk has gone");
        },
      });
      return wrapped ? environ["wsgi.file_wrapper"]!(stream) : stream;
    }, { adapt: (handler) => void (handler.traceback_limit = 0) });
    assertEquals([output, errors], [ERROR_PAGE, "Error: the disk has gone\n"]);
  }
});

Deno.test("abort() ends a run that waits for a block that never comes, and closes the result", async () => {
  const never = new Promise<never>(() => {});
  const waiting = Promise.withResolvers<void>();
  const results: Record<string, (close: () => void) => WSGIResult> = {
    "async iterable": (close) => ({
      async *[Symbol.asyncIterator]() {
        yield bytes("x");
        waiting.resolve();
        await never;
      },
      close,
    }),
    stream: (close) => {
      let pulled = 0;
      return new ReadableStream({
        pull(controller) {
          if (pulled++ === 0) return controller.enqueue(bytes("x"));
          waiting.resolve();
          return never;
        },
        cancel: close,
      }, { highWaterMark: 0 });
    },
  };
  for (const [name, make] of Object.entries(results)) {
    let closed = 0;
    const log = new Log();
    const handler = new BaseCGIHandler(stream_of(), new Sink(), log, {});
    const ran = handler.run((_environ, start_response) => {
      start_response("200 OK", []);
      return make(() => void closed++);
    });
    await waiting.promise;
    await Promise.resolve();
    handler.abort();
    await ran;
    assertEquals([name, closed, log.text], [name, 1, ""]);
  }
});

Deno.test("abort() while the application works has its result closed unread", async () => {
  const handler = new BaseCGIHandler(
    stream_of(),
    new Sink(),
    new Log(),
    {},
  );
  let closed = 0;
  await handler.run((_environ, start_response) => {
    start_response("200 OK", []);
    handler.abort();
    return {
      // deno-lint-ignore require-yield
      *[Symbol.iterator]() {
        throw new Error("was read");
      },
      close: () => void closed++,
    };
  });
  assertEquals(closed, 1);
});
