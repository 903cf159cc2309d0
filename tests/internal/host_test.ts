/** The host that a client asks for, and whom that is believed (RFC 9112, section 3.2). */

import { assertEquals } from "@std/assert";
import { full_name } from "../../_internal/server/host_names.ts";
import { make_server, WSGIRequestHandler, WSGIServer } from "../../mod.ts";
import type { WSGIApplication } from "../../types.ts";
import { request_uri } from "../../util.ts";
import {
  bytes,
  raw_request,
  read_all,
  serve,
  write_all,
} from "../support/support.ts";

const tell: WSGIApplication = (
  { HTTP_HOST = null, PATH_INFO },
  start_response,
) => {
  start_response("200 OK", [["Content-Type", "application/json"]]);
  return [bytes(JSON.stringify({ HTTP_HOST, PATH_INFO }))];
};

class Quiet extends WSGIRequestHandler {
  override log_request() {}
}

Deno.test("a client that names no host gets no HTTP_HOST", async () => {
  await using server = serve(tell);
  for (const version of ["1.0", "1.1"]) {
    const { body } = await raw_request(
      server.port,
      `GET /x HTTP/${version}\r\nConnection: close\r\n\r\n`,
    );
    const { HTTP_HOST, PATH_INFO } = JSON.parse(body);
    assertEquals([HTTP_HOST, PATH_INFO], [null, "/x"]);
  }
});

Deno.test("an absolute target names the host, whatever a header says, but no user", async () => {
  await using server = serve(tell);
  for (
    const [target, host, expected] of [
      ["http://other.example:81/x", null, "other.example:81"],
      ["http://other.example/x", "h:82", "other.example"],
      ["http://other.example:81/x", "h", "other.example:81"],
      ["HTTP://Other.example/x", "h", "Other.example"],
      ["https://other.example/x", "h", "other.example"],
      ["http://other.example?x", "h", "other.example"],
      ["http://[::1]:81/x", "h", "[::1]:81"],
      ["http://user:secret@other.example/x", null, "other.example"],
      ["http://user:secret@other.example/x", "user", "other.example"],
      [`${server.url}/x`, "h", `127.0.0.1:${server.port}`],
      [`http://localhost:${server.port}/x`, "h", `localhost:${server.port}`],
    ] as const
  ) {
    const header = host === null ? "" : `Host: ${host}\r\n`;
    const { body } = await raw_request(
      server.port,
      `GET ${target} HTTP/1.1\r\n${header}Connection: close\r\n\r\n`,
    );
    assertEquals(JSON.parse(body).HTTP_HOST, expected, target);
  }
});

Deno.test("a header that is no host is refused beside an absolute target as well", async () => {
  await using server = serve(tell);
  const { status } = await raw_request(
    server.port,
    "GET http://other.example/x HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n",
  );
  assertEquals(status, "HTTP/1.1 400 Bad Request");
});

Deno.test("a host that is none in an absolute target is refused", async () => {
  await using server = serve(tell);
  for (const host of ["a'b", "a:99999", "%41"]) {
    const { status } = await raw_request(
      server.port,
      `GET http://${host}/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
    );
    assertEquals(status, "HTTP/1.1 400 Bad Request", host);
  }
});

Deno.test("a name, an address and a port are a host", async () => {
  await using server = serve(tell);
  const names = [
    "h",
    "a-b.example.",
    "A_b~c",
    "1.2.3.4",
    "[::1]",
    "[1:2::3.4.5.6]",
  ];
  for (const name of names) {
    for (const port of ["", ":", ":0", ":81", ":00080", ":65535"]) {
      const { body } = await raw_request(
        server.port,
        `GET /x HTTP/1.1\r\nHost: ${name}${port}\r\nConnection: close\r\n\r\n`,
      );
      assertEquals(JSON.parse(body).HTTP_HOST, name + port);
    }
  }
});

/** What is no host, or may not stand in a header so. */
const NO_HOSTS = [
  ...[
    "",
    ":81",
    "a b",
    "a\tb",
    "<script>",
    "x:y:z",
    "x:80:90",
    "x:+80",
    "x: 80",
  ],
  ...["x:99999", "x:655360", "a/b", "/", "a?b", "a#b", "a@b", "u:p@h", "a\\b"],
  ...[
    "a,b",
    "a, b",
    "a;b",
    "a'b",
    '"a"',
    "(a)",
    "a=b",
    "a&b",
    "a!b",
    "a|b",
    "{a}",
  ],
  ...[
    "::1",
    "[::1",
    "::1]",
    "[]",
    "[::g]",
    "[1.2.3.4]",
    "[:]",
    "[::1]x",
    "[::1]80",
  ],
  ...["[fe80::1%25eth0]", "[v1.a]", "%41", "a%2Fb", "*", "http://h", "\xe9"],
  ...["caf\xc3\xa9.example", "\xff", "x".repeat(256)],
];

Deno.test("anything else is none, and a 400", async () => {
  await using server = serve(tell);
  for (const host of NO_HOSTS) {
    const { status } = await raw_request(
      server.port,
      `GET /x HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    assertEquals(status, "HTTP/1.1 400 Bad Request", host);
  }
});

Deno.test("a request that is refused is answered as its method asks, and logged", async () => {
  await using server = serve(tell);
  const { headers, body } = await raw_request(
    server.port,
    "HEAD /x HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n",
  );
  assertEquals(headers.includes("content-length: 11"), true);
  assertEquals(body, "");
  assertEquals(server.log.text, '"HEAD /x HTTP/1.1" 400 0\n');
});

Deno.test("HTTP_HOST on a Unix socket is what the client names", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tsgi-" });
  const path = `${folder}/a-b_c.sock`;
  await using server = new WSGIServer(path, Quiet);
  server.set_app(tell);
  server.serve_forever();
  const host = async (request_line: string, header = "") => {
    using conn = await Deno.connect({ transport: "unix", path });
    const request = `${request_line}\r\n${header}Connection: close\r\n\r\n`;
    await write_all(conn, bytes(request));
    const answer = await read_all(conn);
    return JSON.parse(answer.slice(answer.indexOf("{"))).HTTP_HOST;
  };
  assertEquals(await host("GET /x HTTP/1.0"), null);
  assertEquals(await host("GET /x HTTP/1.1", "Host: h:81\r\n"), "h:81");
  assertEquals(await host("GET http://good/x HTTP/1.1", "Host: h\r\n"), "good");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("SERVER_NAME of an IPv6 address is in brackets", () => {
  for (
    const [host, name] of [
      ["127.0.0.1", "localhost"],
      ["::1", "localhost"],
      ["[::1]", "localhost"],
      ["0:0:0:0:0:0:0:1", "localhost"],
      ["192.0.2.1", "192.0.2.1"],
      ["example.org", "example.org"],
      ["2001:DB8::1", "[2001:db8::1]"],
      ["[2001:db8:0:0::1]", "[2001:db8::1]"],
      ["fe80::1%eth0", "[fe80::1]"],
      ["::ffff:192.0.2.1", "[::ffff:c000:201]"],
    ] as const
  ) assertEquals(full_name(host), name, host);
  const any = full_name("");
  for (const host of ["0.0.0.0", "::", "[::]", "0:0:0:0:0:0:0:0"]) {
    assertEquals(full_name(host), any, host);
  }
});

Deno.test("the URI of a request to an IPv6 address that names no host is a URL", async () => {
  const address = "::ffff:127.0.0.1";
  let uri = "";
  await using server = make_server(
    address,
    0,
    (environ, start_response) => {
      uri = request_uri(environ);
      start_response("204 No Content", []);
      return [];
    },
    WSGIServer,
    Quiet,
  );
  server.serve_forever();
  await raw_request(server.server_port, "GET /x HTTP/1.0\r\n\r\n");
  assertEquals(uri, `http://[::ffff:7f00:1]:${server.server_port}/x`);
  assertEquals(new URL(uri).href, uri);
});
