/** The body of a request through SCGI, FastCGI and uwsgi: whole, cut, and without a length. */

import { assertEquals, assertRejects } from "@std/assert";
import { toBytes } from "@std/streams";
import { bytes, join, write_all } from "../../support/support.ts";
import { body_of, count, MIB } from "./apps.ts";
import { test_each, test_each_transport } from "./each_protocol.ts";
import {
  ask,
  connect,
  exchange,
  open_gateway,
  read_to_end,
  uwsgi,
} from "../gateway_clients.ts";
import { request_pairs } from "../heads.ts";

test_each_transport("a body is read to its end", async (protocol, unix) => {
  await using gateway = await open_gateway(protocol, count, { unix });
  for (const size of [0, 1, 4095, 65535, 65536, 65537, 3 * MIB]) {
    const body = new Uint8Array(size);
    const { text } = await ask(protocol, gateway.server, {}, body);
    assertEquals(body_of(text), String(size));
  }
});

test_each("a body arrives as it was sent", async (protocol) => {
  await using gateway = await open_gateway(protocol, (environ, start) => {
    start("200 OK", []);
    return environ["wsgi.input"];
  });
  const body = Uint8Array.from({ length: 300_000 }, (_, i) => i * i % 251);
  const { text } = await ask(protocol, gateway.server, {}, body);
  assertEquals(bytes(body_of(text)), body);
});

test_each("bytes behind the body are not read", async (protocol) => {
  await using gateway = await open_gateway(
    protocol,
    async (environ, start_response) => {
      start_response("200 OK", []);
      return [await toBytes(environ["wsgi.input"])];
    },
  );
  const request = join([
    protocol.head(request_pairs({ CONTENT_LENGTH: "3" })),
    protocol.body(bytes("abcdef")),
    protocol.end,
  ]);
  const raw = await exchange(gateway.server.server_address, request);
  assertEquals(body_of(protocol.answer(raw).text), "abc");
});

test_each("a body that is cut makes wsgi.input fail", async (protocol) => {
  await using gateway = await open_gateway(
    protocol,
    async (environ, start_response) => {
      const error = await assertRejects(() => toBytes(environ["wsgi.input"]));
      start_response("400 Bad Request", []);
      return [bytes(String(error))];
    },
  );
  using conn = await connect(gateway.server.server_address);
  await write_all(
    conn,
    join([
      protocol.head(request_pairs({ CONTENT_LENGTH: "1000" })),
      protocol.body(bytes("abc")),
      protocol.end,
    ]),
  );
  // Only FastCGI has a sign of its own for the end.
  if (protocol.end.length === 0) await conn.closeWrite();
  const { text } = protocol.answer(await read_to_end(conn));
  assertEquals(
    body_of(text),
    "UnexpectedEof: the request body ended after 3 of 1000 bytes",
  );
});

test_each(
  "a body without a length is empty where the protocol needs one",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, count);
    const pairs = request_pairs().slice(1);
    for (const all of [pairs, [["CONTENT_LENGTH", ""] as const, ...pairs]]) {
      const request = join([protocol.head(all), protocol.body(bytes("abc"))]);
      const raw = await exchange(gateway.server.server_address, request);
      assertEquals(body_of(protocol.answer(raw).text), "0");
    }
  },
  [uwsgi],
);
