/** Where a server of SCGI, FastCGI or uwsgi listens, and the connections that it takes. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { text } from "../../support/support.ts";
import { HELLO, hello } from "./apps.ts";
import { test_each } from "./each_protocol.ts";
import {
  ask,
  connect,
  open_gateway,
  protocols,
  whole_request,
} from "../gateway_clients.ts";
import { is_pending, pause } from "./waiting.ts";

test_each("a server says where it listens", async (protocol) => {
  await using server = protocol.serve(hello, ["127.0.0.1", 0]);
  const [host, port] = server.server_address as [string, number];
  assertEquals(host, "127.0.0.1");
  assert(port > 0);
  (await Deno.connect({ hostname: "127.0.0.1", port })).close();
  await using everywhere = protocol.serve(hello, ["", 0]);
  assertEquals(everywhere.server_address[0], "0.0.0.0");
  await using gateway = await open_gateway(protocol, hello, { unix: true });
  assertMatch(String(gateway.server.server_address), /\/app\.sock$/);
});

test_each("an address that is taken is refused", async (protocol) => {
  await using server = protocol.serve(hello, ["127.0.0.1", 0]);
  const { server_address } = server;
  assertThrows(
    () => protocol.serve(hello, server_address),
    Deno.errors.AddrInUse,
  );
  await using gateway = await open_gateway(protocol, hello, { unix: true });
  assertThrows(
    () => protocol.serve(hello, gateway.server.server_address),
    Deno.errors.AddrInUse,
  );
});

Deno.test("a Unix socket may be listened at again", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tsgi-" });
  for (const protocol of protocols) {
    await using server = protocol.serve(hello, `${folder}/app.sock`);
    server.log_request = () => {};
    server.serve_forever();
    assertEquals((await ask(protocol, server)).text, HELLO);
  }
  await Deno.remove(folder, { recursive: true });
});

test_each("limits that make no sense are refused", async (protocol) => {
  for (const value of [0, -1, 1.5, NaN, Infinity]) {
    for (const name of ["max_header_size", "max_connections"]) {
      const error = assertThrows(
        () => protocol.serve(hello, ["127.0.0.1", 0], { [name]: value }),
        RangeError,
      );
      assertEquals(
        error.message,
        `${name} must be an integer above 0, got ${value}`,
      );
    }
  }
  assertThrows(() => protocol.serve(hello, ["127.0.0.1", 65536]), RangeError);
});

test_each("more connections than max_connections wait", async (protocol) => {
  const options = { max_connections: 2 };
  await using gateway = await open_gateway(protocol, hello, options);
  const { server } = gateway;
  const idle = [
    await connect(server.server_address),
    await connect(server.server_address),
  ];
  const answers = [1, 2, 3].map(() => ask(protocol, server));
  assert(await is_pending(Promise.race(answers)));
  idle[0]!.close();
  for (const answer of answers) assertEquals((await answer).text, HELLO);
  idle[1]!.close();
});

test_each("a server that waits for room can be stopped", async (protocol) => {
  const options = { max_connections: 1 };
  await using gateway = await open_gateway(protocol, hello, options);
  using _idle = await connect(gateway.server.server_address);
  await pause(20);
  await gateway.server.shutdown();
});

test_each(
  "clients that reset their connections at once disturb nobody",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, hello);
    const { server } = gateway;
    const [, port] = server.server_address as [string, number];
    const request = text(whole_request(protocol));
    const { success, stderr } = await new Deno.Command("python3", {
      args: ["-c", RESETS, String(port), btoa(request)],
      stderr: "piped",
    }).output();
    assert(success, text(stderr));
    assertEquals((await ask(protocol, server)).text, HELLO);
    await server.shutdown();
    assertEquals(
      gateway.log.text.replaceAll('"GET / HTTP/1.1" 200 5\n', "").replaceAll(
        '"GET / HTTP/1.1" 200 0\n',
        "",
      ),
      "",
    );
  },
);

/** Connects many times, sends nothing, a part of a request or all of it, and resets the connection. */
const RESETS = `
import base64, socket, struct, sys
request = base64.b64decode(sys.argv[2])
for i in range(200):
    conn = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    conn.sendall(request[:[0, 10, len(request)][i % 3]])
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()
`;

test_each(
  "an error of accept() is logged, and the next connection is taken",
  async (protocol) => {
    const listen = Deno.listen;
    let fail = true;
    const patched = (options: Parameters<typeof listen>[0]) => {
      const listener = listen(options);
      const accept = listener.accept.bind(listener);
      listener.accept = () => {
        if (!fail) return accept();
        fail = false;
        throw new Error("no file\ndescriptor");
      };
      return listener;
    };
    Deno.listen = patched as typeof listen;
    try {
      await using gateway = await open_gateway(protocol, hello);
      assertEquals((await ask(protocol, gateway.server)).text, HELLO);
      assertEquals(
        gateway.log.text,
        'cannot accept a connection: Error: no file\\x0adescriptor\n"GET / HTTP/1.1" 200 5\n',
      );
    } finally {
      Deno.listen = listen;
    }
  },
);
