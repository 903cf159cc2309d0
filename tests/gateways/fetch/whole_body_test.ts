/** Which bodies are known to be complete, and what a log is told of a response that is sent as it is. */

import { assertEquals } from "@std/assert";
import { from_fetch } from "../../../gateways/fetch.ts";
import { is_whole, whole_size } from "../../../gateways/fetch/whole_body.ts";
import type * as module from "../../../gateways/fetch/whole_body.ts";
import { make_server, WSGIRequestHandler } from "../../../simple_server.ts";
import type { WSGIApplication } from "../../../types.ts";
import { bytes, Log, raw_request, stream_of } from "../../support/support.ts";

const headers = { "X-Test": "1" };

/** Responses, and the number of bytes that are known of their bodies. */
const sizes: Record<string, [make: () => Response, size: number | null]> = {
  "text": [() => new Response("abc"), 3],
  "text with headers": [() => new Response("abc", { headers }), 3],
  "text beyond ASCII": [() => new Response("äbc€", { headers }), 7],
  "half a character": [() => new Response("\ud800", { headers }), 3],
  "JSON": [() => Response.json({ a: 1 }), 7],
  "JSON with a status": [() => Response.json({ a: 1 }, { status: 201 }), 7],
  "bytes": [() => new Response(bytes("abc"), { headers }), 3],
  "no text": [() => new Response("", { headers }), 0],
  "a query": [() => new Response(new URLSearchParams({ a: "b" })), 3],
  "a copy": [() => new Response("abc", { headers }).clone(), 3],
  "text that was made a stream": [
    () => {
      const response = new Response("abc", { headers });
      response.body?.getReader().releaseLock();
      return response;
    },
    null,
  ],
  "no body": [() => new Response(null, { headers }), null],
  "a blob": [() => new Response(new Blob(["abc"]), { headers }), null],
  "a stream": [() => new Response(stream_of("abc"), { headers }), null],
};

Deno.test("the size of a complete body is known, and only of that", async () => {
  for (const [name, [make, size]] of Object.entries(sizes)) {
    const response = make();
    assertEquals(response.bodyUsed, false); // This is asked of each that a handler returns.
    assertEquals(whole_size(response), size, name);
    assertEquals(is_whole(response), size !== null, name);
    const data = await response.bytes();
    if (size !== null) assertEquals(data.length, size, name);
  }
});

Deno.test("no size is known where a Response keeps no source", async () => {
  const { Response } = globalThis;
  const response = new Response("abc", { headers });
  globalThis.Response = class {} as typeof Response;
  try {
    const fresh: typeof module = await import(
      "../../../gateways/fetch/whole_body.ts?fresh"
    );
    assertEquals(fresh.whole_size(response), null);
    assertEquals(fresh.is_whole(response), false);
  } finally {
    globalThis.Response = Response;
  }
});

/** What a request handler has to tell of a response when it logs it. */
interface Logged {
  code: number | string;
  size: number | string;
  status: string | null;
  headers: string[];
  bytes_sent: number;
  path: string;
}

/** Header lines as they can be compared: a response that is sent as it is lacks `Server`. */
function comparable(lines: string[]): string[] {
  return lines.map((line) => line.toLowerCase())
    .filter((line) => !/^(date|server):|^$/.test(line)).sort();
}

/** What a client gets, and what is logged. */
async function outcome(app: WSGIApplication, method: string) {
  const logged: Logged[] = [];
  class Logging extends WSGIRequestHandler {
    override get_stderr() {
      return new Log();
    }
    override log_request(code: number | string, size: number | string) {
      const { status, headers, bytes_sent, environ } = this.handler!;
      logged.push({
        ...{ code, size, status, bytes_sent, path: environ!.PATH_INFO! },
        headers: comparable(String(headers).split("\r\n")),
      });
    }
  }
  await using server = make_server("127.0.0.1", 0, app, undefined, Logging);
  server.serve_forever();
  const request =
    `${method} /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`;
  const answer = await raw_request(server.server_port, request);
  const { status, body } = answer;
  return { status, headers: comparable(answer.headers), body, logged };
}

const answers: Record<string, () => Response> = {
  ...Object.fromEntries(
    Object.entries(sizes).map(([name, [make]]) => [name, make]),
  ),
  "a length that is right": () =>
    new Response("abc", { headers: { "Content-Length": "3" } }),
  "a length that is too large": () =>
    new Response("abc", { headers: { "Content-Length": "4" } }),
  "a length that is too small": () =>
    new Response("abc", { headers: { "Content-Length": "2" } }),
  "a body that is locked": () => {
    const response = new Response("abc");
    response.body?.getReader();
    return response;
  },
  "a status of its own": () => new Response("abc", { status: 418 }),
  "a status without a body": () => new Response(null, { status: 204, headers }),
  "a redirection": () => Response.redirect("http://h/there"),
  "two cookies": () =>
    new Response("abc", {
      headers: [["Set-Cookie", "a"], ["Set-Cookie", "b"]],
    }),
  "a header of the server": () =>
    new Response("abc", { headers: { "Connection": "keep-alive" } }),
};

for (const method of ["GET", "HEAD"]) {
  for (const [name, make] of Object.entries(answers)) {
    Deno.test(`${method}: a response with ${name} is sent and logged as by WSGI`, async () => {
      const app = from_fetch(make);
      const direct = await outcome(app, method);
      const by_wsgi = await outcome(
        (environ, start_response) => app(environ, start_response),
        method,
      );
      assertEquals(direct, by_wsgi);
      assertEquals(direct.logged.length, 1);
    });
  }
}
