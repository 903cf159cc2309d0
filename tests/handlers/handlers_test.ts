import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { toText } from "@std/streams";
import {
  BaseCGIHandler,
  BaseHandler,
  CGIHandler,
  IISCGIHandler,
  read_environ,
  SimpleHandler,
} from "../../handlers.ts";
import { Headers } from "../../headers.ts";
import type {
  HeaderList,
  StartResponse,
  Write,
  WSGIApplication,
  WSGIEnvironment,
  WSGIResult,
} from "../../types.ts";
import { FileWrapper } from "../../util.ts";
import { make_folder } from "../support/command.ts";
import {
  bytes,
  Log,
  root,
  run_app,
  Sink,
  stream_of,
  text,
} from "../support/support.ts";

const PLAIN: HeaderList = [["Content-Type", "text/plain"]];
const ERROR_BODY =
  "A server error occurred.  Please contact the administrator.";
const ERROR_PAGE = "Status: 500 Internal Server Error\r\n" +
  "Content-Type: text/plain\r\nContent-Length: 59\r\n\r\n" + ERROR_BODY;

/** An application that answers 200 with these blocks. */
function answering(
  blocks: string[],
  headers: HeaderList = PLAIN,
): WSGIApplication {
  return (_environ, start_response) => {
    start_response("200 OK", headers);
    return blocks.map(bytes);
  };
}

// The environ

Deno.test("BaseHandler's attributes have the defaults of wsgiref", () => {
  const handler = new BaseHandler();
  assertEquals(handler.wsgi_version, [1, 0]);
  assertEquals(handler.wsgi_multithread, true);
  assertEquals(handler.wsgi_multiprocess, true);
  assertEquals(handler.wsgi_run_once, false);
  assertEquals(handler.origin_server, true);
  assertEquals(handler.http_version, "1.0");
  assertEquals(handler.server_software, null);
  assertStrictEquals(handler.wsgi_file_wrapper, FileWrapper);
  assertStrictEquals(handler.headers_class, Headers);
  assertEquals(handler.traceback_limit, null);
  assertEquals(handler.error_status, "500 Internal Server Error");
  assertEquals(handler.error_headers, PLAIN);
  assertEquals(text(handler.error_body), ERROR_BODY);
  assertEquals(handler.os_environ, read_environ());
  for (
    const state of ["status", "result", "headers", "environ", "exc_info"]
  ) assertEquals(handler[state as "status"], null);
  assertEquals(handler.headers_sent, false);
  assertEquals(handler.bytes_sent, 0);
});

Deno.test("BaseHandler's abstract methods throw until overridden", () => {
  const handler = new BaseHandler();
  const message = (name: string) =>
    `a subclass of BaseHandler must override ${name}()`;
  assertThrows(() => handler._write(bytes("x")), Error, message("_write"));
  assertThrows(() => handler._flush(), Error, message("_flush"));
  assertThrows(() => handler.get_stdin(), Error, message("get_stdin"));
  assertThrows(() => handler.get_stderr(), Error, message("get_stderr"));
  assertThrows(() => handler.add_cgi_vars(), Error, message("add_cgi_vars"));
});

Deno.test("setup_environ() puts the attributes of the handler into environ", () => {
  const handler = new SimpleHandler(stream_of(), new Sink(), new Log(), {});
  handler.wsgi_version = [1, 0];
  handler.wsgi_multithread = false;
  handler.wsgi_multiprocess = true;
  handler.wsgi_run_once = true;
  handler.setup_environ();
  const environ = handler.environ!;
  assertStrictEquals(environ["wsgi.version"], handler.wsgi_version);
  assertEquals(environ["wsgi.multithread"], false);
  assertEquals(environ["wsgi.multiprocess"], true);
  assertEquals(environ["wsgi.run_once"], true);
  assertEquals(environ["wsgi.input_terminated"], true);
  assertStrictEquals(environ["wsgi.errors"], handler.stderr);
  assert(environ["wsgi.input"] instanceof ReadableStream);
  assert(
    environ["wsgi.file_wrapper"]!(stream_of()) instanceof FileWrapper,
  );
});

Deno.test("setup_environ() starts from os_environ, which base_env overrides", () => {
  const handler = new SimpleHandler(stream_of(), new Sink(), new Log(), {
    B: "request",
    "x.object": [1],
  });
  handler.os_environ = { A: "process", B: "process" };
  handler.setup_environ();
  assertEquals(handler.environ!.A, "process");
  assertEquals(handler.environ!.B, "request");
  assertEquals(handler.environ!["x.object"], [1]);
  assertEquals(handler.os_environ, { A: "process", B: "process" });
});

Deno.test("setup_environ() makes a plain object with own enumerable keys", () => {
  const handler = new SimpleHandler(stream_of(), new Sink(), new Log(), {
    REQUEST_METHOD: "GET",
  });
  handler.setup_environ();
  const environ = handler.environ!;
  assertStrictEquals(Object.getPrototypeOf(environ), Object.prototype);
  assertEquals({ ...environ }, environ);
  for (
    const [key, { writable, enumerable, configurable, get }] of Object.entries(
      Object.getOwnPropertyDescriptors(environ),
    )
  ) {
    assertEquals([key, writable, enumerable, configurable, get], [
      key,
      true,
      true,
      true,
      undefined,
    ]);
  }
});

Deno.test("setup_environ() leaves wsgi.file_wrapper out when wsgi_file_wrapper is null", () => {
  const handler = new SimpleHandler(stream_of(), new Sink(), new Log(), {});
  handler.wsgi_file_wrapper = null;
  handler.setup_environ();
  assert(!("wsgi.file_wrapper" in handler.environ!));
});

Deno.test("setup_environ() makes wsgi.file_wrapper of the handler's class", () => {
  class Wrapper extends FileWrapper {}
  const handler = new SimpleHandler(stream_of(), new Sink(), new Log(), {});
  handler.wsgi_file_wrapper = Wrapper;
  handler.setup_environ();
  const wrapped = handler.environ!["wsgi.file_wrapper"]!(stream_of(), 100);
  assert(wrapped instanceof Wrapper);
  assertEquals(wrapped.blksize, 100);
});

Deno.test("setup_environ() sets SERVER_SOFTWARE for an origin server that has one", () => {
  const software = (origin_server: boolean, base_env = {}) => {
    const handler = new SimpleHandler(
      stream_of(),
      new Sink(),
      new Log(),
      base_env,
    );
    handler.origin_server = origin_server;
    handler.server_software = "test/1.0";
    handler.os_environ = {};
    handler.setup_environ();
    return handler.environ!.SERVER_SOFTWARE;
  };
  assertEquals(software(true), "test/1.0");
  assertEquals(software(true, { SERVER_SOFTWARE: "front" }), "front");
  assertEquals(software(false), undefined);
});

Deno.test("get_scheme() is https when HTTPS says so", () => {
  for (const [https, scheme] of [["on", "https"], ["off", "http"]]) {
    const handler = new BaseCGIHandler(stream_of(), new Sink(), new Log(), {
      HTTPS: https,
    });
    handler.setup_environ();
    assertEquals(handler.environ!["wsgi.url_scheme"], scheme);
  }
});

Deno.test("setup_environ() may be overridden by an asynchronous method", async () => {
  class Handler extends BaseCGIHandler {
    override async setup_environ() {
      await Promise.resolve();
      super.setup_environ();
      this.environ!.REMOTE_USER = "alice";
    }
  }
  const { output } = await run_app((environ, start_response) => {
    start_response("200 OK", []);
    return [bytes(environ.REMOTE_USER!)];
  }, { handler_class: Handler });
  assertEquals(output, "Status: 200 OK\r\nContent-Length: 5\r\n\r\nalice");
});

// The response: status line, headers, length

/** Writes at once. */
class SynchronousHandler extends BaseHandler {
  output = "";
  override origin_server = false;
  override _write(data: Uint8Array) {
    this.output += text(data);
  }
  override _flush() {}
  override get_stdin() {
    return stream_of();
  }
  override get_stderr() {
    return new Log();
  }
  override add_cgi_vars() {}
}

Deno.test("run() is over when it returns if nothing has to be waited for", async () => {
  const handler = new SynchronousHandler();
  const events: string[] = [];
  handler.log_request = (code, size) => events.push(`${code} ${size}`);
  const result = Object.assign([bytes("Hello")], {
    close: () => void events.push("closed"),
  });
  const running = handler.run((_environ, start_response) => {
    start_response("200 OK", PLAIN);
    return result;
  });
  events.push("returned");
  await running;
  assertEquals(events, ["200 5", "closed", "returned"]);
  assertStringIncludes(handler.output, "Content-Length: 5\r\n\r\nHello");
});

Deno.test("what a handler does to the bytes that it is given has no effect on the next response", async () => {
  class Handler extends SynchronousHandler {
    override _write(data: Uint8Array) {
      super._write(data);
      data.fill(0);
    }
  }
  for (let time = 0; time < 2; time++) {
    const handler = new Handler();
    await handler.run(answering(["Hello"]));
    assertEquals(
      handler.output,
      "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nHello",
    );
  }
});

Deno.test("run() rejects, and does not throw, where the end of a request fails", async () => {
  const handler = new SynchronousHandler();
  handler.close = () => {};
  handler.log_request = () => {
    throw new Error("no log");
  };
  const running = handler.run(answering(["Hello"]));
  const error = await assertRejects(() => running, Error);
  assertEquals(error.message, "no log");
});

Deno.test("wsgi.version is one for all requests, which nobody can change", async () => {
  const versions: unknown[] = [];
  const app: WSGIApplication = (environ, start_response) => {
    const version = environ["wsgi.version"];
    versions.push(version);
    assertThrows(() => version[0] = 2, TypeError);
    start_response("200 OK", PLAIN);
    return [];
  };
  await new SynchronousHandler().run(app);
  await new SynchronousHandler().run(app);
  assertEquals(versions, [[1, 0], [1, 0]]);
});

Deno.test("run() sends status, headers and body", async () => {
  const { output, errors } = await run_app(answering(["data"]));
  assertEquals(
    output,
    "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\ndata",
  );
  assertEquals(errors, "");
});

Deno.test("run() sends a Content-Length of the bytes when the result is one block", async () => {
  const { output } = await run_app((_environ, start_response) => {
    start_response("200 OK", []);
    return [new TextEncoder().encode("тест")];
  });
  assertEquals(
    output,
    "Status: 200 OK\r\nContent-Length: 8\r\n\r\n\xd1\x82\xd0\xb5\xd1\x81\xd1\x82",
  );
});

Deno.test("run() sends no Content-Length when the body is written or has several blocks", async () => {
  const written = await run_app((_environ, start_response) => {
    start_response("200 OK", [])(bytes("http"));
    return [];
  });
  assertEquals(written.output, "Status: 200 OK\r\n\r\nhttp");
  const several = await run_app(answering(["ht", "tp"], []));
  assertEquals(several.output, "Status: 200 OK\r\n\r\nhttp");
});

Deno.test("run() sends a Content-Length of 0 when there is no body", async () => {
  const { output, errors } = await run_app(answering([], []));
  assertEquals(output, "Status: 200 OK\r\nContent-Length: 0\r\n\r\n");
  assertEquals(errors, "");
});

Deno.test("run() sends the Content-Length of the application and logs that the body is shorter", async () => {
  const { output, errors } = await run_app(
    answering([], [["Content-Length", "12345"]]),
  );
  assertEquals(output, "Status: 200 OK\r\nContent-Length: 12345\r\n\r\n");
  assertStringIncludes(
    errors,
    "RangeError: the application declared a Content-Length of 12345, but gave 0 bytes",
  );
});

Deno.test("run() sends no more than the Content-Length, asks for no more, and logs it", async () => {
  const taken: string[] = [];
  const { output, errors } = await run_app(
    function* (_environ, start_response) {
      start_response("200 OK", [["Content-Length", "3"]]);
      for (const block of ["he", "llo", "never"]) {
        taken.push(block);
        yield bytes(block);
      }
    },
  );
  assertEquals(output, "Status: 200 OK\r\nContent-Length: 3\r\n\r\nhel");
  assertEquals(taken, ["he", "llo"]);
  assertStringIncludes(
    errors,
    "RangeError: the application declared a Content-Length of 3, but gave more: the rest was not sent",
  );
});

Deno.test("run() stops asking when the Content-Length is reached", async () => {
  const taken: number[] = [];
  const { output, errors } = await run_app(
    function* (_environ, start_response) {
      start_response("200 OK", [["Content-Length", "2"]]);
      for (let n = 1;; n++) {
        taken.push(n);
        yield bytes("x");
      }
    },
  );
  assertEquals(output, "Status: 200 OK\r\nContent-Length: 2\r\n\r\nxx");
  assertEquals(taken, [1, 2]);
  assertEquals(errors, "");
});

Deno.test("run() writes the head of an origin server by version, software and protocol", async () => {
  const date =
    "Date: \\w{3}, \\d\\d \\w{3} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT\r\n";
  for (const server_software of ["FooBar/1.0", null]) {
    for (const http_version of ["1.0", "1.1"]) {
      for (const SERVER_PROTOCOL of ["HTTP/0.9", "HTTP/1.0", "HTTP/1.1"]) {
        const run = (origin_server: boolean) =>
          run_app(answering([], []), {
            environ: { SERVER_PROTOCOL },
            adapt: (handler) =>
              Object.assign(handler, {
                origin_server,
                http_version,
                server_software,
              }),
          });
        assertEquals(
          (await run(false)).output,
          "Status: 200 OK\r\nContent-Length: 0\r\n\r\n",
        );
        const server = server_software ? `Server: ${server_software}\r\n` : "";
        const expected = SERVER_PROTOCOL === "HTTP/0.9"
          ? "^$"
          : `^HTTP/${http_version} 200 OK\r\n${date}${server}Content-Length: 0\r\n\r\n$`;
        assertMatch((await run(true)).output, new RegExp(expected));
      }
    }
  }
});

Deno.test("send_preamble() leaves a Date and a Server of the application alone", async () => {
  const headers: HeaderList = [
    ["date", "Mon, 05 Jun 2006 18:49:54 GMT"],
    ["server", "mine"],
  ];
  const { output } = await run_app(answering(["x"], headers), {
    handler_class: SimpleHandler,
    adapt: (handler) => {
      handler.server_software = "theirs";
    },
  });
  assertEquals(
    output,
    "HTTP/1.0 200 OK\r\ndate: Mon, 05 Jun 2006 18:49:54 GMT\r\nserver: mine\r\nContent-Length: 1\r\n\r\nx",
  );
});

Deno.test("run() sends the headers and the first block together", async () => {
  const { chunks } = await run_app(answering(["a", "b"], []));
  assertEquals(chunks, ["Status: 200 OK\r\n\r\na", "b"]);
});

Deno.test("run() sends the headers with the first block that is not empty", async () => {
  const { output } = await run_app(function* (_environ, start_response) {
    start_response("200 OK", []);
    yield bytes("");
    start_response("404 Not Found", [], new Error("found out later"));
    yield bytes("");
    yield bytes("x");
  });
  assertEquals(output, "Status: 404 Not Found\r\n\r\nx");
});

Deno.test("write() sends the headers even when it is given nothing", async () => {
  const chunks: string[][] = [];
  const { output } = await run_app(
    async (_environ, start_response) => {
      const write = start_response("200 OK", []);
      await write(bytes(""));
      assertThrows(
        () => start_response("404 Not Found", [], new Error("too late")),
        Error,
        "too late",
      );
      return [bytes("x")];
    },
  );
  assertEquals(chunks, []);
  assertEquals(output, "Status: 200 OK\r\n\r\nx");
});

Deno.test("write() and the result follow each other, awaited or not", async () => {
  for (const awaited of [true, false]) {
    const { output } = await run_app(async (_environ, start_response) => {
      const write = start_response("200 OK", []);
      for (const part of ["a", "b"]) {
        const written = write(bytes(part));
        if (awaited) await written;
      }
      return [bytes("c"), bytes("d")];
    });
    assertEquals(output, "Status: 200 OK\r\n\r\nabcd");
  }
});

for (
  const [what, environ, status] of [
    ["a HEAD", { REQUEST_METHOD: "HEAD" }, "200 OK"],
    ["a 204", {}, "204 No Content"],
    ["a 205", {}, "205 Reset Content"],
    ["a 304", {}, "304 Not Modified"],
  ] as const
) {
  Deno.test(`run() sends no body for ${what}, and closes the result`, async () => {
    for (const kind of ["array", "generator", "write"]) {
      let closed = 0;
      const { output, errors, handler } = await run_app(
        async (_environ, start_response) => {
          const write = start_response(status, [["X-A", "1"]]);
          if (kind === "write") await write(bytes("body"));
          const blocks = function* () {
            while (true) yield bytes("for ever");
          };
          return Object.assign(
            kind === "array" ? [bytes("bo"), bytes("dy")] : blocks(),
            { close: () => void closed++ },
          );
        },
        { environ },
      );
      assertEquals(output, `Status: ${status}\r\nX-A: 1\r\n\r\n`);
      assertEquals([errors, closed, handler.bytes_sent], ["", 1, 0]);
    }
  });
}

Deno.test("run() keeps the Content-Length that a GET would have for a HEAD", async () => {
  const environ = { REQUEST_METHOD: "HEAD" };
  const one = await run_app(answering(["hello"], []), { environ });
  assertEquals(one.output, "Status: 200 OK\r\nContent-Length: 5\r\n\r\n");
  const declared = await run_app(
    answering([], [["Content-Length", "12345"]]),
    { environ },
  );
  assertEquals(
    declared.output,
    "Status: 200 OK\r\nContent-Length: 12345\r\n\r\n",
  );
  const none = await run_app(answering([], []), { environ });
  assertEquals(none.output, "Status: 200 OK\r\n\r\n");
  assertEquals([one.errors, declared.errors, none.errors], ["", "", ""]);
});

Deno.test("run() sends no body for a HEAD that the application takes for a GET", async () => {
  const { output } = await run_app((environ, start_response) => {
    environ.REQUEST_METHOD = "GET";
    start_response("200 OK", []);
    return [bytes("body")];
  }, { environ: { REQUEST_METHOD: "HEAD" } });
  assertEquals(output, "Status: 200 OK\r\nContent-Length: 4\r\n\r\n");
});

Deno.test("cleanup_headers() takes the Content-Length from a 204", async () => {
  const { output } = await run_app((_environ, start_response) => {
    start_response("204 No Content", [["Content-Length", "0"]]);
    return [];
  });
  assertEquals(output, "Status: 204 No Content\r\n\r\n");
});

// What an application may return

Deno.test("run() takes every kind of application and of result", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "hello");
  const kinds: Record<string, WSGIApplication> = {
    array: answering(["he", "llo"], []),
    "async function": (environ, start_response) =>
      Promise.resolve(answering(["he", "llo"], [])(environ, start_response)),
    *generator(_environ, start_response) {
      start_response("200 OK", []);
      yield bytes("he");
      yield bytes("llo");
    },
    async *"async generator"(_environ, start_response) {
      start_response("200 OK", []);
      yield bytes("he");
      await Promise.resolve();
      yield bytes("llo");
    },
    stream: (_environ, start_response) => {
      start_response("200 OK", []);
      return stream_of("he", "llo");
    },
    set: (_environ, start_response) => {
      start_response("200 OK", []);
      return new Set([bytes("he"), bytes("llo")]);
    },
    buffer: (_environ, start_response) => {
      start_response("200 OK", []);
      return [new Uint8Array(bytes("xhellox").buffer, 1, 2), bytes("llo")];
    },
    file: async (environ, start_response) => {
      start_response("200 OK", []);
      return environ["wsgi.file_wrapper"]!(await Deno.open(file));
    },
    write: async (_environ, start_response) => {
      const write = start_response("200 OK", []);
      await write(bytes("he"));
      return [bytes("llo")];
    },
  };
  for (const [kind, app] of Object.entries(kinds)) {
    const { output, errors } = await run_app(app);
    assertEquals([kind, output, errors], [
      kind,
      "Status: 200 OK\r\n\r\nhello",
      "",
    ]);
  }
  await Deno.remove(file);
});

const WRONG: [what: string, app: unknown, message: string][] = [
  [
    "a string",
    answer_with("text"),
    'TypeError: an application must return an iterable of Uint8Array, got "text": encode it, and return [data]',
  ],
  [
    "undefined",
    answer_with(undefined),
    "TypeError: an application must return an iterable of Uint8Array, got undefined",
  ],
  [
    "null",
    answer_with(null),
    "TypeError: an application must return an iterable of Uint8Array, got null",
  ],
  [
    "a number",
    answer_with(42),
    "TypeError: an application must return an iterable of Uint8Array, got 42",
  ],
  [
    "a Response",
    answer_with(new Response()),
    "TypeError: an application must return an iterable of Uint8Array, got an object of class Response",
  ],
  [
    "a bare Uint8Array",
    answer_with(bytes("data")),
    "TypeError: an application must return an iterable of byte blocks, got a bare Uint8Array: return [data]",
  ],
  [
    "an array of strings",
    answer_with(["text"]),
    'TypeError: the body must be given as Uint8Array, got "text": encode it',
  ],
  [
    "an array of ArrayBuffers",
    answer_with([new ArrayBuffer(1)]),
    "TypeError: the body must be given as Uint8Array, got an object of class ArrayBuffer",
  ],
  [
    "a generator of promises",
    answer_with([Promise.resolve(bytes("x"))]),
    "TypeError: the body must be given as Uint8Array, got an object of class Promise",
  ],
  [
    "no start_response() and no block",
    () => [],
    "Error: the application did not call start_response()",
  ],
  [
    "a block before start_response()",
    () => [bytes("x")],
    "Error: the body was begun before start_response() was called",
  ],
  [
    "start_response() twice",
    (_: unknown, start_response: StartResponse) => {
      start_response("200 OK", []);
      start_response("200 OK", []);
      return [];
    },
    "Error: start_response() was called a second time without exc_info",
  ],
  [
    "a string to write()",
    async (_: unknown, start_response: StartResponse) => {
      await start_response("200 OK", [])("x" as unknown as Uint8Array);
      return [];
    },
    'TypeError: the body must be given as Uint8Array, got "x": encode it',
  ],
  [
    "a string to write(), not awaited",
    (_: unknown, start_response: StartResponse) => {
      start_response("200 OK", [])("x" as unknown as Uint8Array);
      return [];
    },
    'TypeError: the body must be given as Uint8Array, got "x": encode it',
  ],
  [
    "more to write() than Content-Length",
    async (_: unknown, start_response: StartResponse) => {
      await start_response("200 OK", [["Content-Length", "1"]])(bytes("xy"));
      return [];
    },
    "RangeError: write() goes past the Content-Length of 1: 2 bytes",
  ],
  ["status 1xx", answer_status("100 Continue"), status_message("100 Continue")],
  ["a status without reason", answer_status("200"), status_message("200")],
  ["a status of words", answer_status("OK 200"), status_message("OK 200")],
  [
    "a status that is a number",
    answer_status(200),
    "TypeError: the status must be a string, got 200",
  ],
  [
    "a status with a line feed",
    answer_status("200 OK\nX: y"),
    'TypeError: the status must not hold control characters, got "200 OK\\nX: y"',
  ],
  [
    "a status with a character that is no byte",
    answer_status("200 \u20ac"),
    'TypeError: the status must hold characters up to U+00FF only, got "200 \u20ac"',
  ],
  [
    "headers that are an object",
    answer_headers({ "Content-Type": "text/plain" }),
    "TypeError: headers must be an array of [name, value], got an object of class Object",
  ],
  [
    "headers of Headers",
    answer_headers(new globalThis.Headers()),
    "TypeError: headers must be an array of [name, value], got an object of class Headers",
  ],
  [
    "a header that is no pair",
    answer_headers([["X"]]),
    "TypeError: a header must be a pair [name, value], got an array of 1",
  ],
  [
    "a header name with a space",
    answer_headers([["X Y", "z"]]),
    'TypeError: a header name must be a token, got "X Y"',
  ],
  [
    "a header value with a line end",
    answer_headers([["X", "y\r\nSet-Cookie: z"]]),
    'TypeError: the value of header X must not hold control characters, got "y\\r\\nSet-Cookie: z"',
  ],
  [
    "a header value that is a number",
    answer_headers([["Content-Length", 4]]),
    "TypeError: the value of header Content-Length must be a string, got 4",
  ],
  [
    "a header value with a character that is no byte",
    answer_headers([["X", "\u20ac"]]),
    'TypeError: the value of header X must hold characters up to U+00FF only, got "\u20ac"',
  ],
  [
    "a hop-by-hop header",
    answer_headers([["Connection", "close"]]),
    "TypeError: an application must not send the hop-by-hop header Connection",
  ],
  [
    "a Content-Length of words",
    answer_headers([["Content-Length", "four"]]),
    'TypeError: Content-Length must be decimal digits, got "four"',
  ],
];

function answer_with(result: unknown): unknown {
  return (_: unknown, start_response: StartResponse) => {
    start_response("200 OK", []);
    return result;
  };
}

function answer_status(status: unknown): unknown {
  return (_: unknown, start_response: StartResponse) => {
    start_response(status as string, []);
    return [];
  };
}

function answer_headers(headers: unknown): unknown {
  return (_: unknown, start_response: StartResponse) => {
    start_response("200 OK", headers as HeaderList);
    return [];
  };
}

function status_message(status: string): string {
  return `TypeError: the status must be three digits from 200 on, a space and a reason, got "${status}"`;
}

for (const [what, app, message] of WRONG) {
  Deno.test(`run() logs ${what} once and answers the error page`, async () => {
    const { output, errors } = await run_app(app as WSGIApplication);
    assertEquals(errors.split("\n")[0], message);
    assertEquals(errors.split(message).length, 2);
    assertMatch(errors, /\n {4}at /);
    assertEquals(output, ERROR_PAGE);
  });
}

// Errors

Deno.test("run() answers an error before the headers with the error page, and logs its stack", async () => {
  const { output, errors } = await run_app(() => {
    throw new Error("the well is dry");
  });
  assertEquals(output, ERROR_PAGE);
  assertMatch(errors, /^Error: the well is dry\n {4}at .*handlers_test\.ts/);
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
    assertStringIncludes(errors, `TypeError: ${nothing} was thrown`);
  }
});

Deno.test("run() keeps the state of a failed response", async () => {
  const failing = new WritableStream<Uint8Array>({
    write() {
      throw new TypeError("the disk is full");
    },
  });
  const log = new Log();
  const handler = new SimpleHandler(stream_of(), failing, log, {
    SERVER_PROTOCOL: "HTTP/1.0",
  });
  await handler.run(answering(["x"]));
  assertStringIncludes(log.text, "TypeError: the disk is full");
  assertEquals(handler.status, "200 OK");
  assertEquals(handler.headers!.get("Content-Type"), "text/plain");
  assertEquals(handler.result, [bytes("x")]);
  assertEquals(handler.environ!.SERVER_PROTOCOL, "HTTP/1.0");
});

Deno.test("run() resets the state after success", async () => {
  const { handler } = await run_app(answering(["x"]));
  assertEquals([handler.status, handler.headers, handler.result], [
    null,
    null,
    null,
  ]);
  assertEquals(handler.environ, null);
  assertEquals([handler.headers_sent, handler.bytes_sent], [false, 0]);
});

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

Deno.test("start_response() copies the headers that it is given", async () => {
  const { output } = await run_app((_environ, start_response) => {
    const headers: HeaderList = [["X-A", "1"]];
    start_response("200 OK", headers);
    headers[0]![1] = "2\r\nX-Injected: 1";
    headers.push(["X-B", "3"]);
    return [];
  });
  assertEquals(
    output,
    "Status: 200 OK\r\nX-A: 1\r\nContent-Length: 0\r\n\r\n",
  );
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

// close()

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

Deno.test("start_response() after the end of the response is refused", async () => {
  let late = () => {};
  const { output, handler } = await run_app((_environ, start_response) => {
    start_response("200 OK", []);
    late = () => void start_response("404 Not Found", []);
    return [bytes("x")];
  });
  assertThrows(
    late,
    Error,
    "start_response() was called after the response had ended",
  );
  assertEquals([output.split("\r\n")[0], handler.status], [
    "Status: 200 OK",
    null,
  ]);
});

Deno.test("run() takes no offence at a write() that failed and was caught", async () => {
  const { output, errors } = await run_app(async (_environ, start_response) => {
    const write = start_response("200 OK", [["Content-Length", "3"]]);
    await write(bytes("abc"));
    await write(bytes("d")).catch(() => {});
    return [];
  });
  assertEquals(output, "Status: 200 OK\r\nContent-Length: 3\r\n\r\nabc");
  assertEquals(errors, "");
});

Deno.test("write() after the end of the response is refused", async () => {
  let write: Write | null = null;
  const { handler } = await run_app((_environ, start_response) => {
    write = start_response("200 OK", []);
    return [bytes("x")];
  });
  await assertRejects(
    () => write!(bytes("y")),
    Error,
    "write() was called after the response had ended",
  );
  assertEquals((handler.stdout as Sink).locked, false);
});

// Overriding

Deno.test("run() awaits what overridden hooks return", async () => {
  const order: string[] = [];
  const later = async (step: string) => {
    await Promise.resolve();
    order.push(step);
  };
  class Handler extends BaseCGIHandler {
    override async send_headers() {
      await later("send_headers");
      await super.send_headers();
    }
    override async send_preamble() {
      await later("send_preamble");
      await super.send_preamble();
    }
    override async _write(data: Uint8Array) {
      await later(`_write ${text(data).split("\r\n")[0]}`);
      await super._write(data);
    }
    override async _flush() {
      await later("_flush");
      await super._flush();
    }
    override async close() {
      await later("close");
      await super.close();
    }
  }
  const { output } = await run_app(answering(["x"], []), {
    handler_class: Handler,
  });
  assertEquals(
    output,
    "Status: 200 OK\r\nContent-Length: 1\r\n\r\nx",
  );
  assertEquals(order, [
    "send_headers",
    "send_preamble",
    "_write Status: 200 OK",
    "_write Content-Length: 1",
    "_write x",
    "_flush",
    "close",
  ]);
});

Deno.test("sendfile() sends a file when it is overridden, and only a file", async () => {
  const sent: unknown[] = [];
  class Handler extends BaseCGIHandler {
    override async sendfile() {
      sent.push((this.result as unknown as FileWrapper).filelike);
      await this.write(bytes("by sendfile"));
      return true;
    }
  }
  const file = stream_of("by blocks");
  const app: WSGIApplication = (environ, start_response) => {
    start_response("200 OK", []);
    return environ.PATH_INFO === "/file"
      ? environ["wsgi.file_wrapper"]!(file)
      : [bytes("by hand")];
  };
  const run = (PATH_INFO: string) =>
    run_app(app, { handler_class: Handler, environ: { PATH_INFO } });
  assertStringIncludes((await run("/file")).output, "\r\n\r\nby sendfile");
  assertStringIncludes((await run("/other")).output, "\r\n\r\nby hand");
  assertEquals(sent, [file]);
});

Deno.test("cleanup_headers() and set_content_length() may be overridden", async () => {
  class Handler extends BaseCGIHandler {
    override set_content_length() {
      if (!Array.isArray(this.result)) return;
      const length = this.result.reduce((sum, { length }) => sum + length, 0);
      this.headers!.set("Content-Length", String(length));
    }
    override cleanup_headers() {
      super.cleanup_headers();
      this.headers!.set("X-Frame-Options", "DENY");
    }
  }
  const { output } = await run_app(answering(["a", "b"], []), {
    handler_class: Handler,
  });
  assertEquals(
    output,
    "Status: 200 OK\r\nContent-Length: 2\r\nX-Frame-Options: DENY\r\n\r\nab",
  );
});

Deno.test("headers_class is the class of the response's headers", async () => {
  class Shouting extends Headers {
    override toString() {
      return super.toString().toUpperCase();
    }
  }
  const { output } = await run_app(answering(["x"], [["X-A", "b"]]), {
    adapt: (handler) => void (handler.headers_class = Shouting),
  });
  assertStringIncludes(output, "X-A: B\r\nCONTENT-LENGTH: 1\r\n");
});

Deno.test("a handler serves one request after another", async () => {
  const stdout = new Sink();
  const handler = new BaseCGIHandler(stream_of(), stdout, new Log(), {});
  await handler.run(answering(["one"], []));
  await handler.run(answering(["two"], []));
  assertEquals(
    stdout.text,
    "Status: 200 OK\r\nContent-Length: 3\r\n\r\none" +
      "Status: 200 OK\r\nContent-Length: 3\r\n\r\ntwo",
  );
});

// SimpleHandler and the CGI handlers

Deno.test("SimpleHandler leaves stdout open and unlocked", async () => {
  for (const app of [answering(["x"]), answering([]), () => null as never]) {
    const stdout = new Sink();
    await new SimpleHandler(stream_of(), stdout, new Log(), {}).run(app);
    assertEquals(stdout.locked, false);
    await stdout.close();
  }
});

Deno.test("SimpleHandler takes multithread and multiprocess", () => {
  const flags = (...args: boolean[]) => {
    const handler = new SimpleHandler(
      stream_of(),
      new Sink(),
      new Log(),
      {},
      ...args,
    );
    return [handler.wsgi_multithread, handler.wsgi_multiprocess];
  };
  assertEquals(flags(), [true, false]);
  assertEquals(flags(false, true), [false, true]);
});

Deno.test("SimpleHandler waits for stdout before it asks for the next block", async () => {
  const events: string[] = [];
  const stdout = new WritableStream<Uint8Array>({
    async write(chunk) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      events.push(`wrote ${text(chunk).slice(-1)}`);
    },
  });
  const handler = new BaseCGIHandler(stream_of(), stdout, new Log(), {});
  await handler.run(function* (_environ, start_response) {
    start_response("200 OK", []);
    for (const block of ["1", "2", "3"]) {
      events.push(`made ${block}`);
      yield bytes(block);
    }
  });
  assertEquals(events, [
    "made 1",
    "wrote 1",
    "made 2",
    "wrote 2",
    "made 3",
    "wrote 3",
  ]);
});

async function read_input(
  stdin: ReadableStream<Uint8Array>,
  environ: Record<string, string>,
): Promise<string> {
  const stdout = new Sink();
  const handler = new BaseCGIHandler(stdin, stdout, new Log(), environ);
  handler.error_output = (_environ, start_response) => {
    start_response("500 Oops", [], handler.exc_info);
    return [bytes(String(handler.exc_info))];
  };
  await handler.run(async (environ, start_response) => {
    const body = await toText(environ["wsgi.input"]);
    start_response("200 OK", []);
    return [bytes(body)];
  });
  return stdout.text.split("\r\n\r\n")[1]!;
}

Deno.test("wsgi.input ends at CONTENT_LENGTH, though stdin goes on and stays open", async () => {
  const open = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(bytes("hello and more")),
  });
  assertEquals(await read_input(open, { CONTENT_LENGTH: "5" }), "hello");
});

Deno.test("wsgi.input asks a stream of bytes for no more than CONTENT_LENGTH", async () => {
  const asked: number[] = [];
  const stdin = new ReadableStream({
    type: "bytes",
    pull(controller) {
      const view = controller.byobRequest!.view as Uint8Array;
      asked.push(view.length);
      view[0] = 0x61;
      controller.byobRequest!.respond(1);
    },
  });
  assertEquals(await read_input(stdin, { CONTENT_LENGTH: "3" }), "aaa");
  assertEquals(asked, [3, 2, 1]);
  assertEquals(stdin.locked, false);
});

Deno.test("wsgi.input joins the chunks of stdin", async () => {
  const stdin = stream_of("he", "", "l", "lo and more");
  assertEquals(await read_input(stdin, { CONTENT_LENGTH: "5" }), "hello");
});

Deno.test("wsgi.input is empty without a CONTENT_LENGTH", async () => {
  for (const CONTENT_LENGTH of ["", "0", "00"]) {
    assertEquals(await read_input(stream_of("x"), { CONTENT_LENGTH }), "");
  }
  assertEquals(await read_input(stream_of("x"), {}), "");
});

Deno.test("wsgi.input fails when stdin ends before CONTENT_LENGTH", async () => {
  assertEquals(
    await read_input(stream_of("hel"), { CONTENT_LENGTH: "5" }),
    "UnexpectedEof: the request body ended after 3 of 5 bytes",
  );
});

Deno.test("wsgi.input fails when CONTENT_LENGTH is no number", async () => {
  for (const CONTENT_LENGTH of ["five", "-1", "1e3", "+5"]) {
    assertEquals(
      await read_input(stream_of("hello"), { CONTENT_LENGTH }),
      `TypeError: CONTENT_LENGTH must be decimal digits, got "${CONTENT_LENGTH}"`,
    );
  }
});

Deno.test("wsgi.input lets go of stdin when it is cancelled", async () => {
  const stdin = stream_of("hello", "world");
  const stdout = new Sink();
  const handler = new BaseCGIHandler(stdin, stdout, new Log(), {
    CONTENT_LENGTH: "10",
  });
  await handler.run(async (environ, start_response) => {
    for await (const chunk of environ["wsgi.input"]) {
      start_response("200 OK", []);
      return [chunk];
    }
    return [];
  });
  assertEquals(
    stdout.text,
    "Status: 200 OK\r\nContent-Length: 5\r\n\r\nhello",
  );
  assertEquals(stdin.locked, false);
});

Deno.test("BaseCGIHandler leaves out what does not belong into environ", () => {
  const handler = new BaseCGIHandler(stream_of(), new Sink(), new Log(), {
    HTTP_CONTENT_TYPE: "a",
    HTTP_CONTENT_LENGTH: "1",
    HTTP_PROXY: "http://evil/",
    HTTP_HOST: "h",
  });
  handler.os_environ = {};
  handler.setup_environ();
  const names = Object.keys(handler.environ!)
    .filter((key) => key.startsWith("HTTP_"));
  assertEquals(names, ["HTTP_HOST"]);
});

Deno.test("CGIHandler has the flags and the environment of a CGI script", () => {
  const handler = new CGIHandler();
  assertEquals(handler.wsgi_run_once, true);
  assertEquals(handler.wsgi_multithread, false);
  assertEquals(handler.wsgi_multiprocess, true);
  assertEquals(handler.origin_server, false);
  assertEquals(handler.os_environ, {});
  assertEquals(handler.base_env, read_environ());
});

Deno.test("every handler shares one os_environ, also where it may not be read", async () => {
  const url = new URL("handlers.ts", root);
  const source = `
    import { BaseHandler, read_environ } from "${url}";
    const [one, other] = [new BaseHandler(), new BaseHandler()];
    console.log(one.os_environ === other.os_environ);
    console.log(read_environ() !== read_environ());
    console.log(Object.keys(one.os_environ).length > 0);
  `;
  await using folder = await make_folder({ "script.ts": source });
  for (const allowed of [true, false]) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", "--config"],
        new URL("deno.json", root).pathname,
        ...allowed ? ["--allow-env"] : [],
        `${folder.path}/script.ts`,
      ],
    }).output();
    assertEquals(text(stdout), `true\ntrue\n${allowed}\n`);
  }
});

Deno.test("IISCGIHandler takes SCRIPT_NAME from the beginning of PATH_INFO", () => {
  const path_info = (PATH_INFO: string, SCRIPT_NAME: string) => {
    Deno.env.set("PATH_INFO", PATH_INFO);
    Deno.env.set("SCRIPT_NAME", SCRIPT_NAME);
    try {
      return new IISCGIHandler().base_env.PATH_INFO;
    } finally {
      Deno.env.delete("PATH_INFO");
      Deno.env.delete("SCRIPT_NAME");
    }
  };
  assertEquals(path_info("/app.cgi/x/y", "/app.cgi"), "/x/y");
  assertEquals(path_info("/app.cgi", "/app.cgi"), "");
  assertEquals(path_info("/app.cgix/y", "/app.cgi"), "/app.cgix/y");
  assertEquals(path_info("/x", ""), "/x");
});
