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
import { bytes, raw_request, serve } from "../support/support.ts";

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

Deno.test("an absolute target names the host where no header does, but no user", async () => {
  await using server = serve(tell);
  for (
    const [authority, host] of [
      ["other.example:81", "other.example:81"],
      ["user:secret@other.example", "other.example"],
    ] as const
  ) {
    const { body } = await raw_request(
      server.port,
      `GET http://${authority}/x HTTP/1.1\r\nConnection: close\r\n\r\n`,
    );
    assertEquals(JSON.parse(body).HTTP_HOST, host);
  }
});
