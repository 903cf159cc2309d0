/** The shortcut between a server and `from_fetch()`: the platform's own `Request` and `Response` are passed on. */

import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertStrictEquals,
} from "@std/assert";
import {
  type FetchHandler,
  from_fetch,
  to_fetch,
  type WSGIFetchInfo,
} from "../../../gateways/fetch.ts";
import {
  make_server,
  WSGIRequestHandler,
  type WSGIRequestHandlerClass,
} from "../../../simple_server.ts";
import {
  limit_body,
  limit_request,
  limit_time,
  trust_forwarded,
} from "../../../middleware/mod.ts";
import type { WSGIApplication } from "../../../types.ts";
import { bytes, raw_request, until, write_all } from "../../support/support.ts";

/** What was logged by the servers below. */
class Silent extends WSGIRequestHandler {
  static codes: string[] = [];
  static stacks: unknown[] = [];
  override log_request() {
    Silent.codes.push("logged");
  }
  log_exception(error: unknown) {
    Silent.stacks.push(error);
  }
}

/** It is told the number of bytes, so it has to see the response. */
class Quiet extends WSGIRequestHandler {
  override log_message(_format: string) {}
}

function serve(
  handler: FetchHandler,
  handler_class: WSGIRequestHandlerClass = Silent,
) {
  return serve_app(from_fetch(handler), handler_class);
}

function serve_app(
  app: WSGIApplication,
  handler_class: WSGIRequestHandlerClass = Silent,
) {
  Silent.codes = [];
  Silent.stacks = [];
  const server = make_server("127.0.0.1", 0, app, undefined, handler_class);
  server.serve_forever();
  return Object.assign(server, {
    url: `http://127.0.0.1:${server.server_port}`,
  });
}

Deno.test("to_fetch(from_fetch(handler)) passes on the Request and the Response themselves", async () => {
  const response = new Response("Hello");
  let seen: Request | null = null;
  const handler = to_fetch(from_fetch((request) => {
    seen = request;
    return response;
  }));
  const request = new Request("http://h/a?b=c%20d");
  assertStrictEquals(await handler(request), response);
  assertStrictEquals(seen, request);
});

Deno.test("middleware in between gets environ and start_response as always", async () => {
  let given: Request | null = null;
  const inner = from_fetch((request) => {
    given = request;
    return new Response(request.headers.get("x-user"), {
      headers: { "X-Inner": "1" },
    });
  });
  let status = "";
  const app: WSGIApplication = (environ, start_response) => {
    environ.HTTP_X_USER = "Ada";
    return inner(environ, (code, headers) => {
      status = code;
      return start_response(code, [...headers, ["X-Outer", "2"]]);
    });
  };
  await using server = serve_app(app);
  const response = await fetch(server.url);
  assertEquals(await response.text(), "Ada");
  assertEquals(response.headers.get("x-inner"), "1");
  assertEquals(response.headers.get("x-outer"), "2");
  assertEquals(status, "200 OK");
  assert(given);
});

Deno.test("a log function without parameters is called for a response that is sent as it is", async () => {
  await using server = serve(() => new Response("Hello"));
  const response = await fetch(server.url);
  assertEquals(response.headers.get("content-length"), "5");
  assertEquals(response.headers.get("server"), null); // As Deno.serve has it.
  assertEquals(await response.text(), "Hello");
  assertEquals(Silent.codes, ["logged"]);
});

Deno.test("a log function with parameters gets the number of bytes", async () => {
  const lines: string[] = [];
  class Logging extends WSGIRequestHandler {
    override log_message(format: string, ...args: unknown[]) {
      lines.push([format, ...args].join(" "));
    }
  }
  const body = () =>
    new ReadableStream({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        controller.enqueue(bytes("four"));
        controller.close();
      },
    });
  await using server = serve(
    (request: Request) =>
      new Response(new URL(request.url).pathname === "/" ? "Hello" : body()),
    Logging,
  );
  await (await fetch(server.url)).text();
  await (await fetch(`${server.url}/stream`)).text();
  await until(() => lines.length === 2);
  assertMatch(lines[0]!, / GET \/ HTTP\/1.1 200 5$/);
  assertMatch(lines[1]!, / GET \/stream HTTP\/1.1 200 4$/);
});

Deno.test("headers that only the server may set are dropped", async () => {
  await using server = serve(() =>
    new Response("Hello", { headers: { "Status": "404 x", "Keep-Alive": "a" } })
  );
  const response = await fetch(server.url);
  assertEquals(response.headers.get("status"), null);
  assertEquals(response.headers.get("keep-alive"), null);
  assertEquals(response.headers.get("content-length"), "5");
  assertEquals(await response.text(), "Hello");
});

Deno.test("an error of a handler is logged once, and answered with a 500", async () => {
  for (
    const handler of [
      () => {
        throw new Error("mine");
      },
      () => Promise.reject(new Error("mine")),
      () => "Hello" as unknown as Response,
      () => Response.error(),
    ]
  ) {
    await using server = serve(handler);
    const response = await fetch(server.url);
    assertEquals(response.status, 500);
    await response.body?.cancel();
    assertEquals(Silent.stacks.length, 1);
  }
});

Deno.test("the URL of a handler is normalised, as of every Request", async () => {
  await using server = serve((request: Request) => new Response(request.url));
  for (
    const [target, expected] of [
      ["/a/../b", "/b"],
      ["/a/%2e/b", "/a/b"],
      ["/a?'", "/a?%27"],
      ["/a|b", "/a|b"],
      ["/caf\xc3\xa9", "/caf%C3%A9"],
      ["//a", "//a"],
      ["/a%2Fb?c=d", "/a%2Fb?c=d"],
    ]
  ) {
    const conn = await Deno.connect({ port: server.server_port });
    await write_all(
      conn,
      bytes(`GET ${target} HTTP/1.1\r\nHost: H.example:80\r\n\r\n`),
    );
    const buffer = new Uint8Array(1000);
    const length = (await conn.read(buffer))!;
    conn.close();
    const text = new TextDecoder().decode(buffer.subarray(0, length));
    assertEquals(text.split("\r\n\r\n")[1], `http://h.example${expected}`);
  }
});

Deno.test("a handler gets an environ although none was needed", async () => {
  let info: WSGIFetchInfo | null = null;
  await using server = serve((_request: Request, given: WSGIFetchInfo) => {
    info = given;
    return Response.json([
      given.environ.PATH_INFO,
      given.environ.HTTP_X_A,
      typeof given.environ["wsgi.errors"].write,
      given.environ["wsgi.input"] instanceof ReadableStream,
      given.remoteAddr.hostname,
    ]);
  });
  const response = await fetch(`${server.url}/a%20b`, {
    headers: { "X-A": "1" },
  });
  const expected = ["/a b", "1", "function", true, "127.0.0.1"];
  assertEquals(await response.json(), expected);
  assertStrictEquals(info!.environ, info!.environ);
  await info!.completed;
});

Deno.test("request.signal of the simple server is aborted when the client disconnects, and not after a complete response", async () => {
  const signals: AbortSignal[] = [];
  await using server = serve((request: Request) => {
    signals.push(request.signal);
    return new Response(
      new URL(request.url).pathname === "/" ? "Hello" : new ReadableStream({
        start: (controller) => controller.enqueue(bytes("a")),
      }),
    );
  });
  assertEquals(await (await fetch(server.url)).text(), "Hello");
  const left = await fetch(`${server.url}/endless`);
  const reader = left.body!.getReader();
  await reader.read();
  assertFalse(signals[1]!.aborted);
  await reader.cancel();
  await until(() => signals[1]!.aborted);
  assertFalse(signals[0]!.aborted);
});

Deno.test("the body of a response that is sent as it is is cancelled when the client disconnects", async () => {
  let cancelled = 0;
  await using server = serve(() =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(bytes("a")),
        cancel() {
          cancelled++;
        },
      }),
    )
  );
  const reader = (await fetch(server.url)).body!.getReader();
  await reader.read();
  await reader.cancel();
  await until(() => cancelled === 1);
});

Deno.test("shutdown() waits for a response that is sent as it is", async () => {
  const go_on = Promise.withResolvers<void>();
  await using server = serve(() =>
    new Response(
      new ReadableStream({
        async pull(controller) {
          controller.enqueue(bytes("a"));
          await go_on.promise;
          controller.enqueue(bytes("b"));
          controller.close();
        },
      }),
    )
  );
  const reader = (await fetch(server.url)).body!.getReader();
  await reader.read();
  const stopped = server.shutdown();
  go_on.resolve();
  const step = await reader.read();
  assertEquals(step.value, bytes("b"));
  assert((await reader.read()).done);
  await stopped;
});

Deno.test("Deno.upgradeWebSocket() works in a handler of the simple server, logged or not", async () => {
  for (const handler_class of [Silent, Quiet]) {
    await using server = serve((request: Request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = ({ data }) => {
        socket.send(`you said ${data}`);
        socket.close();
      };
      return response;
    }, handler_class);
    const socket = new WebSocket(server.url.replace("http", "ws"));
    const answer = Promise.withResolvers<string>();
    const closed = Promise.withResolvers<void>();
    socket.onopen = () => socket.send("Hello");
    socket.onmessage = ({ data }) => answer.resolve(data);
    socket.onclose = () => closed.resolve();
    assertEquals(await answer.promise, "you said Hello");
    await closed.promise;
  }
});

Deno.test("a request with a body gets a Request of this package, which notices a truncated body", async () => {
  const request = new Request("http://h/", { method: "POST", body: "Hello" });
  let given: Request | null = null;
  const handler = to_fetch(from_fetch(async (request) => {
    given = request;
    return new Response(await request.text());
  }));
  assertEquals(await (await handler(request)).text(), "Hello");
  assert(given !== request);
});

/** Heads of requests, and the statuses that `from_fetch()` gives; the second if nothing between it and Deno.serve reads headers. */
const DISPUTED: [head: string, status: string, unread: string][] = [
  ["GET / HTTP/1.1\r\nHost: <script>", "400", "400"],
  ["GET http://a.example/ HTTP/1.1\r\nHost: a b", "400", "200"],
  ["GET / HTTP/1.1\r\nHost: a.example:99999", "400", "400"],
  [
    "GET / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: gzip, chunked",
    "501",
    "200",
  ],
  ["GET http://a.example/ HTTP/1.1\r\nHost: b.example", "200", "200"],
];

async function statuses_of(server: { url: string }): Promise<string[]> {
  const { port } = new URL(server.url);
  const statuses = [];
  for (const [head] of DISPUTED) {
    const end = head.includes("chunked") ? "0\r\n\r\n" : "";
    const request = `${head}\r\nConnection: close\r\n\r\n${end}`;
    const { status } = await raw_request(Number(port), request);
    statuses.push(status.split(" ")[1]!);
  }
  return statuses;
}

Deno.test("from_fetch() refuses what every door refuses, without calling its handler", async () => {
  const hosts: (string | null)[] = [];
  const app = from_fetch((request) => {
    hosts.push(new URL(request.url).host, request.headers.get("host"));
    return new Response("asked");
  });
  for (
    const [served, handler_class] of [
      [app, Quiet],
      [limit_request(app), Silent],
      [limit_body(app, { max_size: 10 }), Silent],
      [trust_forwarded(app, { trusted: "*" }), Silent],
    ] as const
  ) {
    hosts.length = 0;
    await using server = serve_app(served, handler_class);
    assertEquals(
      await statuses_of(server),
      DISPUTED.map(([, status]) => status),
    );
    // The host of an absolute target goes before the header (RFC 9112, section 3.2.2).
    assertEquals(hosts, ["a.example", "a.example"]);
  }
});

Deno.test("from_fetch() refuses what the URL shows if nothing reads the headers, as they are slow to read", async () => {
  await using server = serve(() => new Response("asked"));
  assertEquals(
    await statuses_of(server),
    DISPUTED.map(([, , status]) => status),
  );
});

Deno.test("limits let the Request and the Response pass, or act as by WSGI", async () => {
  const limits: [string, (app: WSGIApplication) => WSGIApplication][] = [
    ["limit_body()", (app) => limit_body(app, { max_size: 3 })],
    [
      "limit_request()",
      (app) => limit_request(app, { line: 60, fields: 5, field_size: 30 }),
    ],
    ["limit_time()", (app) => limit_time(app, { timeout: 10 })],
    [
      "trust_forwarded()",
      (app) => trust_forwarded(app, { trusted: "10.0.0.1" }),
    ],
  ];
  const response = new Response("Hello");
  let given: Request | null = null;
  const app = from_fetch((request) => {
    given = request;
    return request.headers.has("x-new")
      ? Response.json([...request.headers.keys()])
      : response;
  });
  const all = limits.reduce((app, [, limit]) => limit(app), app);
  for (const [name, limit] of [...limits, ["all", () => all] as const]) {
    const handler = to_fetch(limit(app));
    const request = new Request("http://h/a");
    assertStrictEquals(await handler(request), response, name);
    assertStrictEquals(given, request, name);
  }
  const statuses = [];
  for (
    const [url, headers] of [
      ["http://h/", { "X-Big": "x".repeat(24) }],
      ["http://h/", { "X-Big": "x".repeat(23) }],
      ["http://h/", { a: "1", b: "1", c: "1", d: "1", e: "1", f: "1" }],
      ["http://h/", { a: "1", b: "1", c: "1", d: "1", e: "1" }],
      [`http://h/${"x".repeat(60)}`, {}],
      ["http://h/", { "Content-Length": "4" }],
      ["http://h/", { "Content-Length": "3" }],
    ] as [string, Record<string, string>][]
  ) {
    const request = new Request(url, { headers });
    statuses.push((await to_fetch(all)(request)).status);
  }
  assertEquals(statuses, [431, 200, 431, 200, 414, 413, 200]);
  const forwarded = await to_fetch(all)(
    new Request("http://h/", { headers: { "X-Real-IP": "1", "X-New": "1" } }),
  );
  assertEquals(await forwarded.json(), ["x-new"]);
});

Deno.test("limit_time() gives up a handler that got the Request itself", async () => {
  const messages: string[] = [];
  const ends: string[] = [];
  const late = Promise.withResolvers<Response>();
  const app = limit_time(
    from_fetch((request, info) => {
      request.signal.onabort = () => ends.push("aborted");
      info.completed.catch(() => ends.push("left"));
      return late.promise;
    }),
    { timeout: 0.05, log: (message) => void messages.push(message) },
  );
  const response = await to_fetch(app)(new Request("http://h/a"));
  assertEquals(response.status, 503);
  assertEquals(await response.text(), "Service Unavailable");
  assertEquals(ends, ["aborted", "left"]);
  const cancelled = Promise.withResolvers<void>();
  late.resolve(
    new Response(new ReadableStream({ cancel: () => cancelled.resolve() })),
  );
  await cancelled.promise;
  assertEquals(messages, [
    '"GET /a HTTP/1.1" was not answered within 0.05 s: 503',
  ]);
});

Deno.test("limit_time() logs an error that a handler which got the Request itself throws too late", async () => {
  for (
    const [error, logged] of [
      [new Error("mine"), true],
      [new DOMException("left", "AbortError"), false],
    ] as const
  ) {
    const messages: string[] = [];
    const late = Promise.withResolvers<Response>();
    const app = limit_time(from_fetch(() => late.promise), {
      timeout: 0.05,
      log: (message) => void messages.push(message.split("\n")[0]!),
    });
    const response = await to_fetch(app)(new Request("http://h/a"));
    assertEquals(response.status, 503);
    await response.body?.cancel();
    late.reject(error);
    await new Promise((resolve) => setTimeout(resolve, 0));
    assertEquals(
      messages.slice(1),
      logged
        ? ['"GET /a HTTP/1.1" failed after it had timed out: Error: mine']
        : [],
    );
  }
});
