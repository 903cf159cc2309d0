/** The limits of a request: the head, the body. */

import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  limit_body,
  limit_request,
  type LimitRequestOptions,
} from "../../middleware/mod.ts";
import { BaseCGIHandler } from "../../handlers.ts";
import { ServerHandler } from "../../simple_server.ts";
import type { WSGIApplication, WSGIResult } from "../../types.ts";
import { FileWrapper } from "../../util.ts";
import { validator } from "../../validate.ts";
import {
  ask,
  fastcgi,
  open_gateway,
  protocols,
} from "../gateways/gateway_clients.ts";
import {
  bytes,
  Log,
  raw_request,
  read_all,
  run_app,
  run_script,
  serve,
  stream_of,
  text,
  until,
  write_all,
} from "../support/support.ts";

// Applications

const PLAIN: [string, string][] = [["Content-Type", "text/plain"]];

/** Says how it was asked. */
const hello: WSGIApplication = (environ, start_response) => {
  start_response("200 OK", PLAIN);
  return [bytes(`${environ.REQUEST_METHOD} ${environ.REQUEST_URI}`)];
};

const never: WSGIApplication = () => {
  throw new Error("the application must not be called");
};

async function read(input: ReadableStream<Uint8Array>): Promise<string> {
  return text(await new Response(input as BodyInit).bytes());
}

/** Answers with what it was sent. */
const echo: WSGIApplication = async (environ, start_response) => {
  const body = await read(environ["wsgi.input"]);
  start_response("200 OK", PLAIN);
  return [bytes(body)];
};

/** What a page is in the output of a CGI handler. */
function page(status: string): string {
  const body = status.slice(4);
  return `Status: ${status}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

const TOO_LARGE = page("413 Content Too Large");
const TOO_LONG = page("414 URI Too Long");
const TOO_MUCH = page("431 Request Header Fields Too Large");

// The head of a request

const UNLIMITED: LimitRequestOptions = { line: 0, fields: 0, field_size: 0 };

/** The status of the answer to a request with these variables. */
async function status_of(
  limits: LimitRequestOptions,
  environ: Record<string, unknown>,
): Promise<string> {
  const app = limit_request(hello, { ...UNLIMITED, ...limits });
  const { output, errors } = await run_app(app, { environ });
  assertEquals(errors, "");
  if (output === TOO_LONG || output === TOO_MUCH) return output.slice(8, 11);
  assertEquals(output.slice(0, 14), "Status: 200 OK");
  return "200";
}

Deno.test("limit_request() without a limit is the application itself", () => {
  assertStrictEquals(limit_request(hello, UNLIMITED), hello);
});

Deno.test("limit_request() counts method, target and protocol", async () => {
  const environ = {
    REQUEST_METHOD: "POST",
    REQUEST_URI: "/caf%C3%A9?x=\xe9", // 16 bytes.
    SERVER_PROTOCOL: "HTTP/1.1",
  };
  const length = "POST /caf%C3%A9?x=e HTTP/1.1".length;
  assertEquals(await status_of({ line: length }, environ), "200");
  assertEquals(await status_of({ line: length - 1 }, environ), "414");
});

Deno.test("limit_request() makes out a target that environ does not have", async () => {
  const environ = {
    REQUEST_METHOD: "GET",
    SCRIPT_NAME: "/a b",
    PATH_INFO: "/c",
    QUERY_STRING: "d=e",
    SERVER_PROTOCOL: "HTTP/1.0",
  };
  const { length } = "GET /a%20b/c?d=e HTTP/1.0";
  assertEquals(await status_of({ line: length }, environ), "200");
  assertEquals(await status_of({ line: length - 1 }, environ), "414");
});

Deno.test("limit_request() counts the header fields", async () => {
  const environ = {
    HTTP_HOST: "x",
    HTTP_ACCEPT: "",
    CONTENT_TYPE: "text/html",
    CONTENT_LENGTH: "0",
    SERVER_NAME: "x",
    HTTPS: "on",
  };
  assertEquals(await status_of({ fields: 4 }, environ), "200");
  assertEquals(await status_of({ fields: 3 }, environ), "431");
});

Deno.test("limit_request() does not count what nobody sent", async () => {
  const environ = {
    HTTP_HOST: "x",
    CONTENT_TYPE: "text/plain",
    CONTENT_LENGTH: "",
  };
  assertEquals(await status_of({ fields: 1, field_size: 7 }, environ), "200");
  const empty = { ...environ, CONTENT_TYPE: "" };
  assertEquals(await status_of({ fields: 1, field_size: 7 }, empty), "200");
});

Deno.test("limit_request() counts the bytes of a header field", async () => {
  const fields: [string, string, number][] = [
    ["HTTP_X_LONG", "value", "X-Long: value".length],
    ["HTTP_X_BYTES", "\xe9\xff", "X-Bytes: ..".length],
    ["CONTENT_TYPE", "text/html", "Content-Type: text/html".length],
    ["CONTENT_LENGTH", "0", "Content-Length: 0".length],
  ];
  for (const [name, value, size] of fields) {
    const environ = { HTTP_HOST: "x", [name]: value };
    assertEquals(await status_of({ field_size: size }, environ), "200", name);
    assertEquals(await status_of({ field_size: size - 1 }, environ), "431");
  }
});

Deno.test("limit_request() answers a request by HTTP, and logs it as any other", async () => {
  const limits = { line: 30, fields: 4, field_size: 20 };
  await using server = serve(limit_request(validator(hello), limits));
  const ask = (target: string, ...headers: string[]) =>
    raw_request(
      server.port,
      [`GET ${target} HTTP/1.1`, "Host: x", "Connection: close", ...headers]
        .join("\r\n") + "\r\n\r\n",
    );
  const target = `/${"x".repeat(16)}`;
  const field = `X-A: ${"y".repeat(15)}`;
  const allowed = await ask(target, field, "X-B: 2");
  assertEquals(allowed.status, "HTTP/1.1 200 OK");
  assertEquals(allowed.body, `GET ${target}`);
  const answers = [
    await ask(`${target}x`),
    await ask("/", `${field}y`),
    await ask("/", field, "X-B: 2", "X-C: 3"),
    await ask("/", "X-A: yyyyyyy", "X-A: yyyyyyy"), // Joined by a comma and a blank.
  ];
  assertEquals(answers.map(({ status, body }) => `${status}: ${body}`), [
    "HTTP/1.1 414 URI Too Long: URI Too Long",
    ...Array(3).fill(
      "HTTP/1.1 431 Request Header Fields Too Large: Request Header Fields Too Large",
    ),
  ]);
  await until(() => server.log.text.split("\n").length > 5);
  assertEquals(
    server.log.text,
    `"GET ${target} HTTP/1.1" 200 21
"GET ${target}x HTTP/1.1" 414 12
${'"GET / HTTP/1.1" 431 31\n'.repeat(3)}`,
  );
});

Deno.test("limit_request() answers a HEAD without a body", async () => {
  const app = limit_request(never, { ...UNLIMITED, line: 1 });
  const environ = { REQUEST_METHOD: "HEAD" };
  const { output } = await run_app(validator(app), { environ });
  assertEquals(output, TOO_LONG.slice(0, -"URI Too Long".length));
});

Deno.test("limit_request() does not count a variable of the process that looks like a header", async () => {
  const script = `
    import { limit_request } from "./middleware/mod.ts";
    import { serve } from "./tests/support/support.ts";
    const app = (environ, start_response) => {
      start_response("200 OK", []);
      return [new TextEncoder().encode(environ.HTTP_PROXY)];
    };
    const limits = { line: 0, fields: 5, field_size: 0 };
    await using server = serve(limit_request(app, limits));
    const ask = async (headers) => {
      const response = await fetch(server.url, { headers });
      return response.status + " " + await response.text();
    };
    console.log(await ask({}));
    console.log(await ask({ "x-one-more": "1" }));
  `;
  const { stdout, stderr } = await run_script(["-"], {
    env: { HTTP_PROXY: "http://127.0.0.1:9", NO_PROXY: "127.0.0.1" },
    stdin: script,
  });
  assertEquals(stderr, "");
  // Deno's fetch sends Host, User-Agent, Accept, Accept-Language and Accept-Encoding.
  assertEquals(
    stdout,
    "200 http://127.0.0.1:9\n431 Request Header Fields Too Large\n",
  );
});

// A body that says its length

Deno.test("limit_body() of 0 is the application itself", () => {
  assertStrictEquals(limit_body(hello, { max_size: 0 }), hello);
});

Deno.test("limit_body() leaves a body alone that is as long as it may be", async () => {
  let seen: unknown;
  const app: WSGIApplication = (environ, start_response) => {
    seen = environ["wsgi.input"];
    return echo(environ, start_response);
  };
  const input = stream_of("hello");
  const { output } = await run_app(limit_body(app, { max_size: 5 }), {
    environ: { CONTENT_LENGTH: "5", REQUEST_METHOD: "POST" },
    adapt: (handler) => handler.get_stdin = () => input,
  });
  assertEquals(
    output,
    "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
  );
  assertStrictEquals(seen, input);
});

Deno.test("limit_body() answers a longer one without asking the application", async () => {
  for (const length of ["6", "0000006", "99999999999999999999"]) {
    const { output, errors } = await run_app(
      limit_body(never, { max_size: 5 }),
      {
        environ: { CONTENT_LENGTH: length, REQUEST_METHOD: "POST" },
      },
    );
    assertEquals(output, TOO_LARGE);
    assertEquals(errors, "");
  }
});

Deno.test("limit_body() leaves a CONTENT_LENGTH that is no number to the handler", async () => {
  const { output, errors } = await run_app(limit_body(echo, { max_size: 5 }), {
    environ: { CONTENT_LENGTH: "five", REQUEST_METHOD: "POST" },
  });
  assertEquals(output.slice(0, 11), "Status: 500");
  assertEquals(
    errors.split("\n")[0],
    'TypeError: CONTENT_LENGTH must be decimal digits, got "five"',
  );
});

/** Notes what `app` gets for an input, and hands it on. */
function noting(inputs: unknown[], app: WSGIApplication): WSGIApplication {
  return (environ, start_response) => {
    inputs.push(environ["wsgi.input"]);
    return app(environ, start_response);
  };
}

Deno.test("limit_body() leaves a request without a body alone", async () => {
  const inputs: unknown[] = [];
  const app = noting(
    inputs,
    limit_body(noting(inputs, hello), { max_size: 5 }),
  );
  for (const environ of [{}, { CONTENT_LENGTH: "" }, { CONTENT_LENGTH: "0" }]) {
    await run_app(app, { environ: { REQUEST_METHOD: "POST", ...environ } });
  }
  await using server = serve(app);
  for (const method of ["GET", "HEAD", "POST"]) {
    const response = await fetch(server.url, { method });
    await response.body?.cancel();
  }
  assertEquals(inputs.length, 12);
  for (let i = 0; i < inputs.length; i += 2) {
    assertStrictEquals(inputs[i], inputs[i + 1]);
  }
});

/** A request by HTTP as bytes; the connection stays open. */
function post(target: string, headers: string, body: string): Uint8Array {
  return bytes(
    `POST ${target} HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`,
  );
}

/** Some parts as a chunked body that does not end. */
function chunked(...parts: string[]): string {
  return parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`)
    .join("");
}

const CHUNKED = "Transfer-Encoding: chunked";
const LAST = "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/** Reads until the connection has brought `end`. */
async function read_until(conn: Deno.Conn, end: string): Promise<string> {
  const buffer = new Uint8Array(65536);
  let all = "";
  while (!all.endsWith(end)) {
    const length = await conn.read(buffer);
    if (length === null) throw new Error(`the connection ended: ${all}`);
    all += text(buffer.subarray(0, length));
  }
  return all;
}

const BY_HTTP = /^HTTP\/1\.1 413 [\w ]+\r\n.*\r\n\r\nContent Too Large$/s;

for (const validated of [false, true]) {
  const app = validated ? validator(echo) : echo;
  const how = validated ? ", behind validator" : "";

  Deno.test(`limit_body() keeps the connection of a body that it refused${how}`, async () => {
    await using server = serve(limit_body(app, { max_size: 5 }));
    using conn = await Deno.connect({
      hostname: "127.0.0.1",
      port: server.port,
    });
    const requests: [string, string][] = [
      ["Content-Length: 6", "hello!"],
      ["Content-Length: 100000", "x".repeat(100000)],
      [CHUNKED, `${chunked("hello", "!")}0\r\n\r\n`],
      [CHUNKED, `${chunked("x".repeat(100000))}0\r\n\r\n`],
    ];
    for (const [headers, body] of requests) {
      await write_all(conn, post("/", headers, body));
      const answer = await read_until(conn, "Content Too Large");
      assertEquals(BY_HTTP.test(answer), true, answer);
    }
    for (
      const [headers, body] of [
        ["Content-Length: 5", "hello"],
        [CHUNKED, `${chunked("he", "llo")}0\r\n\r\n`],
      ]
    ) {
      await write_all(conn, post("/", headers!, body!));
      const answer = await read_until(conn, "\r\n\r\nhello");
      assertEquals(answer.slice(0, 15), "HTTP/1.1 200 OK");
    }
    await write_all(conn, bytes(LAST));
    const last = await read_all(conn);
    assertEquals(last.slice(0, 15), "HTTP/1.1 200 OK");
    assertEquals(
      server.log.text,
      '"POST / HTTP/1.1" 413 17\n'.repeat(4) +
        '"POST / HTTP/1.1" 200 5\n'.repeat(2) +
        '"GET /last HTTP/1.1" 200 0\n',
    );
  });
}

Deno.test("limit_body() answers before the body comes", async () => {
  await using server = serve(limit_body(never, { max_size: 5 }));
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await write_all(conn, post("/", "Content-Length: 6", ""));
  const answer = await read_until(conn, "Content Too Large");
  assertEquals(BY_HTTP.test(answer), true, answer);
});

Deno.test("limit_body() answers while a body goes on that is too long already", async () => {
  await using server = serve(limit_body(echo, { max_size: 5 }));
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await write_all(conn, post("/", CHUNKED, chunked("hello", "!")));
  const answer = await read_until(conn, "Content Too Large");
  assertEquals(BY_HTTP.test(answer), true, answer);
  await write_all(
    conn,
    bytes(`${chunked("x".repeat(100000))}0\r\n\r\n${LAST}`),
  );
  assertEquals((await read_all(conn)).slice(0, 15), "HTTP/1.1 200 OK");
});

for (const protocol of protocols) {
  Deno.test(`limit_body() limits a body by ${protocol.name}`, async () => {
    const app = limit_body(validator(echo), { max_size: 100000 });
    await using gateway = await open_gateway(protocol, app);
    const method = { REQUEST_METHOD: "POST" };
    const whole = "x".repeat(100000);
    const allowed = await ask(protocol, gateway.server, method, whole);
    assertEquals(
      allowed.text,
      `200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n${whole}`,
    );
    for (const longer of [`${whole}x`, whole.repeat(20)]) {
      const refused = await ask(protocol, gateway.server, method, longer);
      assertEquals(refused.text, TOO_LARGE.slice("Status: ".length));
      assertEquals(refused.ended, true);
    }
    assertEquals(
      gateway.log.text,
      '"POST / HTTP/1.1" 200 100000\n' + '"POST / HTTP/1.1" 413 17\n'.repeat(2),
    );
  });
}

// A body of unknown length

/** A handler whose requests may have a body without saying its length. */
class UploadHandler extends BaseCGIHandler {
  broken = false;
  /** What the handler got for a result. */
  sent: WSGIResult | null = null;

  override get_stdin(): ReadableStream<Uint8Array> {
    return this.stdin;
  }
  override close() {
    this.sent = this.result;
    return super.close();
  }
  override break_off(): void {
    this.broken = true;
  }
}

/** Runs an application behind a limit of five bytes; the body comes byte by byte. */
async function upload(
  app: WSGIApplication,
  body: string,
  environ: Record<string, unknown> = {},
) {
  return await run_app(limit_body(app, { max_size: 5 }), {
    environ: { REQUEST_METHOD: "POST", ...environ },
    handler_class: UploadHandler,
    adapt: (handler) => handler.stdin = stream_of(...body),
  });
}

/** What an application does that reads its body, by what it makes of one that is too long. */
const readers: Record<string, WSGIApplication> = {
  "throws": echo,
  "throws something else": async (environ, start_response) => {
    try {
      return await echo(environ, start_response);
    } catch {
      throw new Error("what was that?");
    }
  },
  "answers with a 500": async (environ, start_response) => {
    try {
      return await echo(environ, start_response);
    } catch {
      start_response("500 Internal Server Error", PLAIN);
      return [bytes("sorry")];
    }
  },
  "answers with a 500 in the place of a 200": async (
    environ,
    start_response,
  ) => {
    start_response("200 OK", PLAIN);
    try {
      return [bytes(await read(environ["wsgi.input"]))];
    } catch (error) {
      start_response("500 Internal Server Error", PLAIN, error);
      return [bytes("sorry")];
    }
  },
  "answers by write()": async (environ, start_response) => {
    try {
      return await echo(environ, start_response);
    } catch {
      const write = start_response("500 Internal Server Error", PLAIN);
      await write(bytes("sorry"));
      return [];
    }
  },
  "answers by the write() that it had": async (environ, start_response) => {
    const write = start_response("200 OK", PLAIN);
    try {
      await write(bytes(await read(environ["wsgi.input"])));
    } catch {
      await write(bytes("sorry"));
    }
    return [];
  },
  "answers with a generator": async (environ, start_response) => {
    try {
      return await echo(environ, start_response);
    } catch {
      return (function* () {
        start_response("500 Internal Server Error", PLAIN);
        yield bytes("sorry");
      })();
    }
  },
  "answers with a stream": async (environ, start_response) => {
    try {
      return await echo(environ, start_response);
    } catch {
      start_response("500 Internal Server Error", PLAIN);
      return stream_of("sorry");
    }
  },
  "returns nothing": async (environ, start_response) => {
    try {
      return await echo(environ, start_response);
    } catch {
      return undefined as unknown as WSGIResult;
    }
  },
  "is a generator that throws": async function* (environ, start_response) {
    const body = await read(environ["wsgi.input"]);
    start_response("200 OK", PLAIN);
    yield bytes(body);
  },
  "is a generator that throws after start_response()": async function* (
    environ,
    start_response,
  ) {
    start_response("200 OK", PLAIN);
    yield bytes("");
    yield bytes(await read(environ["wsgi.input"]));
  },
  "is a generator that answers": async function* (environ, start_response) {
    start_response("200 OK", PLAIN);
    try {
      yield bytes(await read(environ["wsgi.input"]));
    } catch (error) {
      start_response("500 Internal Server Error", PLAIN, error);
      yield bytes("sorry");
      yield bytes("indeed");
    }
  },
  "is a generator that ends": async function* (environ, start_response) {
    start_response("200 OK", PLAIN);
    try {
      yield bytes(await read(environ["wsgi.input"]));
    } catch {
      // It has nothing to say.
    }
  },
  "returns a stream that reads": (environ, start_response) => {
    start_response("200 OK", PLAIN);
    return new ReadableStream({
      async pull(controller) {
        controller.enqueue(bytes(await read(environ["wsgi.input"])));
        controller.close();
      },
    }, { highWaterMark: 0 });
  },
};

for (const [what, app] of Object.entries(readers)) {
  Deno.test(`limit_body() answers a body that grows too long where the application ${what}`, async () => {
    const allowed = await upload(app, "hello");
    assertEquals(allowed.output.slice(0, 14), "Status: 200 OK");
    assertEquals(allowed.output.slice(-9), "\r\n\r\nhello");
    assertEquals(allowed.errors, "");
    const refused = await upload(app, "hello!");
    assertEquals(refused.output, TOO_LARGE);
    assertEquals(refused.errors, "");
  });
}

Deno.test("limit_body() has the input fail with an error that says what is wrong", async () => {
  const parts: string[] = [];
  let caught: unknown;
  await upload(async (environ, start_response) => {
    try {
      for await (const part of environ["wsgi.input"]) parts.push(text(part));
    } catch (error) {
      caught = error;
    }
    return hello(environ, start_response);
  }, "hello!");
  assertEquals(parts.join(""), "hello");
  assertEquals(
    `${caught}`,
    "RangeError: the request body must not be longer than 5 bytes",
  );
});

/** What has been sent before the body was too long, by the applications whose response is broken off then. */
const begun: Record<string, [WSGIApplication, string]> = {
  "the result has begun": [
    (environ, start_response) => {
      start_response("200 OK", PLAIN);
      return environ["wsgi.input"];
    },
    "hello",
  ],
  "the application has written": [
    async (environ, start_response) => {
      const write = start_response("200 OK", PLAIN);
      await write(bytes("a"));
      await write(bytes(await read(environ["wsgi.input"])));
      return [];
    },
    "a",
  ],
  "the application has written, and says nothing of it": [
    async (environ, start_response) => {
      const write = start_response("200 OK", PLAIN);
      await write(bytes("a"));
      try {
        await read(environ["wsgi.input"]);
      } catch {
        await write(bytes("b"));
      }
      return [bytes("c")];
    },
    "a",
  ],
  "a generator goes on": [
    async function* (environ, start_response) {
      start_response("200 OK", PLAIN);
      yield bytes("a");
      try {
        yield bytes(await read(environ["wsgi.input"]));
      } catch {
        yield bytes("b");
      }
    },
    "a",
  ],
};

for (const [what, [app, sent]] of Object.entries(begun)) {
  Deno.test(`limit_body() breaks the response off where ${what}`, async () => {
    const { output, errors, handler } = await upload(app, "hello!");
    assertEquals(
      output,
      `Status: 200 OK\r\nContent-Type: text/plain\r\n\r\n${sent}`,
    );
    assertEquals(
      errors.split("\n")[0],
      "RangeError: the request body must not be longer than 5 bytes",
    );
    assertEquals(handler.broken, true);
  });
}

Deno.test("limit_body() breaks a response by HTTP off", async () => {
  const app: WSGIApplication = (environ, start_response) => {
    start_response("200 OK", PLAIN);
    return environ["wsgi.input"];
  };
  await using server = serve(limit_body(app, { max_size: 5 }));
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await write_all(conn, post("/", CHUNKED, chunked("hello")));
  const first = await read_until(conn, "5\r\nhello\r\n");
  assertEquals(first.slice(0, 15), "HTTP/1.1 200 OK");
  await write_all(conn, bytes(`${chunked("!")}0\r\n\r\n`));
  // Without the chunk of no length that would end it.
  assertEquals(await read_all(conn), "");
  await until(() => server.log.text.endsWith('"POST / HTTP/1.1" 200 5\n'));
});

Deno.test("limit_body() closes the result exactly once", async () => {
  const kinds: Record<string, (read: () => Promise<unknown>) => WSGIResult> = {
    "a generator": async function* (read) {
      await read();
      yield bytes("x");
    },
    "a generator that answers": async function* (read) {
      await read().catch(() => {});
      yield bytes("x");
      yield bytes("y");
    },
    "an array": () => [bytes("x")],
    "a stream": (read) =>
      new ReadableStream({
        async pull(controller) {
          await read();
          controller.enqueue(bytes("x"));
          controller.close();
        },
      }, { highWaterMark: 0 }),
  };
  for (const [kind, make] of Object.entries(kinds)) {
    for (const body of ["hello", "hello!"]) {
      for (const early of [false, true]) {
        let closed = 0;
        const app: WSGIApplication = async (environ, start_response) => {
          const read_all = () => read(environ["wsgi.input"]);
          if (early) await read_all().catch(() => {});
          start_response("200 OK", PLAIN);
          const result = make(early ? () => Promise.resolve() : read_all);
          return Object.assign(result, { close: () => void closed++ });
        };
        const { errors } = await upload(app, body);
        assertEquals(errors, "");
        assertEquals(closed, 1, `${kind}, ${body}`);
      }
    }
  }
});

Deno.test("limit_body() stops a generator that is in the middle of its answer", async () => {
  const seen: string[] = [];
  const { output } = await upload(async function* (environ, start_response) {
    start_response("200 OK", PLAIN);
    try {
      await read(environ["wsgi.input"]).catch(() => {});
      yield bytes("x");
      seen.push("went on");
    } finally {
      seen.push("stopped");
    }
  }, "hello!");
  assertEquals(output, TOO_LARGE);
  assertEquals(seen, ["stopped"]);
});

Deno.test("limit_body() hands an array and a file on as they are", async () => {
  const file = new FileWrapper(stream_of("file"));
  for (const result of [[bytes("a"), bytes("b")], file]) {
    const { handler } = await upload(async (environ, start_response) => {
      await read(environ["wsgi.input"]);
      start_response("200 OK", PLAIN);
      return result;
    }, "hello");
    assertEquals(handler.broken, false);
    assertStrictEquals(handler.sent, result);
  }
});

Deno.test("limit_body() passes on the error of an application that has nothing to do with it", async () => {
  const { output, errors } = await upload(async function* (environ) {
    yield bytes(await read(environ["wsgi.input"]));
  }, "hello");
  assertEquals(output.slice(0, 11), "Status: 500");
  assertEquals(
    errors.split("\n")[0],
    "Error: the body was begun before start_response() was called",
  );
});

Deno.test("limit_body() limits every method by FastCGI, a body without CONTENT_LENGTH being one of STDIN", async () => {
  for (const app of [echo, validator(echo)]) {
    await using gateway = await open_gateway(
      fastcgi,
      limit_body(app, { max_size: 100000 }),
    );
    const whole = "x".repeat(100000);
    for (const method of ["POST", "GET"]) {
      const variables = { REQUEST_METHOD: method, CONTENT_LENGTH: "" };
      const allowed = await ask(fastcgi, gateway.server, variables, whole);
      assertEquals(
        allowed.text,
        `200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n${whole}`,
      );
      for (const longer of [`${whole}x`, whole.repeat(20)]) {
        const refused = await ask(fastcgi, gateway.server, variables, longer);
        assertEquals(refused.text, TOO_LARGE.slice("Status: ".length));
        assertEquals(refused.errors, "");
        assertEquals(refused.ended, true);
      }
    }
    assertEquals(
      gateway.log.text,
      ["POST", "GET"].map((method) =>
        `"${method} / HTTP/1.1" 200 100000\n` +
        `"${method} / HTTP/1.1" 413 17\n`.repeat(2)
      ).join(""),
    );
  }
});

Deno.test("limit_body() takes no more of a body than the application wants", async () => {
  let pulled = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      controller.enqueue(bytes("x"));
    },
  }, { highWaterMark: 0 });
  const app: WSGIApplication = async (environ, start_response) => {
    assertEquals(pulled, 0);
    const reader = environ["wsgi.input"].getReader();
    await reader.read();
    reader.releaseLock();
    assertEquals(pulled, 1);
    return hello(environ, start_response);
  };
  await run_app(limit_body(app, { max_size: 5 }), {
    environ: { REQUEST_METHOD: "POST" },
    handler_class: UploadHandler,
    adapt: (handler) => handler.stdin = source,
  });
  assertEquals(pulled, 1);
  assertEquals(source.locked, false);
});

Deno.test("limit_body() counts nothing by FastCGI where a request has come whole without a body", async () => {
  const inputs: unknown[] = [];
  await using gateway = await open_gateway(
    fastcgi,
    noting(inputs, limit_body(noting(inputs, echo), { max_size: 5 })),
  );
  const variables = { CONTENT_LENGTH: "" };
  await ask(fastcgi, gateway.server, variables);
  await ask(fastcgi, gateway.server, variables, "body");
  assertEquals(inputs.length, 4);
  assertEquals(inputs[0] === inputs[1], true);
  assertEquals(inputs[2] === inputs[3], false);
});

Deno.test("limit_body() lets the application cancel its input, also while it reads", async () => {
  for (const reading of [false, true]) {
    const cancelled: unknown[] = [];
    const source = new ReadableStream<Uint8Array>({
      cancel: (reason) => void cancelled.push(reason),
    });
    const app: WSGIApplication = async (environ, start_response) => {
      const reader = environ["wsgi.input"].getReader();
      const read = reading && reader.read();
      await reader.cancel("enough");
      if (read) assertEquals((await read).done, true);
      return hello(environ, start_response);
    };
    const { errors } = await run_app(limit_body(app, { max_size: 5 }), {
      environ: { REQUEST_METHOD: "POST" },
      handler_class: UploadHandler,
      adapt: (handler) => handler.stdin = source,
    });
    assertEquals(errors, "");
    assertEquals(cancelled, ["enough"]);
  }
});

Deno.test("limit_body() leaves what the application does not read to the handler", async () => {
  const app: WSGIApplication = async (environ, start_response) => {
    const reader = environ["wsgi.input"].getReader(); // Kept for ever.
    await reader.read();
    return hello(environ, start_response);
  };
  await using server = serve(limit_body(app, { max_size: 5 }));
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const body = `${chunked("x", "y".repeat(100000))}0\r\n\r\n`;
  await write_all(conn, post("/a", CHUNKED, body));
  await read_until(conn, "POST /a");
  await write_all(conn, bytes(LAST));
  assertEquals((await read_all(conn)).slice(-9), "GET /last");
});

Deno.test("limit_body() treats a client that leaves in the middle of its body as every handler does", async () => {
  await using server = serve(limit_body(echo, { max_size: 100 }));
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await write_all(conn, post("/", CHUNKED, chunked("hello")));
  conn.close();
  await until(() => server.log.text !== "");
  assertEquals(server.log.text, '"POST / HTTP/1.1" 500 0\n');
});

Deno.test("limit_body() ends with the client that leaves while a generator waits", async () => {
  const seen: string[] = [];
  const app: WSGIApplication = async function* (environ, start_response) {
    start_response("200 OK", PLAIN);
    await read(environ["wsgi.input"]);
    yield bytes("x");
    await new Promise(() => {});
  };
  const closing: WSGIApplication = (environ, start_response) =>
    Object.assign(app(environ, start_response), {
      close: () => void seen.push("closed"),
    });
  const handler = new ServerHandler(stream_of("hello"), new Log(), {
    REQUEST_METHOD: "POST",
  });
  const response = await handler.respond(limit_body(closing, { max_size: 5 }));
  const reader = response.body!.getReader();
  assertEquals((await reader.read()).value, bytes("x"));
  await reader.cancel();
  await until(() => seen.length > 0);
  assertEquals(seen, ["closed"]);
});
