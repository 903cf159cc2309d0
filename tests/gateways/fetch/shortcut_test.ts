/** The shortcut to a fetch handler through SCGI, FastCGI and uwsgi, past the middleware that lets its requests pass. */

import { assertEquals, assertMatch } from "@std/assert";
import {
  type FetchHandler,
  from_fetch,
  type FromFetchOptions,
} from "../../../gateways/fetch.ts";
import {
  limit_body,
  limit_request,
  limit_time,
  trust_forwarded,
} from "../../../middleware/mod.ts";
import type { Variables } from "../../../_internal/request/variables.ts";
import type { WSGIApplication } from "../../../types.ts";
import { bytes, until, write_all } from "../../support/support.ts";
import type { Answered } from "../answered.ts";
import {
  ask,
  connect,
  open_gateway,
  whole_request,
} from "../gateway_clients.ts";
import { test_each } from "../common/each_protocol.ts";

/** A handler within all the middleware that lets requests pass, as the command has it. */
function limited(
  handler: FetchHandler,
  options: FromFetchOptions = {},
): WSGIApplication {
  const app = from_fetch(handler, options);
  const with_body = limit_body(limit_time(app, { timeout: 30 }), {
    max_size: 10,
  });
  const trusting = trust_forwarded(with_body, {
    trusted: ["192.0.2.1"],
  });
  return limit_request(trusting, { line: 60, fields: 12, field_size: 400 });
}

/** An application behind middleware that only knows WSGI. */
function behind_wsgi(app: WSGIApplication): WSGIApplication {
  return (environ, start_response) => app(environ, start_response);
}

/** What a handler sees of its request. */
const tell: FetchHandler = async (request, info) =>
  Response.json([
    request.method,
    request.url,
    request.headers.get("x-test"),
    request.headers.get("x-forwarded-for"),
    await request.text(),
    info.remoteAddr.hostname,
    info.environ.SCRIPT_NAME,
  ], { headers: { Location: "/there" } });

/** The first line, and the body, of an answer. */
function gist({ text }: Answered): [status: string, body: string] {
  const [status = ""] = text.split("\r\n");
  return [status, text.slice(text.indexOf("\r\n\r\n") + 4)];
}

/** Requests, and what the handler sees of them, or the status that the middleware answers with. */
const rows: [Variables, body: string, expected: unknown[] | string][] = [
  [{}, "", ["GET", "http://localhost/", null, null, "", "", ""]],
  [
    { HTTP_HOST: "h:8", PATH_INFO: "/a b", QUERY_STRING: "c=%20" },
    "",
    ["GET", "http://h:8/a%20b?c=%20", null, null, "", "", ""],
  ],
  [
    { PATH_INFO: "/a/../b", REQUEST_URI: "/a/../b" },
    "",
    ["GET", "http://localhost/b", null, null, "", "", ""],
  ],
  [
    { SCRIPT_NAME: "/m", PATH_INFO: "/x", REQUEST_URI: "/m/x" },
    "",
    ["GET", "http://localhost/x", null, null, "", "", "/m"],
  ],
  [
    { HTTP_X_TEST: "1", REMOTE_ADDR: "198.51.100.7" },
    "",
    ["GET", "http://localhost/", "1", null, "", "198.51.100.7", ""],
  ],
  [
    { HTTP_X_FORWARDED_FOR: "203.0.113.9", REMOTE_ADDR: "198.51.100.7" },
    "",
    ["GET", "http://localhost/", null, null, "", "198.51.100.7", ""],
  ],
  [
    { HTTP_X_FORWARDED_FOR: "203.0.113.9", REMOTE_ADDR: "192.0.2.1" },
    "",
    ["GET", "http://localhost/", null, "203.0.113.9", "", "203.0.113.9", ""],
  ],
  [
    { REQUEST_METHOD: "POST" },
    "abc",
    ["POST", "http://localhost/", null, null, "abc", "", ""],
  ],
  [{}, "abc", ["GET", "http://localhost/", null, null, "", "", ""]],
  [{ REQUEST_METHOD: "HEAD" }, "", []],
  [{ HTTP_HOST: "a/b" }, "", "400 Bad Request"],
  [{}, "x".repeat(11), "413 Content Too Large"],
  [{ REQUEST_URI: `/${"x".repeat(60)}` }, "", "414 URI Too Long"],
  [{ PATH_INFO: `/${"x".repeat(60)}` }, "", "414 URI Too Long"],
  [
    { HTTP_X_TEST: "x".repeat(400) },
    "",
    "431 Request Header Fields Too Large",
  ],
  [
    Object.fromEntries(
      Array.from({ length: 13 }, (_, i) => [`HTTP_X_${i}`, "1"]),
    ),
    "",
    "431 Request Header Fields Too Large",
  ],
];

test_each("the shortcut answers what WSGI answers", async (protocol) => {
  const app = limited(tell);
  await using direct = await open_gateway(protocol, app);
  await using by_wsgi = await open_gateway(protocol, behind_wsgi(app));
  for (const [variables, body, expected] of rows) {
    const answer = await ask(protocol, direct.server, variables, body);
    const [status, content] = gist(answer);
    const name = JSON.stringify([variables, body]);
    if (typeof expected === "string") assertEquals(status, expected, name);
    else {
      assertEquals([status, JSON.parse(content || "[]")], ["200 OK", expected]);
    }
    assertEquals(
      await ask(protocol, by_wsgi.server, variables, body),
      answer,
      name,
    );
  }
  assertEquals(direct.log.text, by_wsgi.log.text);
});

test_each(
  "a handler that keeps SCRIPT_NAME sees it by the shortcut",
  async (protocol) => {
    const app = limited(tell, { keep_script_name: true });
    await using gateway = await open_gateway(protocol, app);
    const variables = { SCRIPT_NAME: "/m", PATH_INFO: "/x" };
    const { text } = await ask(protocol, gateway.server, variables);
    assertMatch(text, /^location: \/there\r$/m);
    assertMatch(text, /"http:\/\/localhost\/m\/x"/);
  },
);

test_each(
  "by the shortcut, a handler has answered when it has returned its Response",
  async (protocol) => {
    const late = () =>
      new Response(
        new ReadableStream({
          async pull(controller) {
            await new Promise((resolve) => setTimeout(resolve, 100));
            controller.enqueue(bytes("late"));
            controller.close();
          },
        }),
      );
    const app = limit_time(from_fetch(late), { timeout: 0.01 });
    await using gateway = await open_gateway(protocol, app);
    const answer = await ask(protocol, gateway.server);
    assertEquals(gist(answer), ["200 OK", "late"]);
  },
);

test_each(
  "a handler that does not answer in time is given up, and told so",
  async (protocol) => {
    let signal: AbortSignal | null = null;
    const messages: string[] = [];
    const app = limit_time(
      from_fetch((request) => {
        signal = request.signal;
        return new Promise<Response>(() => {});
      }),
      { timeout: 0.01, log: (message) => void messages.push(message) },
    );
    await using gateway = await open_gateway(protocol, app);
    const answer = await ask(protocol, gateway.server);
    assertEquals(gist(answer), [
      "503 Service Unavailable",
      "Service Unavailable",
    ]);
    assertEquals(messages, [
      '"GET / HTTP/1.1" was not answered within 0.01 s: 503',
    ]);
    assertEquals(signal!.aborted, true);
  },
);

for (const way of ["returns", "throws"] as const) {
  test_each(
    `a handler that ${way} an error answers with a 500 by the shortcut`,
    async (protocol) => {
      const app = limited(() => {
        const error = new Error("handler");
        if (way === "throws") throw error;
        return Promise.reject(error);
      });
      await using gateway = await open_gateway(protocol, app);
      const [status] = gist(await ask(protocol, gateway.server));
      assertEquals(status, "500 Internal Server Error");
      const { text } = gateway.log;
      assertEquals(text.split("Error: handler").length - 1, 1, text);
      assertMatch(text, /"GET \/ HTTP\/1.1" 500 \d+\n$/);
    },
  );
}

test_each(
  "a client that leaves ends a request whose handler never answers, as by WSGI",
  async (protocol) => {
    const signals: AbortSignal[] = [];
    const app = limited((request) => {
      signals.push(request.signal);
      return new Promise<Response>(() => {});
    });
    for (const way of [app, behind_wsgi(app)]) {
      await using gateway = await open_gateway(protocol, way);
      const conn = await connect(gateway.server.server_address);
      await write_all(conn, whole_request(protocol));
      await until(() => signals.length > 0);
      conn.close();
      await until(() => signals[0]!.aborted);
      await gateway.server.shutdown();
      assertEquals(gateway.log.text, '"GET / HTTP/1.1" 500 0\n');
      signals.pop();
    }
  },
);

test_each(
  "a client that leaves has the answer of its handler cancelled",
  async (protocol) => {
    const answer = Promise.withResolvers<Response>();
    let cancelled = false;
    const app = limited((request) => {
      request.signal.addEventListener("abort", () => {
        answer.resolve(
          new Response(
            new ReadableStream({
              cancel: () => void (cancelled = true),
            }),
          ),
        );
      });
      called = true;
      return answer.promise;
    });
    let called = false;
    await using gateway = await open_gateway(protocol, app);
    const conn = await connect(gateway.server.server_address);
    await write_all(conn, whole_request(protocol));
    await until(() => called);
    conn.close();
    await until(() => cancelled);
  },
);
