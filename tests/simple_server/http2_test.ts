/** HTTP/2, which the simple server speaks beside HTTP/1.1: with a certificate, and to clients that know of it without. */

import { assertEquals } from "@std/assert";
import { type ClientHttp2Session, connect } from "node:http2";
import { make_server, WSGIRequestHandler, WSGIServer } from "../../mod.ts";
import type { WSGIApplication } from "../../types.ts";
import {
  installed,
  make_certificate,
  make_folder,
  remove_folder,
} from "../fronts/fronts.ts";
import {
  bytes,
  raw_request,
  serve,
  text,
  write_all,
} from "../support/support.ts";

/** A request, its pseudo-headers too. */
type Fields = Record<string, string | string[]>;

/** What of the environ the application tells. */
const TOLD = [
  "REQUEST_METHOD",
  "SCRIPT_NAME",
  "PATH_INFO",
  "QUERY_STRING",
  "REQUEST_URI",
  "HTTP_HOST",
  "HTTP_COOKIE",
  "CONTENT_LENGTH",
  "wsgi.url_scheme",
];

const tell: WSGIApplication = async (environ, start_response) => {
  const variables: Record<string, unknown> = environ;
  const told = TOLD.map((name) => [name, variables[name] ?? null]);
  const body = await new Response(environ["wsgi.input"]).text();
  start_response("200 OK", [["Content-Type", "application/json"]]);
  return [bytes(JSON.stringify({ ...Object.fromEntries(told), body }))];
};

/** What the application tells of a request by HTTP/2. */
async function told(session: ClientHttp2Session, fields: Fields, body = "") {
  const stream = session.request(fields);
  stream.end(body);
  let text = "";
  for await (const chunk of stream.setEncoding("utf8")) text += chunk;
  return JSON.parse(text);
}

const EXPECTED = {
  REQUEST_METHOD: "POST",
  SCRIPT_NAME: "",
  PATH_INFO: "/a b",
  QUERY_STRING: "c=d",
  REQUEST_URI: "//a%20b?c=d",
  HTTP_HOST: "Shop.example:81",
  HTTP_COOKIE: "a=1; b=2",
  CONTENT_LENGTH: "5",
  "wsgi.url_scheme": "http",
  body: "hello",
};

const FIELDS: Fields = {
  ":method": "POST",
  ":path": "//a%20b?c=d",
  ":authority": "Shop.example:81",
  cookie: ["a=1", "b=2"],
  "content-length": "5",
};

Deno.test("a request by HTTP/2 has the environ of one by HTTP/1.1", async () => {
  await using server = serve(tell);
  const session = connect(server.url);
  assertEquals(await told(session, FIELDS, "hello"), EXPECTED);
  session.close();
  const { body } = await raw_request(
    server.port,
    "POST //a%20b?c=d HTTP/1.1\r\nHost: Shop.example:81\r\nCookie: a=1; b=2\r\n" +
      "Connection: close\r\nContent-Length: 5\r\n\r\nhello",
  );
  assertEquals(JSON.parse(body), EXPECTED);
});

Deno.test({
  name: "HTTP_HOST is there by HTTPS, whatever the client calls the server",
  ignore: !installed("openssl"),
  async fn() {
    const folder = await make_folder();
    const { certificate, key } = await make_certificate(folder);
    const cert = await Deno.readTextFile(certificate);
    class Quiet extends WSGIRequestHandler {
      override log_request() {}
    }
    await using server = make_server(
      ...["127.0.0.1", 0, tell, WSGIServer, Quiet] as const,
      { cert, key: await Deno.readTextFile(key) },
    );
    server.serve_forever();
    const { server_port: port } = server;
    const session = connect(`https://127.0.0.1:${port}`, { ca: cert });
    for (
      const host of [`127.0.0.1:${port}`, `localhost:${port}`, "shop.example"]
    ) {
      const fields = { ...FIELDS, ":authority": host };
      assertEquals(await told(session, fields, "hello"), {
        ...EXPECTED,
        HTTP_HOST: host,
        "wsgi.url_scheme": "https",
      });
    }
    session.close();
    await remove_folder(folder);
  },
});

// What no client of HTTP/2 sends

/** A frame (RFC 9113, section 4.1). */
function frame(type: number, flags: number, stream: number, payload = "") {
  const { length } = payload;
  const numbers = [length >> 16, length >> 8 & 255, length & 255, type, flags];
  return String.fromCharCode(...numbers, 0, 0, 0, stream) + payload;
}

const [DATA, HEADERS, SETTINGS] = [0, 1, 4];
const [END_STREAM, END_HEADERS] = [1, 4];

/** A field as it is, in no table (RFC 7541, section 6.2.2). */
function literal([name, value]: readonly [string, string]): string {
  const text = (it: string) => String.fromCharCode(it.length) + it;
  return `\0${text(name)}${text(value)}`;
}

/** The body of the answer to a request of these fields. */
async function ask_by_hand(
  port: number,
  fields: (readonly [string, string])[],
): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  const head = fields.map(literal).join("");
  const flags = END_STREAM | END_HEADERS;
  await write_all(
    conn,
    bytes(
      preface + frame(SETTINGS, 0, 0) + frame(HEADERS, flags, 1, head),
    ),
  );
  const buffer = new Uint8Array(65536);
  let received = "";
  while (true) {
    const length = await conn.read(buffer);
    if (length === null) return "";
    received += text(buffer.subarray(0, length));
    for (let at = 0; at + 9 <= received.length;) {
      const size = received.charCodeAt(at + 1) << 8 |
        received.charCodeAt(at + 2);
      const end = at + 9 + size;
      const is_data = received.charCodeAt(at + 3) === DATA && size > 0;
      if (is_data && end <= received.length) return received.slice(at + 9, end);
      at = end;
    }
  }
}

Deno.test("by HTTP/2 :authority is the host, whatever the field host says", async () => {
  await using server = serve(tell);
  const request = [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/x"],
  ] as const;
  const evil = ["host", "evil.example"] as const;
  const host = async (...fields: (readonly [string, string])[]) => {
    const body = await ask_by_hand(server.port, [...request, ...fields]);
    return body.startsWith("{") ? JSON.parse(body).HTTP_HOST : body;
  };
  const authority = [":authority", "good.example:81"] as const;
  assertEquals(await host(authority), "good.example:81");
  assertEquals(await host(authority, evil), "good.example:81");
  assertEquals(await host(evil), "evil.example");
  assertEquals(await host([":authority", "u@good.example"]), "good.example");
  for (const two of [["host", "a"], evil] as const) {
    assertEquals(await host(two, ["host", "b"]), "Bad Request");
    assertEquals(await host(authority, two, ["host", "b"]), "Bad Request");
  }
  assertEquals(await host(["host", "a b"]), "Bad Request");
  assertEquals(await host(authority, ["host", "<script>"]), "Bad Request");
});
