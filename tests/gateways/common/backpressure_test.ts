/** Who waits for whom: responses for their clients, bodies for the application. */

import { assert, assertEquals } from "@std/assert";
import type { WSGIApplication } from "../../../types.ts";
import { until, write_all } from "../../support/support.ts";
import { body_of, count, HELLO, hello, MIB } from "./apps.ts";
import { test_each, test_each_transport } from "./each_protocol.ts";
import {
  connect,
  open_gateway,
  read_to_end,
  send,
  whole_request,
} from "../gateway_clients.ts";
import { request_pairs } from "../heads.ts";
import { settled } from "./waiting.ts";

/** What the buffers of two sockets may hold, with room to spare. */
const BUFFERS = 24 * MIB;

test_each_transport(
  "a response waits for its client",
  async (protocol, unix) => {
    const block = new Uint8Array(65536);
    let made = 0;
    let finished = false;
    const endless: WSGIApplication = function* (_environ, start_response) {
      start_response("200 OK", []);
      try {
        for (;; made++) yield block;
      } finally {
        finished = true;
      }
    };
    await using gateway = await open_gateway(protocol, endless, { unix });
    const conn = await connect(gateway.server.server_address);
    await write_all(conn, whole_request(protocol));
    await until(() => made > 0);
    const before = await settled(() => made);
    assert(before * block.length < BUFFERS, `${before} blocks were made`);
    // It goes on when the client does.
    const buffer = new Uint8Array(MIB);
    while (made < before + 100) await conn.read(buffer);
    assert(!finished);
    conn.close();
    await until(() => finished);
  },
);

test_each("write() waits for its client", async (protocol) => {
  const block = new Uint8Array(65536);
  let written = 0;
  let ended = false;
  const writer: WSGIApplication = async (_environ, start_response) => {
    const write = start_response("200 OK", []);
    try {
      for (; written < 10_000; written++) await write(block);
    } finally {
      ended = true;
    }
    return [];
  };
  await using gateway = await open_gateway(protocol, writer);
  const conn = await connect(gateway.server.server_address);
  await write_all(conn, whole_request(protocol));
  await until(() => written > 0);
  const before = await settled(() => written);
  assert(before * block.length < BUFFERS, `${before} blocks were written`);
  conn.close();
  await until(() => ended);
  assert(written < 10_000);
});

test_each_transport(
  "a body waits for the application",
  async (protocol, unix) => {
    const gate = Promise.withResolvers<void>();
    const late: WSGIApplication = async (environ, start_response) => {
      await gate.promise;
      return await count(environ, start_response);
    };
    await using gateway = await open_gateway(protocol, late, { unix });
    using conn = await connect(gateway.server.server_address);
    const size = 2 * BUFFERS;
    let sent = 0;
    const upload = async () => {
      await write_all(
        conn,
        protocol.head(request_pairs({ CONTENT_LENGTH: String(size) })),
      );
      const block = protocol.body(new Uint8Array(16384));
      for (; sent < size; sent += 16384) await write_all(conn, block);
      await write_all(conn, protocol.end);
    };
    const uploaded = upload();
    await until(() => sent > 0);
    const before = await settled(() => sent);
    assert(before < BUFFERS, `${before} bytes were taken`);
    gate.resolve();
    await uploaded;
    const { text } = protocol.answer(await read_to_end(conn));
    assertEquals(body_of(text), String(size));
  },
);

test_each("a body that is read in part is not read ahead", async (protocol) => {
  const gate = Promise.withResolvers<void>();
  let begun = false;
  const app: WSGIApplication = async (environ, start_response) => {
    const reader = environ["wsgi.input"].getReader();
    await reader.read();
    begun = true;
    await gate.promise;
    return await hello(environ, start_response);
  };
  await using gateway = await open_gateway(protocol, app);
  using conn = await connect(gateway.server.server_address);
  let sent = 0;
  const upload = async () => {
    const pairs = request_pairs({ CONTENT_LENGTH: String(2 * BUFFERS) });
    await send(conn, protocol.head(pairs));
    const block = protocol.body(new Uint8Array(65536));
    for (; sent < 2 * BUFFERS; sent += 65536) await send(conn, block);
  };
  const uploaded = upload();
  await until(() => begun);
  const taken = await settled(() => sent);
  assert(taken < BUFFERS, `${taken} bytes were taken`);
  gate.resolve();
  assertEquals(protocol.answer(await read_to_end(conn)).text, HELLO);
  await uploaded;
});
