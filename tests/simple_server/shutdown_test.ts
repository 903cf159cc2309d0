/** `shutdown()` and `server_close()` while clients are connected that say nothing, or take what they are sent slowly. */

import { assertEquals, assertMatch } from "@std/assert";
import {
  make_server,
  type WSGIServer,
  type WSGIServerOptions,
} from "../../simple_server.ts";
import {
  installed,
  make_certificate,
  make_folder,
  remove_folder,
} from "../fronts/fronts.ts";
import { silent_clients } from "../support/silence.ts";
import { bytes, read_all, until, write_all } from "../support/support.ts";
import { get, Quiet } from "./exchange.ts";

const LARGE = new Uint8Array(32 << 20);

/** A server whose answers wait at a gate, but that to `/`; and what has come to it. */
function start(options: WSGIServerOptions = {}) {
  const gate = Promise.withResolvers<void>();
  const asked: string[] = [];
  const server = make_server(
    "127.0.0.1",
    0,
    async (environ, start_response) => {
      asked.push(environ.PATH_INFO!);
      if (environ.PATH_INFO === "/late") await gate.promise;
      start_response("200 OK", []);
      return [environ.PATH_INFO === "/large" ? LARGE : bytes("whole")];
    },
    undefined,
    Quiet,
    options,
  );
  server.serve_forever();
  return { server, asked, open: gate.resolve };
}

function connect({ server_port }: WSGIServer): Promise<Deno.Conn> {
  return Deno.connect({ hostname: "127.0.0.1", port: server_port });
}

for (const { name, secure, connect: connect_silent } of silent_clients) {
  if (secure) continue;

  Deno.test(`shutdown() drops ${name}`, async () => {
    const { server } = start();
    using silent = await connect_silent(server.server_port);
    await server.shutdown();
    await read_all(silent).catch(() => ""); // To the end, or to where it is reset.
  });

  Deno.test(`server_close() drops ${name}`, async () => {
    const { server } = start();
    using silent = await connect_silent(server.server_port);
    await server.server_close();
    await read_all(silent).catch(() => "");
  });

  Deno.test(`shutdown() waits for a request under way, but not for ${name} beside it`, async () => {
    const { server, asked, open } = start();
    const silent = await connect_silent(server.server_port);
    using busy = await connect(server);
    await write_all(busy, bytes(get("/late")));
    await until(() => asked.includes("/late"));
    const down = server.shutdown();
    open();
    assertMatch(await read_all(busy), /\r\n\r\nwhole$/);
    await down;
    silent.close(); // Deno may wait for it.
  });
}

if (installed("openssl")) {
  Deno.test("shutdown() does not wait for a TLS connection without a handshake", async () => {
    const folder = await make_folder();
    const { certificate, key } = await make_certificate(folder);
    const { server } = start({
      cert: await Deno.readTextFile(certificate),
      key: await Deno.readTextFile(key),
    });
    using _silent = await connect(server);
    await server.shutdown();
    await remove_folder(folder);
  });
}

Deno.test("shutdown() waits for a client that takes a large page slowly", async () => {
  const { server } = start();
  using slow = await connect(server);
  await write_all(slow, bytes(get("/large")));
  await slow.read(new Uint8Array(1));
  let is_down = false;
  const down = server.shutdown().then(() => is_down = true);
  // Longer than anything is waited for that is not under way.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assertEquals(is_down, false);
  const rest = await new Response(slow.readable).arrayBuffer();
  assertEquals(rest.byteLength > LARGE.length, true);
  await down;
});
