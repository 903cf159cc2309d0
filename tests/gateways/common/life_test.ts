/** `serve_forever()`, `handle_request()`, `shutdown()` and `server_close()` of SCGI, FastCGI and uwsgi. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { bytes, text, until, write_all } from "../../support/support.ts";
import {
  body_of,
  closing,
  count,
  endless_blocks,
  HELLO,
  hello,
  MIB,
  stalled_blocks,
} from "./apps.ts";
import { test_each, test_each_transport } from "./each_protocol.ts";
import {
  ask,
  connect,
  fastcgi,
  open_gateway,
  read_to_end,
  whole_request,
} from "../gateway_clients.ts";
import { is_pending, pause } from "./waiting.ts";

test_each("requests wait until serve_forever() is called", async (protocol) => {
  await using gateway = await open_gateway(protocol, hello, { waiting: true });
  const { server } = gateway;
  const answers = [ask(protocol, server), ask(protocol, server)];
  assert(await is_pending(Promise.race(answers)));
  server.serve_forever();
  for (const answer of answers) assertEquals((await answer).text, HELLO);
});

test_each("handle_request() handles exactly one request", async (protocol) => {
  await using gateway = await open_gateway(protocol, hello, { waiting: true });
  const { server, log } = gateway;
  const handled = server.handle_request();
  assertEquals((await ask(protocol, server)).text, HELLO);
  await handled;
  const second = ask(protocol, server, { PATH_INFO: "/2" });
  assert(await is_pending(second));
  assertEquals(log.text, '"GET / HTTP/1.1" 200 5\n');
  await server.handle_request();
  assertEquals((await second).text, HELLO);
});

test_each(
  "handle_request() resolves when the response is complete",
  async (protocol) => {
    const gate = Promise.withResolvers<void>();
    await using gateway = await open_gateway(
      protocol,
      async function* (_environ, start_response) {
        start_response("200 OK", []);
        yield bytes("a");
        await gate.promise;
        yield bytes("b");
      },
      { waiting: true },
    );
    const { server } = gateway;
    const handled = server.handle_request();
    const answer = ask(protocol, server);
    assert(await is_pending(handled));
    gate.resolve();
    await handled;
    await server.server_close(); // Nothing is lost by that.
    assertEquals(await answer, {
      text: "200 OK\r\n\r\nab",
      errors: "",
      ended: true,
      app_status: protocol === fastcgi ? 0 : null,
    });
  },
);

test_each(
  "handle_request() is refused while serve_forever() runs",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, hello);
    await assertRejects(
      () => gateway.server.handle_request(),
      Error,
      "serve_forever() handles all requests",
    );
  },
);

test_each_transport(
  "shutdown() lets requests finish and settles serve_forever()",
  async (protocol, unix) => {
    const gate = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    await using gateway = await open_gateway(
      protocol,
      async (environ, start_response) => {
        started.resolve();
        await gate.promise;
        return await count(environ, start_response);
      },
      { unix, waiting: true },
    );
    const { server } = gateway;
    const served = server.serve_forever();
    const answer = ask(protocol, server, {}, new Uint8Array(MIB));
    await started.promise;
    const down = server.shutdown();
    await assertRejects(() => connect(server.server_address));
    assert(await is_pending(Promise.race([down, served, answer])));
    gate.resolve();
    assertEquals(body_of((await answer).text), String(MIB));
    await Promise.all([down, served]);
    // There is nothing left to wait for.
    await server.shutdown();
    await server.server_close();
    await server.handle_request().catch(() => {});
    await server.serve_forever();
  },
);

test_each(
  "shutdown() closes idle connections, but takes a request that is on its way",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, hello);
    const { server } = gateway;
    using idle = await connect(server.server_address);
    using late = await connect(server.server_address);
    // Both have been accepted when a third one has been answered.
    await ask(protocol, server);
    const down = server.shutdown();
    await write_all(late, whole_request(protocol));
    assertEquals(protocol.answer(await read_to_end(late)).text, HELLO);
    assertEquals(text(await read_to_end(idle)), "");
    await down;
  },
);

test_each("shutdown() leaves no timer behind", async (protocol) => {
  await using gateway = await open_gateway(protocol, hello);
  const { server } = gateway;
  const idle = await connect(server.server_address);
  await ask(protocol, server);
  const down = server.shutdown();
  idle.close();
  await down;
});

test_each(
  "shutdown() turns away requests that nobody handles",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, hello, {
      waiting: true,
    });
    const { server, log } = gateway;
    const answer = ask(protocol, server);
    assert(await is_pending(answer));
    await server.shutdown();
    const { text, ended } = await answer;
    assertEquals([text, ended], ["", protocol !== fastcgi]);
    assertEquals(log.text, "");
    await server.handle_request(); // Nothing will come: it resolves at once.
  },
);

test_each(
  "server_close() breaks off what is under way, and closes results",
  async (protocol) => {
    const [app, closed, begun] = closing(stalled_blocks);
    await using gateway = await open_gateway(protocol, app);
    const { server } = gateway;
    using conn = await connect(server.server_address);
    await write_all(conn, whole_request(protocol));
    await until(begun);
    using idle = await connect(server.server_address);
    await server.server_close();
    await read_to_end(conn);
    assertEquals(text(await read_to_end(idle)), "");
    await until(() => closed() > 0);
    assertEquals(closed(), 1);
    await assertRejects(() => connect(server.server_address));
  },
);

test_each(
  "server_close() breaks off a response whose client does not read",
  async (protocol) => {
    const [app, closed, begun] = closing(endless_blocks);
    await using gateway = await open_gateway(protocol, app);
    using conn = await connect(gateway.server.server_address);
    await write_all(conn, whole_request(protocol));
    await until(begun);
    await pause(50);
    await gateway.server.server_close();
    await until(() => closed() > 0);
    assertEquals(closed(), 1);
  },
);

test_each(
  "a server ends when the signal of its options is given",
  async (protocol) => {
    const controller = new AbortController();
    const { signal } = controller;
    const server = protocol.serve(hello, ["127.0.0.1", 0], { signal });
    const served = server.serve_forever();
    controller.abort();
    await served;
    await assertRejects(() => connect(server.server_address));
    // And where it has been given before.
    await protocol.serve(hello, ["127.0.0.1", 0], { signal }).serve_forever();
  },
);

test_each("await using closes a server", async (protocol) => {
  let address;
  {
    await using server = protocol.serve(hello, ["127.0.0.1", 0]);
    address = server.server_address;
    (await connect(address)).close();
  }
  await assertRejects(() => connect(address));
});
