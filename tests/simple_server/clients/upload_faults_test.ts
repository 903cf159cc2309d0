/** Request bodies that do not come as they should: that is the client's doing, and no error of the application. */

import { assertEquals, assertMatch } from "@std/assert";
import { type ClientHttp2Session, connect, constants } from "node:http2";
import type { WSGIApplication, WSGIEnvironment } from "../../../types.ts";
import { limit_body, limit_time } from "../../../middleware/mod.ts";
import { validator } from "../../../validate.ts";
import {
  bytes,
  raw_request,
  read_all,
  serve,
  type TestServer,
  text,
  until,
  write_all,
} from "../../support/support.ts";

type Input = ReadableStream<Uint8Array<ArrayBuffer>>;

function input_of(environ: WSGIEnvironment): Input {
  return environ["wsgi.input"] as Input;
}

/** What an application does with its input, and does not catch. */
const USES: Record<string, (input: Input) => unknown> = {
  "a loop": async (input) => {
    for await (const _block of input);
  },
  "a reader": async (input) => {
    const reader = input.getReader();
    while (!(await reader.read()).done);
  },
  "text()": (input) => new Response(input).text(),
  "json()": (input) => new Response(input).json(),
  "a Request": (input) =>
    new Request("http://h/", { method: "POST", body: input }).bytes(),
  "a decoder": (input) =>
    Array.fromAsync(
      input.pipeThrough(new TextDecoderStream() as ReadableWritablePair),
    ),
  "a branch": (input) => {
    const [one, other] = input.tee();
    return Promise.all([new Response(one).text(), new Response(other).text()]);
  },
  "an error with a cause": async (input) => {
    try {
      await new Response(input).text();
    } catch (cause) {
      throw new Error("cannot store the upload", { cause });
    }
  },
  "something that is disposed of": async (input) => {
    await using _upload = {
      [Symbol.asyncDispose]: () => input.cancel(),
    };
    for await (const _block of input);
  },
  "several reads, none of which succeeds": (input) => {
    const [one, other] = input.tee();
    return Promise.any([new Response(one).text(), new Response(other).text()]);
  },
};

/** An application that answers when it has read its input. */
function reading(use: (input: Input) => unknown): WSGIApplication {
  return async (environ, start_response) => {
    await use(input_of(environ));
    start_response("200 OK", [["Content-Type", "text/plain"]]);
    return [bytes("read")];
  };
}

const HEAD = "POST / HTTP/1.1\r\nHost: h\r\n";

/** Sends the beginning of a request, and hangs up when the application has been called. */
async function hang_up(
  { port }: TestServer,
  sent: string,
  called: Promise<void>,
): Promise<void> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await write_all(conn, bytes(sent));
  await called;
  conn.close();
}

/** The ways in which a client leaves in the middle of its request. */
const LEAVING: Record<
  string,
  (server: TestServer, called: Promise<void>) => Promise<void>
> = {
  "amid a body": (server, called) =>
    hang_up(server, `${HEAD}Content-Length: 10\r\n\r\nabc`, called),
  "amid a chunk": (server, called) =>
    hang_up(
      server,
      `${HEAD}Transfer-Encoding: chunked\r\n\r\na\r\nabc`,
      called,
    ),
  "between chunks": (server, called) =>
    hang_up(
      server,
      `${HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`,
      called,
    ),
  // A connection that is closed with something unread is reset.
  "by a reset": (server, called) =>
    hang_up(
      server,
      `GET / HTTP/1.1\r\nHost: h\r\n\r\n${HEAD}Content-Length: 10\r\n\r\nabc`,
      called,
    ),
  "when it is told to go on": (server, called) =>
    hang_up(
      server,
      `${HEAD}Content-Length: 10\r\nExpect: 100-continue\r\n\r\n`,
      called,
    ),
  "by ending a stream of HTTP/2": async ({ url }, called) => {
    const session = connect(url);
    const stream = begin(session, {});
    await called;
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    await closed(session);
  },
  // Of its body Deno says no more than that it has ended.
  "by cancelling a stream of HTTP/2": (server, called) =>
    cancel(server, {}, called),
  "by cancelling a stream of HTTP/2 that tells its length": (server, called) =>
    cancel(server, { "content-length": "10" }, called),
  "by ending a connection of HTTP/2": async ({ url }, called) => {
    const session = connect(url);
    begin(session, {});
    await called;
    session.destroy();
  },
};

/** A frame of HTTP/2 (RFC 9113, section 4.1). */
function frame(type: number, flags: number, stream: number, payload: string) {
  const { length } = payload;
  return String.fromCharCode(0, length >> 8, length & 255, type, flags) +
    `\0\0\0${String.fromCharCode(stream)}${payload}`;
}

/** A header field that is in no table (RFC 7541, section 6.2.2). */
function field(name: string, value: string): string {
  const sized = (text: string) => String.fromCharCode(text.length) + text;
  return `\0${sized(name)}${sized(value)}`;
}

/** Cancels a stream of HTTP/2 amid its body; Node's client ends the body first. */
async function cancel(
  { port }: TestServer,
  headers: Record<string, string>,
  called: Promise<void>,
): Promise<void> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const fields = Object.entries({
    ":method": "POST",
    ":scheme": "http",
    ":path": "/",
    ":authority": "h",
    ...headers,
  }).map(([name, value]) => field(name, value));
  const [DATA, HEADERS, RST_STREAM, SETTINGS] = [0, 1, 3, 4];
  const CANCEL = "\0\0\0\b";
  const request = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
    frame(SETTINGS, 0, 0, "") +
    frame(HEADERS, 4, 1, fields.join("")) + frame(DATA, 0, 1, "abc");
  await write_all(conn, bytes(request));
  await called;
  await write_all(conn, bytes(frame(RST_STREAM, 0, 1, CANCEL)));
  await conn.read(new Uint8Array(1000));
}

function begin(session: ClientHttp2Session, headers: Record<string, string>) {
  const stream = session.request({
    ":method": "POST",
    ":path": "/",
    ...headers,
  });
  stream.on("error", () => {});
  stream.write("abc");
  return stream;
}

function closed(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve) => session.close(() => resolve()));
}

/** What is logged of requests whose bodies failed, and nothing else. */
const NOTHING_BUT_LINES =
  /^("GET \/ HTTP\/1.1" 200 4\n)?("POST \/ HTTP\/1.1" 400 \d+\n)+$/;

/** An application that says when it is called. */
function telling(app: WSGIApplication): {
  app: WSGIApplication;
  called: Promise<void>;
} {
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    called: promise,
    app: (environ, start_response) => {
      if (environ.REQUEST_METHOD === "POST") resolve();
      return app(environ, start_response);
    },
  };
}

async function assert_quiet(
  app: WSGIApplication,
  leave: (server: TestServer, called: Promise<void>) => Promise<void>,
): Promise<void> {
  const { app: told, called } = telling(app);
  await using server = serve(told);
  await leave(server, called);
  await until(() => server.log.text.includes('"POST'));
  assertMatch(server.log.text, NOTHING_BUT_LINES);
}

for (const [way, leave] of Object.entries(LEAVING)) {
  Deno.test(`a client that leaves ${way} is no error of the application`, async () => {
    await assert_quiet(reading((input) => new Response(input).bytes()), leave);
  });
}

for (const [use, read] of Object.entries(USES)) {
  Deno.test(`an application that reads its input by ${use} has no error when its client leaves`, async () => {
    await assert_quiet(reading(read), LEAVING["amid a body"]!);
  });
}

Deno.test("an application that hands its input on by fetch() has no error when its client leaves", async () => {
  await using upstream = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      await request.text().catch(() => {});
      return new Response();
    },
  );
  const url = `http://127.0.0.1:${upstream.addr.port}/`;
  await assert_quiet(
    reading((body) => fetch(url, { method: "POST", body })),
    LEAVING["amid a body"]!,
  );
});

Deno.test("a generator that yields its input has no error when its client leaves", async () => {
  await assert_quiet(async function* (environ, start_response) {
    const blocks = await Array.fromAsync(environ["wsgi.input"]);
    start_response("200 OK", []);
    yield* blocks;
  }, LEAVING["amid a body"]!);
});

for (
  const [name, around] of Object.entries<
    (app: WSGIApplication) => WSGIApplication
  >({
    validator,
    limit_body: (app) => limit_body(app, { max_size: 100 }),
    limit_time: (app) => limit_time(app, { timeout: 30 }),
  })
) {
  Deno.test(`an application behind ${name} has no error when its client leaves`, async () => {
    await assert_quiet(
      around(reading(USES["json()"]!)),
      LEAVING["between chunks"]!,
    );
  });
}

/** What is no chunked body, behind a first chunk that is one. */
const MALFORMED: Record<string, string> = {
  "a size that is no number": "ZZ\r\n",
  "a size below zero": "-1\r\n",
  "a size that is too large": "fffffffffffffffff\r\n",
  "a chunk longer than its size": "3\r\nabcdef\r\n",
  "a trailer that is no field": "0\r\nno field\r\n\r\n",
};

for (const [what, rest] of Object.entries(MALFORMED)) {
  Deno.test(`a chunked body with ${what} is answered with a 400, and no error of the application`, async () => {
    const { app, called } = telling(reading(USES["json()"]!));
    await using server = serve(app);
    const { port } = server;
    using conn = await Deno.connect({ hostname: "127.0.0.1", port });
    // Deno closes the connection where it finds this when it reads the head.
    await write_all(
      conn,
      bytes(`${HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`),
    );
    await called;
    await write_all(conn, bytes(rest));
    const answer = await read_all(conn);
    assertMatch(
      answer,
      /^HTTP\/1.1 400 Bad Request\r\n[^]*\r\n\r\nBad Request$/,
    );
    assertEquals(server.log.text, '"POST / HTTP/1.1" 400 11\n');
  });
}

Deno.test("a malformed body that is found when the response has begun breaks it off, and is not logged", async () => {
  const { app, called } = telling((environ, start_response) => {
    start_response("200 OK", []);
    return environ["wsgi.input"];
  });
  await using server = serve(app);
  const { port } = server;
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const head = `${HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`;
  await write_all(conn, bytes(head));
  await called;
  let answer = "";
  const buffer = new Uint8Array(1000);
  while (!answer.includes("abc")) {
    answer += text(buffer.subarray(0, (await conn.read(buffer))!));
  }
  await write_all(conn, bytes("ZZ\r\n"));
  answer += await read_all(conn);
  assertMatch(answer, /^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\n3\r\nabc\r\n$/);
  await until(() => server.log.text !== "");
  assertEquals(server.log.text, '"POST / HTTP/1.1" 200 3\n');
});

Deno.test("a malformed chunk that arrives together with the head closes the connection without an error", async () => {
  await using server = serve(reading(USES["json()"]!));
  using conn = await Deno.connect({ port: server.port });
  const head = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;
  await write_all(conn, bytes(`${head}ZZ\r\n`));
  assertEquals(await read_all(conn), "");
  assertEquals(server.log.text, "");
});

Deno.test("an application that answers in spite of a malformed body has its answer sent", async () => {
  const { app, called } = telling(async (environ, start_response) => {
    const status = await new Response(input_of(environ)).text().then(
      () => "200 OK",
      () => "422 Unprocessable Content",
    );
    start_response(status, []);
    return [bytes("mine")];
  });
  await using server = serve(app);
  const { port } = server;
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await write_all(conn, bytes(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`));
  await called;
  await write_all(conn, bytes("ZZ\r\n"));
  assertMatch(await read_all(conn), /^HTTP\/1.1 422 [^]*\r\n\r\nmine$/);
});

Deno.test("an error of the application's own is logged, though its input has failed", async () => {
  await using server = serve(async (environ) => {
    await new Response(input_of(environ)).text().catch(() => {});
    throw new Deno.errors.ConnectionReset("my database");
  });
  await hang_up(
    server,
    `${HEAD}Content-Length: 10\r\n\r\nabc`,
    Promise.resolve(),
  );
  await until(() => server.log.text.includes('"POST'));
  assertMatch(server.log.text, /^ConnectionReset: my database\n {4}at /);
});

Deno.test("what the client of another request did is an error of the application", async () => {
  let upload: Promise<string> | null = null;
  const { app, called } = telling(async (environ, start_response) => {
    upload ??= new Response(input_of(environ)).text();
    const text = await upload;
    start_response("200 OK", []);
    return [bytes(text)];
  });
  await using server = serve(app);
  await hang_up(server, `${HEAD}Content-Length: 10\r\n\r\nabc`, called);
  await until(() => server.log.text !== "");
  assertEquals(server.log.text, '"POST / HTTP/1.1" 400 11\n');
  server.log.text = "";
  const { status } = await raw_request(
    server.port,
    "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
  );
  assertEquals(status, "HTTP/1.1 500 Internal Server Error");
  assertMatch(
    server.log.text,
    /^ConnectionAborted: the client has disconnected\n/,
  );
});

Deno.test("close() of a result that fails with what its client did is not logged", async () => {
  const { app, called } = telling(async (environ, start_response) => {
    const input = input_of(environ);
    await Array.fromAsync(input).catch(() => {});
    start_response("200 OK", []);
    return Object.assign([bytes("a")], { close: () => input.cancel() });
  });
  await using server = serve(app);
  await hang_up(server, `${HEAD}Content-Length: 10\r\n\r\nabc`, called);
  await until(() => server.log.text !== "");
  assertEquals(server.log.text, '"POST / HTTP/1.1" 200 1\n');
});
