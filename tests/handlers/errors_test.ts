/** Errors of an application: the page that answers them, and the log. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { BaseCGIHandler } from "../../handlers.ts";
import type {
  StartResponse,
  WSGIEnvironment,
  WSGIResult,
} from "../../types.ts";
import { bytes, Log, run_app, Sink, stream_of } from "../support/support.ts";
import { ERROR_PAGE } from "./answers.ts";

Deno.test("run() answers an error before the headers with the error page, and logs its stack", async () => {
  const { output, errors } = await run_app(() => {
    throw new Error("the well is dry");
  });
  assertEquals(output, ERROR_PAGE);
  assertMatch(errors, /^Error: the well is dry\n {4}at .*errors_test\.ts/);
});

Deno.test("run() replaces the headers that an application began before it threw", async () => {
  const { output } = await run_app((_environ, start_response) => {
    start_response("200 OK", [["X-Secret", "1"]]);
    throw new Error("late");
  });
  assertEquals(output, ERROR_PAGE);
});

Deno.test("run() logs an error after the first output and sends nothing more", async () => {
  const { output, errors, handler } = await run_app(
    async (_environ, start_response) => {
      await start_response("200 OK", [])(bytes("Some output"));
      throw new Error("too late for a page");
    },
  );
  assertEquals(output, "Status: 200 OK\r\n\r\nSome output");
  assertStringIncludes(errors, "Error: too late for a page");
  assertEquals((handler.exc_info as Error).message, "too late for a page");
});

Deno.test("run() takes an error of nothing for an error", async () => {
  for (const nothing of [undefined, null]) {
    const { output, errors } = await run_app((_environ, start_response) => {
      start_response("200 OK", []);
      throw nothing;
    });
    assertEquals(output, ERROR_PAGE);
    assertMatch(errors, RegExp(`^TypeError: ${nothing} was thrown\n`));
    assertEquals(errors.includes("/_internal/"), false);
  }
});

Deno.test("start_response() throws exc_info when the headers have been sent", async () => {
  const thrown = new Error("the first error");
  const { output, errors } = await run_app(
    function* (_environ, start_response) {
      start_response("200 OK", []);
      yield bytes("sent");
      start_response("500 Oops", [], thrown);
      throw new Error("start_response() did not throw");
    },
  );
  assertEquals(output, "Status: 200 OK\r\n\r\nsent");
  assertEquals(errors.split("\n")[0], "Error: the first error");
});

Deno.test("error_status, error_headers and error_body make the error page", async () => {
  const { output } = await run_app(() => {
    throw new Error("x");
  }, {
    adapt: (handler) => {
      handler.error_status = "503 Busy";
      handler.error_headers = [["X-E", "1"]];
      handler.error_body = bytes("later");
    },
  });
  assertEquals(
    output,
    "Status: 503 Busy\r\nX-E: 1\r\nContent-Length: 5\r\n\r\nlater",
  );
});

Deno.test("error_output() may be overridden, asynchronously too, and finds the error in exc_info", async () => {
  class Handler extends BaseCGIHandler {
    override async error_output(
      environ: WSGIEnvironment,
      start_response: StartResponse,
    ): Promise<WSGIResult> {
      await Promise.resolve();
      start_response("500 Oops", [], this.exc_info);
      const { message } = this.exc_info as Error;
      return [bytes(`${environ.PATH_INFO}: ${message}`)];
    }
  }
  const { output } = await run_app((_environ, start_response) => {
    start_response("200 OK", []);
    throw new Error("no");
  }, { handler_class: Handler });
  assertEquals(
    output,
    "Status: 500 Oops\r\nContent-Length: 5\r\n\r\n/: no",
  );
});

Deno.test("run() rejects when error_output() fails, and closes the result once", async () => {
  class Handler extends BaseCGIHandler {
    override error_output(): never {
      throw new Error("the page failed");
    }
  }
  let closed = 0;
  const log = new Log();
  const handler = new Handler(stream_of(), new Sink(), log, {});
  await assertRejects(
    () =>
      handler.run((_environ, start_response) => {
        start_response("200 OK", []);
        return Object.assign(["no bytes" as unknown as Uint8Array], {
          close: () => void closed++,
        });
      }),
    Error,
    "the page failed",
  );
  assertStringIncludes(log.text, 'got "no bytes"');
  assertEquals(closed, 1);
  assertEquals(handler.status, null);
});

Deno.test("log_exception() writes as many frames as traceback_limit says", async () => {
  const logged = async (traceback_limit: number | null) => {
    const { errors } = await run_app(() => {
      throw new Error("two\nlines");
    }, {
      adapt: (handler) => void (handler.traceback_limit = traceback_limit),
    });
    return errors.trimEnd().split("\n");
  };
  assertEquals(await logged(0), ["Error: two", "lines"]);
  assertEquals((await logged(2)).length, 4);
  assert((await logged(null)).length > 4);
});

Deno.test("log_exception() writes what is no Error, and the causes of what is one", async () => {
  const plain = await run_app(() => {
    throw { code: 7 };
  });
  assertEquals(plain.errors, "{ code: 7 }\n");
  const caused = await run_app(() => {
    throw new Error("outer", { cause: new TypeError("inner") });
  }, { adapt: (handler) => void (handler.traceback_limit = 0) });
  assertEquals(caused.errors, "Error: outer\nCaused by: TypeError: inner\n");
});

Deno.test("run() says what to do with an object that has a fetch, and is no application", async () => {
  class Shop {
    fetch() {
      return new Response();
    }
  }
  const { output, errors } = await run_app(new Shop() as never);
  assertEquals(output, ERROR_PAGE);
  assertMatch(
    errors,
    /^TypeError: the application must be a function, got an object of class Shop: it has a method fetch, and from_fetch\(app\.fetch\) makes an application of that\n/,
  );
  assertEquals(errors.includes("/_internal/"), false);
});
