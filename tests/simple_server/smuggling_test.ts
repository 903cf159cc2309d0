/** A request in the body of another is never run, however the body is framed, and whether it is read or not. */

import { assertEquals } from "@std/assert";
import { to_fetch } from "../../gateways/fetch.ts";
import type { WSGIApplication } from "../../types.ts";
import { bytes, read_all, serve, write_all } from "../support/support.ts";

const INNER = "GET /inner HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

const METHODS = [
  ...["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"],
  ...["CONNECT", "PROPFIND", "OWN"],
];

/** How a body that holds a request can be framed, by a name. */
const framings: Record<string, string> = {
  "Content-Length": framed_by_length(INNER),
  "Content-Length of a body that does not come in one piece": framed_by_length(
    INNER.repeat(3000),
  ),
  "chunks": `Transfer-Encoding: chunked\r\n\r\n${
    INNER.length.toString(16)
  }\r\n${INNER}\r\n0\r\n\r\n`,
  "Content-Length and a wish for an upgrade":
    `Connection: Upgrade\r\nUpgrade: websocket\r\n${framed_by_length(INNER)}`,
  "Content-Length and Expect": `Expect: 100-continue\r\n${
    framed_by_length(INNER)
  }`,
};

function framed_by_length(body: string): string {
  return `Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** Notes what is asked for, and reads the body if that ends in "read". */
function noting(asked: string[]): WSGIApplication {
  return async (environ, start_response) => {
    const { PATH_INFO: path = "" } = environ;
    asked.push(path);
    if (path.endsWith("read")) {
      await new Response(environ["wsgi.input"]).bytes();
    }
    start_response("200 OK", []);
    return [bytes("ok")];
  };
}

/** A server by HTTP. */
interface Listening extends AsyncDisposable {
  port: number;
}

const servers: Record<string, (app: WSGIApplication) => Listening> = {
  make_server: (app) => serve(app),
  to_fetch(app) {
    const server = Deno.serve(
      {
        hostname: "127.0.0.1",
        port: 0,
        onListen() {},
        onError: () => new Response(null, { status: 500 }),
      },
      to_fetch(app),
    );
    return {
      port: server.addr.port,
      [Symbol.asyncDispose]: () => server.shutdown(),
    };
  },
};

for (const [name, open] of Object.entries(servers)) {
  for (const [framing, body] of Object.entries(framings)) {
    Deno.test(`${name}: a request in a body is not run: ${framing}`, async () => {
      for (const method of METHODS) {
        for (const path of ["/outer", "/read"]) {
          const asked: string[] = [];
          await using server = open(noting(asked));
          const target = method === "CONNECT" ? "outer:80" : path;
          using conn = await Deno.connect({
            hostname: "127.0.0.1",
            port: server.port,
          });
          const head = `${method} ${target} HTTP/1.1\r\nHost: outer\r\n`;
          // The last request ends the connection, if no other has.
          const last = INNER.replace("inner", "last");
          await write_all(conn, bytes(head + body + last)).catch(() => {});
          await read_all(conn).catch(() => "");
          const others = asked.filter((path) => path === "/inner");
          assertEquals(others, [], `${method} ${path}`);
        }
      }
    });
  }
}

Deno.test("a CONNECT with content is refused, and its connection closed", async () => {
  await using server = serve(noting([]));
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const head = "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n";
  await write_all(conn, bytes(head + framed_by_length(INNER)));
  const [status] = (await read_all(conn)).split("\r\n");
  assertEquals(status, "HTTP/1.1 400 Bad Request");
  assertEquals(server.log.text, "");
});

Deno.test("a CONNECT without content is for the application", async () => {
  const asked: string[] = [];
  await using server = serve(noting(asked));
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const head =
    "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  await write_all(conn, bytes(head));
  const [status] = (await read_all(conn)).split("\r\n");
  assertEquals([status, asked.length], ["HTTP/1.1 200 OK", 1]);
});
