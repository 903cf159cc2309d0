/** A client that leaves has its result closed, through SCGI, FastCGI and uwsgi. */

import { assertEquals, assertMatch } from "@std/assert";
import { toBytes } from "@std/streams";
import type { WSGIApplication } from "../../../types.ts";
import { join, text, until, write_all } from "../../support/support.ts";
import {
  closing,
  endless_blocks,
  large_request,
  stalled_at_once,
  stalled_blocks,
} from "./apps.ts";
import { test_each, test_each_transport } from "./each_protocol.ts";
import {
  connect,
  open_gateway,
  read_to_end,
  whole_request,
} from "../gateway_clients.ts";

test_each_transport(
  "a client that leaves has the result closed",
  async (protocol, unix) => {
    const [app, closed] = closing(endless_blocks);
    await using gateway = await open_gateway(protocol, app, { unix });
    const conn = await connect(gateway.server.server_address);
    await write_all(conn, whole_request(protocol));
    await conn.read(new Uint8Array(1000));
    conn.close();
    await until(() => closed() > 0);
    await gateway.server.shutdown();
    assertEquals(closed(), 1);
    // It is logged with what was sent, and is no error.
    assertMatch(gateway.log.text, /^"GET \/ HTTP\/1.1" 200 \d+\n$/);
  },
);

for (
  const [when, blocks] of Object.entries({
    "before the first block": stalled_at_once,
    "between two blocks": stalled_blocks,
  })
) {
  test_each_transport(
    `a client that leaves has a stalled result closed, ${when}`,
    async (protocol, unix) => {
      const [app, closed, begun] = closing(blocks);
      await using gateway = await open_gateway(protocol, app, { unix });
      const conn = await connect(gateway.server.server_address);
      await write_all(conn, whole_request(protocol));
      await until(begun);
      if (blocks === stalled_blocks) await conn.read(new Uint8Array(1000));
      conn.close();
      await until(() => closed() > 0);
      await gateway.server.shutdown();
      assertEquals(closed(), 1);
    },
  );
}

test_each(
  "a client that ends what it sends is taken to have left, as by HTTP",
  async (protocol) => {
    const [app, closed, begun] = closing(stalled_at_once);
    await using gateway = await open_gateway(protocol, app);
    using conn = await connect(gateway.server.server_address);
    await write_all(conn, whole_request(protocol));
    await until(begun);
    await conn.closeWrite();
    assertEquals(text(await read_to_end(conn)), "");
    await until(() => closed() > 0);
    assertEquals(closed(), 1);
  },
);

test_each(
  "a client that leaves in the midst of its body is no error",
  async (protocol) => {
    const [app, closed] = closing(endless_blocks);
    let failed = 0;
    const reading: WSGIApplication = async (environ, start_response) => {
      await toBytes(environ["wsgi.input"]).catch(() => failed++);
      return await app(environ, start_response);
    };
    await using gateway = await open_gateway(protocol, reading);
    const conn = await connect(gateway.server.server_address);
    const [head, body] = large_request(protocol);
    await write_all(conn, join([head, body.subarray(0, 100_000)]));
    conn.close();
    await until(() => closed() > 0);
    assertEquals([failed, closed()], [1, 1]);
  },
);
