/** Requests and responses that `from_fetch()` and a server hand on as the platform has them. */

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

Deno.test("to_fetch(from_fetch(handler)) hands the Request and the Response on", async () => {
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

Deno.test("a middleware that is between sees what it always sees", async () => {
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

Deno.test("a log without parameters is called for a response that is handed on", async () => {
  await using server = serve(() => new Response("Hello"));
  const response = await fetch(server.url);
  assertEquals(response.headers.get("content-length"), "5");
  assertEquals(response.headers.get("server"), null); // As Deno.serve has it.
  assertEquals(await response.text(), "Hello");
  assertEquals(Silent.codes, ["logged"]);
});

Deno.test("a log that has use for the number of bytes is told it", async () => {
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

Deno.test("a response that is handed on has no headers that are the server's", async () => {
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

Deno.test("a handler has the URL that a parser makes of what was sent", async () => {
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

Deno.test("what a handler is given says the same as an environ", async () => {
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

Deno.test("request.signal of the simple server is aborted when the client leaves, and not by a complete response", async () => {
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

Deno.test("a body that is handed on is cancelled when the client leaves", async () => {
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

Deno.test("shutdown() waits for a response that is handed on", async () => {
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
  class Quiet extends WSGIRequestHandler {
    override log_message(_format: string) {}
  }
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

Deno.test("the Request of a body is one of this package's, which fails where the body is cut", async () => {
  const request = new Request("http://h/", { method: "POST", body: "Hello" });
  let given: Request | null = null;
  const handler = to_fetch(from_fetch(async (request) => {
    given = request;
    return new Response(await request.text());
  }));
  assertEquals(await (await handler(request)).text(), "Hello");
  assert(given !== request);
});

Deno.test("from_fetch() refuses what every door refuses, without a call of its handler", async () => {
  for (const handler_class of [Silent, WSGIRequestHandler]) {
    class Quiet extends handler_class {
      override log_message() {}
    }
    const hosts: (string | null)[] = [];
    await using server = serve((request) => {
      hosts.push(new URL(request.url).host, request.headers.get("host"));
      return new Response("asked");
    }, Quiet);
    const { port } = new URL(server.url);
    const statuses = [];
    for (
      const head of [
        "GET / HTTP/1.1\r\nHost: <script>",
        "GET http://a.example/ HTTP/1.1\r\nHost: a b",
        "GET / HTTP/1.1\r\nHost: a.example:99999",
        "GET / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: gzip, chunked",
        "GET http://a.example/ HTTP/1.1\r\nHost: b.example",
      ]
    ) {
      const end = head.includes("chunked") ? "0\r\n\r\n" : "";
      const request = `${head}\r\nConnection: close\r\n\r\n${end}`;
      const { status } = await raw_request(Number(port), request);
      statuses.push(status.split(" ")[1]);
    }
    assertEquals(statuses, ["400", "400", "400", "501", "200"]);
    // The host of an absolute target goes before the header (RFC 9112, section 3.2.2).
    assertEquals(hosts, ["a.example", "a.example"]);
  }
});
