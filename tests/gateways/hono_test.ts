/** The application of examples/hono.ts through every way to it, and what else Hono asks of `from_fetch`. */

import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { Hono } from "npm:hono@^4.13.19";
import { getConnInfo, serveStatic } from "npm:hono@^4.13.19/deno";
import { stream, streamSSE } from "npm:hono@^4.13.19/streaming";
import { concat } from "../../_internal/text/bytes.ts";
import { unquote } from "../../_internal/text/quote.ts";
import app, { hono } from "../../examples/hono.ts";
import { mount } from "../../examples/mount.ts";
import {
  from_fetch,
  to_fetch,
  type WSGIFetchInfo,
} from "../../gateways/fetch.ts";
import type {
  HeaderList,
  WSGIApplication,
  WSGIEnvironment,
} from "../../types.ts";
import { validator } from "../../validate.ts";
import { parse_answer } from "../conformance/doors/answer.ts";
import type { Answer, Door, DoorRequest } from "../conformance/doors/door.ts";
import { http_door } from "../conformance/doors/http.ts";
import {
  bytes,
  Log,
  root,
  serve,
  start_server,
  text,
  until,
  write_all,
} from "../support/support.ts";

// The ways to the example

/** A way to the application, and what its environ says there. */
interface Way extends Door {
  script_name: string;
  client: string;
}

/** A request by its method and target, the latter below where the application is mounted. */
function request_of(
  line: string,
  headers: HeaderList = [],
  body: Uint8Array<ArrayBuffer> | null = null,
  framing: "length" | "chunked" = "length",
): DoorRequest {
  const [method = "", target = ""] = line.split(" ");
  const unusual = { cut: null, leaves: false, secure: false };
  const all: HeaderList = [["Host", "h"], ...headers];
  return { method, target, headers: all, body, framing, ...unusual };
}

function fetch_request(request: DoorRequest): Request {
  const { method, target, headers, body } = request;
  const init = { method, headers, body, duplex: "half" };
  return new Request(`http://h${target}`, init as RequestInit);
}

async function answer_of(response: Response): Promise<Answer> {
  return {
    status: String(response.status),
    headers: [...response.headers],
    body: await response.bytes(),
    broken: false,
  };
}

/** Hono alone, which is what the others are measured by: no server, no environ but what the example asks of it. */
async function hono_alone(): Promise<Way> {
  const log = new Log();
  const environ = {
    SCRIPT_NAME: "",
    REMOTE_ADDR: "192.0.2.1",
    "wsgi.errors": log,
  };
  const info = { environ: environ as Partial<WSGIEnvironment> };
  return {
    script_name: "",
    client: "192.0.2.1",
    send: async (request) =>
      answer_of(
        await hono.fetch(fetch_request(request), info as WSGIFetchInfo),
      ),
    log: () => log.text,
    async [Symbol.asyncDispose]() {},
  };
}

async function in_memory(): Promise<Way> {
  const log = new Log();
  const handler = to_fetch(app, { stderr: log });
  const info = {
    remoteAddr: { transport: "tcp", hostname: "192.0.2.2", port: 1 },
  } as const;
  return {
    script_name: "",
    client: "192.0.2.2",
    send: async (request) =>
      answer_of(await handler(fetch_request(request), info)),
    log: () => log.text,
    async [Symbol.asyncDispose]() {},
  };
}

/** The simple server in this process, the application mounted at a path of it. */
async function served(
  application: WSGIApplication = app,
  script_name = "",
): Promise<Way & { port: number }> {
  const { server, port, log } = serve(application);
  const door = http_door(
    { hostname: "127.0.0.1", port },
    () => log.text.replace(/^"[^\n]*" \d{3} \d+\n/gm, ""),
    () => server.server_close(),
  );
  return {
    ...door,
    port,
    script_name,
    client: "127.0.0.1",
    send: (request) =>
      door.send({ ...request, target: script_name + request.target }),
  };
}

/** The example as a program of its own. */
async function as_program(): Promise<Way> {
  const server = await start_server(["examples/hono.ts", "0"]);
  const address = {
    hostname: "127.0.0.1",
    port: Number(new URL(server.url).port),
  };
  const access_line = /^127\.0\.0\.1 - - [^\n]*\n/gm;
  const log = () => server.printed.stderr.replace(access_line, "");
  const close = async () => await server[Symbol.asyncDispose]();
  const door = http_door(address, log, close);
  return { ...door, script_name: "", client: "127.0.0.1" };
}

const SCRIPT = "/cgi-bin/hono.ts";

/** The example as a web server starts it for a request. */
function start_cgi(request: DoorRequest): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", "examples/hono.ts"],
    cwd: root,
    env: { NO_COLOR: "1", ...cgi_variables(request) },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

function cgi_variables(request: DoorRequest): Record<string, string> {
  const { method, target, headers, body } = request;
  const [, path = "", query = ""] = target.match(/^([^?]*)\??(.*)$/)!;
  const variables: Record<string, string> = {
    GATEWAY_INTERFACE: "CGI/1.1",
    REQUEST_METHOD: method,
    SCRIPT_NAME: SCRIPT,
    // A variable of a child process is UTF-8 in Deno.
    PATH_INFO: new TextDecoder("utf-8", { fatal: true })
      .decode(bytes(unquote(path))),
    QUERY_STRING: query,
    REQUEST_URI: SCRIPT + target,
    SERVER_NAME: "h",
    SERVER_PORT: "80",
    SERVER_PROTOCOL: "HTTP/1.1",
    REMOTE_ADDR: "192.0.2.3",
    CONTENT_LENGTH: body ? String(body.length) : "",
  };
  for (const [name, value] of headers) {
    variables[`HTTP_${name.toUpperCase().replaceAll("-", "_")}`] = value;
  }
  return variables;
}

async function as_cgi_script(): Promise<Way> {
  let log = "";
  return {
    script_name: SCRIPT,
    client: "192.0.2.3",
    async send(request) {
      const child = start_cgi(request);
      const [{ stdout, stderr }] = await Promise.all([
        child.output(),
        feed(child.stdin, request.body),
      ]);
      log += text(stderr);
      return parse_answer(as_http(stdout), request.method);
    },
    log: () => log,
    async [Symbol.asyncDispose]() {},
  };
}

/** What a web server makes of a CGI script's output. */
function as_http(output: Uint8Array<ArrayBuffer>): Uint8Array {
  const status = bytes("Status: ");
  assertEquals(output.slice(0, status.length), status);
  return concat([bytes("HTTP/1.1 "), output.subarray(status.length)]);
}

/** Sends a body; a script need not read it. */
async function feed(
  stdin: WritableStream<Uint8Array<ArrayBuffer>>,
  body: Uint8Array<ArrayBuffer> | null,
): Promise<void> {
  const writer = stdin.getWriter();
  try {
    if (body) await writer.write(body);
    await writer.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

const WAYS: Record<string, () => Promise<Way>> = {
  "Hono alone": hono_alone,
  "to_fetch()": in_memory,
  "make_server()": served,
  "a mount below /shop": () => served(mount({ shop: app }), "/shop"),
  "deno run": as_program,
  "CGI": as_cgi_script,
};

// What is asked

/** What comes back, without what is the server's. */
interface Seen {
  status: number;
  headers: HeaderList;
  body: string;
}

function seen({ status, headers, body }: Answer): Seen {
  const of_server =
    /^(connection|content-length|date|server|transfer-encoding|vary)$/;
  return {
    status: Number(status.slice(0, 3)),
    headers: headers
      .map(([name, value]): [string, string] => [name.toLowerCase(), value])
      .filter(([name]) => !of_server.test(name)).sort(),
    body: text(body),
  };
}

/** A text that the client gets as UTF-8. */
function hello(name: string): Seen {
  const body = text(new TextEncoder().encode(`Hello, ${name}!\n`));
  return { status: 200, headers: PLAIN, body };
}

function bodiless(answer: Seen): Seen {
  return { ...answer, body: "" };
}

/** What a `Response` says of a string. */
const PLAIN: HeaderList = [["content-type", "text/plain;charset=UTF-8"]];
/** What Hono says of it where there is something else to say. */
const HONO_PLAIN: HeaderList = [["content-type", "text/plain; charset=UTF-8"]];

const NOT_FOUND: Seen = {
  status: 404,
  headers: HONO_PLAIN,
  body: "404 Not Found",
};
const FAILED: Seen = {
  status: 500,
  headers: HONO_PLAIN,
  body: "Sorry, that did not work.\n",
};
const ONE: Seen = {
  status: 200,
  headers: [...HONO_PLAIN, ["x-content-type-options", "nosniff"]],
  body: "1\n",
};

function visit(number: number): Seen {
  const cookie: [string, string] = ["set-cookie", `visits=${number}; Path=/`];
  const headers = [...HONO_PLAIN, cookie];
  return { status: 200, headers, body: `Visit ${number}\n` };
}

function echo(body: string): Seen {
  const headers: HeaderList = [["content-type", "application/octet-stream"]];
  return { status: 200, headers, body };
}

function moved(location: string): Seen {
  return { status: 302, headers: [["location", location]], body: "" };
}

const every_byte = Uint8Array.from({ length: 256 }, (_, byte) => byte);

const REQUESTS: [request: DoorRequest, expected: Seen][] = [
  [request_of("GET /hello/Ada"), hello("Ada")],
  [request_of("GET /hello/Ada?x=%20&y"), hello("Ada")],
  [request_of("GET /hello/caf%C3%A9"), hello("café")],
  [request_of("GET /hello/%E8%8A%B1%E5%AD%90"), hello("花子")],
  [request_of("GET /hello/a%20b+c"), hello("a b+c")],
  [request_of("GET /hello/a%2Fb"), hello("a/b")],
  [request_of("GET /hello/a%252Fb"), hello("a%2Fb")],
  [request_of("GET /hello/100%25"), hello("100%")],
  [request_of("GET /hello/a;b=c:d@e"), hello("a;b=c:d@e")],
  [request_of("GET /hello/a/b"), NOT_FOUND],
  [request_of("GET /hello/Ada/"), NOT_FOUND],
  [request_of("GET /none"), NOT_FOUND],
  [request_of("PUT /hello/Ada", [], bytes("x")), NOT_FOUND],
  [request_of("HEAD /hello/Ada"), bodiless(hello("Ada"))],
  [request_of("HEAD /count?to=9"), bodiless(ONE)],
  [request_of("HEAD /none"), bodiless(NOT_FOUND)],
  [request_of("GET /hi/caf%C3%A9%2F"), moved("../hello/caf%C3%A9%2F")],
  [request_of("GET /visits"), visit(1)],
  [request_of("GET /visits", [["Cookie", "a=b; visits=41"]]), visit(42)],
  [request_of("GET /count?to=1"), ONE],
  [request_of("GET /count?to=0"), { ...ONE, body: "" }],
  [request_of("POST /echo"), echo("")],
  [request_of("POST /echo", [], bytes("caf\xc3\xa9")), echo("caf\xc3\xa9")],
  [request_of("POST /echo", [], every_byte), echo(text(every_byte))],
];

for (const [through, open] of Object.entries(WAYS)) {
  Deno.test(`examples/hono.ts answers through ${through}`, async (t) => {
    await using way = await open();
    for (const [request, expected] of REQUESTS) {
      const { method, target, headers } = request;
      const name = [method, target, ...headers.slice(1)].join(" ");
      await t.step(name, async () => {
        assertEquals(seen(await way.send(request)), expected);
      });
    }
    assertEquals(way.log(), "");
  });

  Deno.test(`examples/hono.ts answers a failure, and logs it, through ${through}`, async () => {
    await using way = await open();
    assertEquals(seen(await way.send(request_of("GET /fail"))), FAILED);
    await until(() => way.log() !== "");
    assertMatch(way.log(), /^Error: the well is dry\n( {4}at .+\n)+$/);
  });

  Deno.test(`examples/hono.ts shows its environ through ${through}`, async () => {
    await using way = await open();
    const { status, body } = seen(await way.send(request_of("GET /")));
    assertEquals(status, 200);
    assertEquals(JSON.parse(body), {
      mounted_at: way.script_name,
      client: way.client,
    });
  });

  Deno.test(`examples/hono.ts echoes megabytes through ${through}`, async () => {
    await using way = await open();
    const data = Uint8Array.from({ length: 5_000_003 }, (_, i) => i * i >> 3);
    const answer = await way.send(request_of("POST /echo", [], data));
    assertFalse(answer.broken);
    assert(same_bytes(answer.body, data));
  });

  Deno.test(`examples/hono.ts answers though it leaves megabytes unread, through ${through}`, async () => {
    await using way = await open();
    const data = new Uint8Array(5_000_000);
    const request = request_of("POST /none", [], data);
    assertEquals(seen(await way.send(request)), NOT_FOUND);
    assertEquals(way.log(), "");
  });
}

function same_bytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length &&
    one.every((byte, index) => byte === other[index]);
}

Deno.test("examples/hono.ts answers where it is mounted, with a slash behind and without", async () => {
  for (const open of [WAYS["CGI"]!, WAYS["a mount below /shop"]!]) {
    await using way = await open();
    for (const line of ["GET", "GET /"]) {
      const { body } = seen(await way.send(request_of(line)));
      assertEquals(JSON.parse(body).mounted_at, way.script_name);
    }
  }
});

Deno.test("examples/hono.ts echoes a body in chunks through make_server()", async () => {
  await using way = await served();
  const request = request_of("POST /echo", [], every_byte, "chunked");
  assertEquals(seen(await way.send(request)), echo(text(every_byte)));
});

Deno.test("examples/hono.ts leaves a path that is no UTF-8 encoded, through make_server()", async () => {
  await using way = await served();
  for (const name of ["%E9", "%zz", "%"]) {
    const request = request_of(`GET /hello/${name}`);
    assertEquals(seen(await way.send(request)), hello(name));
  }
});

Deno.test("examples/hono.ts passes validator, but for redirects without a Content-Type", async () => {
  await using way = await served(validator(app));
  for (const [request, expected] of REQUESTS) {
    if (expected.status === 302) continue;
    assertEquals(seen(await way.send(request)), expected);
  }
  assertEquals(way.log(), "");
  const { status } = await way.send(request_of("GET /hi/Ada"));
  assertEquals(status, "500 Internal Server Error");
  assertMatch(
    way.log(),
    /^WSGIError: a response with status 302 must have one Content-Type, got none /,
  );
});

Deno.test("hono.request() needs no environ", async () => {
  const response = await hono.request("/hello/Ada");
  assertEquals(await response.text(), "Hello, Ada!\n");
});

// Streams

/** Reads until `wanted` has come, and gives everything that came. */
async function read_until(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  wanted: string,
): Promise<string> {
  let all = "";
  while (!all.includes(wanted)) {
    const { done, value } = await reader.read();
    assertFalse(done, `${JSON.stringify(wanted)} did not come: ${all}`);
    all += text(value!);
  }
  return all;
}

Deno.test("examples/hono.ts echoes each chunk before the next is sent, through make_server()", async () => {
  await using way = await served(mount({ shop: app }));
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: way.port });
  await write_all(
    conn,
    bytes(
      "POST /shop/echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" +
        "Transfer-Encoding: chunked\r\n\r\n",
    ),
  );
  const reader = conn.readable.getReader();
  for (const chunk of ["one", "two", "three"]) {
    await write_all(conn, bytes(`${chunk.length}\r\n${chunk}\r\n`));
    await read_until(reader, `${chunk.length}\r\n${chunk}\r\n`);
  }
  await write_all(conn, bytes("0\r\n\r\n"));
  assertEquals(await read_until(reader, "0\r\n\r\n"), "0\r\n\r\n");
});

Deno.test("examples/hono.ts echoes each chunk before the next is sent, as CGI", async () => {
  const child = start_cgi(request_of("POST /echo", [], bytes("onetwothree")));
  const reader = child.stdout.getReader();
  const writer = child.stdin.getWriter();
  for (const chunk of ["one", "two", "three"]) {
    await writer.write(bytes(chunk));
    await read_until(reader, chunk);
  }
  // It ends by CONTENT_LENGTH, though its stdin stays open.
  assertEquals((await reader.read()).done, true);
  assertEquals((await child.status).code, 0);
  await writer.close().catch(() => {}); // Nobody reads it any more.
  assertEquals(text(await child.stderr.bytes()), "");
});

Deno.test("examples/hono.ts ends as CGI when the web server has closed its stdout", async () => {
  // The last line of this count is a day away.
  const child = start_cgi(request_of("GET /count?to=1000000"));
  const reader = child.stdout.getReader();
  await read_until(reader, "1\n2\n");
  await reader.cancel();
  assertEquals((await child.status).code, 0);
  await child.stdin.close().catch(() => {}); // Nobody reads it any more.
  assertEquals(text(await child.stderr.bytes()), "");
});

// What else Hono has

type Env = { Bindings: WSGIFetchInfo };

/** An answer through the simple server. */
async function ask(
  hono: Hono<Env>,
  path: string,
  init: RequestInit = {},
): Promise<{ response: Response; body: string; log: string }> {
  await using server = serve(validator(from_fetch(hono.fetch)));
  const response = await fetch(server.url + path, init);
  return { response, body: await response.text(), log: server.log.text };
}

Deno.test("c.req.raw.signal is aborted, and onAbort() called, when a client leaves", async () => {
  let signal: AbortSignal | undefined;
  let aborts = 0;
  const hono = new Hono<Env>().get("/", (c) => {
    signal = c.req.raw.signal;
    return stream(c, async (stream) => {
      stream.onAbort(() => {
        aborts++;
      });
      await stream.write("a");
      await new Promise(() => {}); // There is never more.
    });
  });
  await using way = await served(from_fetch(hono.fetch));
  const answer = await way.send({ ...request_of("GET /"), leaves: true });
  assertStringIncludes(text(answer.body), "a");
  await until(() => aborts > 0);
  assert(signal!.aborted);
  assertEquals(aborts, 1);
  assertEquals(way.log(), "");
});

Deno.test("c.req.raw.signal is not aborted when the response is complete", async () => {
  let signal: AbortSignal | undefined;
  let completed: Promise<void> | undefined;
  const hono = new Hono<Env>().get("/", (c) => {
    signal = c.req.raw.signal;
    completed = c.env.completed;
    return stream(c, async (stream) => {
      await stream.write("a");
      await stream.write("b");
    });
  });
  await using way = await served(from_fetch(hono.fetch));
  const { body } = await way.send(request_of("GET /"));
  assertEquals(text(body), "ab");
  await completed;
  assertFalse(signal!.aborted);
});

Deno.test("streamSSE() comes without its hop-by-hop headers", async () => {
  const hono = new Hono<Env>().get("/", (c) =>
    streamSSE(c, async (stream) => {
      await stream.writeSSE({ event: "e", id: "1", data: "a\nb" });
    }));
  await using way = await served(validator(from_fetch(hono.fetch)));
  assertEquals(seen(await way.send(request_of("GET /"))), {
    status: 200,
    headers: [
      ["cache-control", "no-cache"],
      ["content-type", "text/event-stream"],
    ],
    body: "event: e\ndata: a\ndata: b\nid: 1\n\n",
  });
  assertEquals(way.log(), "");
});

Deno.test("an error without onError() is Hono's 500, and what is no Error the server's", async () => {
  const errors: unknown[][] = [];
  const { error } = console;
  console.error = (...args) => errors.push(args); // Where Hono logs it.
  try {
    const mine = new Error("mine");
    const hono = new Hono<Env>()
      .get("/error", () => {
        throw mine;
      })
      .get("/string", () => {
        throw "mine";
      });
    const of_hono = await ask(hono, "/error");
    assertEquals(of_hono.response.status, 500);
    assertEquals(of_hono.body, "Internal Server Error");
    assertEquals(errors, [[mine]]);
    const of_server = await ask(hono, "/string");
    assertEquals(of_server.response.status, 500);
    assertMatch(of_server.body, /^A server error occurred/);
    assertStringIncludes(of_server.log, '"mine"');
    assertEquals(errors.length, 1);
  } finally {
    console.error = error;
  }
});

Deno.test("getConnInfo() of hono/deno gives REMOTE_ADDR", async () => {
  const hono = new Hono<Env>().get("/", (c) => c.json(getConnInfo(c)));
  const { body } = await ask(hono, "/");
  assertEquals(JSON.parse(body), {
    remote: { address: "127.0.0.1", port: 0, transport: "tcp" },
  });
});

Deno.test("c.executionCtx is missing, as it is under Deno.serve", async () => {
  const hono = new Hono<Env>().get("/", (c) => {
    try {
      return c.text(String(c.executionCtx));
    } catch (error) {
      return c.text(String(error));
    }
  });
  assertEquals(
    (await ask(hono, "/")).body,
    "Error: This context has no ExecutionContext",
  );
});

Deno.test("serveStatic() of hono/deno sends a file", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const data = Uint8Array.from({ length: 1_000_003 }, (_, i) => i * i >> 3);
    await Deno.writeFile(`${folder}/data.png`, data);
    const hono = new Hono<Env>().use("/*", serveStatic({ root: folder }));
    await using way = await served(validator(from_fetch(hono.fetch)));
    const { status, headers, body } = await way.send(
      request_of("GET /data.png"),
    );
    assertEquals(status, "200 OK");
    assertEquals(new Map(headers).get("content-type"), "image/png");
    assert(same_bytes(body, data));
    assertEquals(seen(await way.send(request_of("GET /none"))), NOT_FOUND);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("mount() takes to_fetch(): an application in Hono in a server", async () => {
  const inner: WSGIApplication = async (environ, start_response) => {
    const { REQUEST_METHOD, PATH_INFO, QUERY_STRING, REMOTE_ADDR } = environ;
    const input = await new Response(environ["wsgi.input"]).text();
    start_response("200 OK", [["Content-Type", "application/json"]]);
    const facts = [REQUEST_METHOD, PATH_INFO, QUERY_STRING, REMOTE_ADDR, input];
    return [new TextEncoder().encode(JSON.stringify(facts))];
  };
  const hono = new Hono<Env>().mount("/wsgi", to_fetch(inner));
  const init = { method: "POST", body: "Hello" };
  const { body } = await ask(hono, "/wsgi/x%2Fy?z=1", init);
  assertEquals(JSON.parse(body), ["POST", "/x/y", "z=1", "127.0.0.1", "Hello"]);
});

Deno.test("c.req gives forms, files and clones", async () => {
  const hono = new Hono<Env>().post("/", async (c) => {
    const clone = c.req.raw.clone();
    const { name, file } = await c.req.parseBody();
    const { size } = await clone.blob();
    return c.json([name, await (file as File).text(), size > 200]);
  });
  const form = new FormData();
  form.set("name", "花子");
  form.set("file", new File(["abc"], "a.txt"));
  const { body } = await ask(hono, "/", { method: "POST", body: form });
  assertEquals(JSON.parse(body), ["花子", "abc", true]);
});

Deno.test("c.req.header() has no header that the client did not send", async () => {
  const hono = new Hono<Env>()
    .all("/", (c) => c.json(Object.keys(c.req.header()).sort()));
  await using way = await served(from_fetch(hono.fetch));
  for (const method of ["GET", "POST"]) {
    const { body } = await way.send(request_of(`${method} /`));
    assertEquals(JSON.parse(text(body)), ["connection", "host"]);
  }
});
