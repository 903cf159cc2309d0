/** An answer before the end of the body gets through. */

import { assertEquals } from "@std/assert";
import type { WSGIApplication } from "../../../types.ts";
import { join, write_all } from "../../support/support.ts";
import { HELLO, hello, large_request } from "./apps.ts";
import { test_each, test_each_transport } from "./each_protocol.ts";
import {
  connect,
  exchange,
  fastcgi,
  open_gateway,
  read_to_end,
} from "../gateway_clients.ts";

test_each_transport(
  "an answer gets through while the body is sent",
  async (protocol, unix) => {
    await using gateway = await open_gateway(protocol, hello, { unix });
    const raw = await exchange(
      gateway.server.server_address,
      join(large_request(protocol)),
    );
    assertEquals(protocol.answer(raw).text, HELLO);
  },
);

test_each_transport(
  "an answer gets through to a client that sends all of the body first",
  async (protocol, unix) => {
    await using gateway = await open_gateway(protocol, hello, { unix });
    using conn = await connect(gateway.server.server_address);
    await write_all(conn, join(large_request(protocol)));
    assertEquals(protocol.answer(await read_to_end(conn)).text, HELLO);
  },
);

test_each_transport(
  "an answer gets through to a client that stops sending",
  async (protocol, unix) => {
    await using gateway = await open_gateway(protocol, hello, { unix });
    using conn = await connect(gateway.server.server_address);
    const [head, body] = large_request(protocol);
    await write_all(conn, join([head, body.subarray(0, 100_000)]));
    assertEquals(protocol.answer(await read_to_end(conn)).text, HELLO);
  },
);

test_each_transport(
  "an answer gets through when a part of the body was read",
  async (protocol, unix) => {
    const partly: WSGIApplication = async (environ, start_response) => {
      const reader = environ["wsgi.input"].getReader();
      await reader.read();
      return await hello(environ, start_response);
    };
    await using gateway = await open_gateway(protocol, partly, { unix });
    const raw = await exchange(
      gateway.server.server_address,
      join(large_request(protocol)),
    );
    assertEquals(protocol.answer(raw).text, HELLO);
  },
);

test_each(
  "the rest of a body fails when the request has been answered",
  async (protocol) => {
    let rest: Promise<unknown> | undefined;
    const app: WSGIApplication = async (environ, start_response) => {
      const reader = environ["wsgi.input"].getReader();
      await reader.read();
      const read_on = async () => {
        while (!(await reader.read()).done);
      };
      rest = read_on().then(() => "ended", () => "failed");
      return await hello(environ, start_response);
    };
    await using gateway = await open_gateway(protocol, app);
    using conn = await connect(gateway.server.server_address);
    const [head, body] = large_request(protocol);
    await write_all(conn, join([head, body.subarray(0, 1000)]));
    // FastCGI: behind the first record.
    if (protocol === fastcgi) await write_all(conn, body.subarray(1000, 65543));
    assertEquals(protocol.answer(await read_to_end(conn)).text, HELLO);
    conn.close();
    assertEquals(await rest, "failed");
  },
);
