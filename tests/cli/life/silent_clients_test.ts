/** The end of the command while clients are connected that say nothing: it does not wait for them. */

import { assertEquals, assertMatch } from "@std/assert";
import {
  make_folder,
  make_gate,
  start,
  STOPPING,
  WAITING_APPS,
} from "../../support/command.ts";
import { silent_clients, type SilentClient } from "../../support/silence.ts";
import { bytes, read_all, until, write_all } from "../../support/support.ts";
import { installed, make_certificate } from "../../fronts/fronts.ts";

/** The end of whoever waits for silent clients: long after the test has been given up. */
const NEVER = ["--graceful-timeout", "86400", "--access-logfile", "none"];

const APPS = `${WAITING_APPS}
export async function either(environ, start_response) {
  if (environ.QUERY_STRING) await wait(environ);
  start_response("200 OK", []);
  return [encode("whole")];
}

const LARGE = new Uint8Array(32 << 20);

export function large(_environ, start_response) {
  start_response("200 OK", []);
  return [LARGE];
}
`;

for (const client of silent_clients) {
  if (client.secure && !installed("openssl")) continue;
  Deno.test(`SIGTERM does not wait for ${client.name}`, async () => {
    await using folder = await make_folder({ "app.ts": APPS });
    const tls = client.secure ? await certificate_options(folder.path) : [];
    await using command = await start(
      ["app.ts:either", ...NEVER, ...tls],
      { cwd: folder.path },
    );
    using _silent = await client.connect(command.port);
    const { code, stderr } = await command.stop();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
  });

  Deno.test(`SIGTERM does not wait for ${client.name}, with workers`, async () => {
    await using folder = await make_folder({ "app.ts": APPS });
    const tls = client.secure ? await certificate_options(folder.path) : [];
    await using command = await start(
      ["app.ts:either", ...NEVER, ...tls, "--workers", "1"],
      { cwd: folder.path },
    );
    using _silent = await client.connect(command.port);
    const { code, stderr } = await command.stop();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
  });

  Deno.test(`SIGTERM waits for a request under way, but not for ${client.name} beside it`, async () => {
    await using folder = await make_folder({ "app.ts": APPS });
    await using gate = make_gate();
    const tls = client.secure ? await certificate_options(folder.path) : [];
    await using command = await start(
      ["app.ts:either", ...NEVER, ...tls],
      { cwd: folder.path },
    );
    using _silent = await client.connect(command.port);
    using busy = await connect(command.port, folder.path, client);
    const request = `GET /?${gate.url} HTTP/1.1\r\nHost: a\r\n\r\n`;
    await write_all(busy, bytes(request));
    await gate.reached;
    command.child.kill("SIGTERM");
    await until(() => command.printed.stdout.includes(STOPPING));
    gate.open();
    assertMatch(await read_all(busy), /\r\n\r\nwhole$/);
    const { code, stderr } = await command.ended();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
  });
}

Deno.test("SIGTERM waits for a client that takes a large page slowly", async () => {
  await using folder = await make_folder({ "app.ts": APPS });
  await using command = await start(
    ["app.ts:large", ...NEVER],
    { cwd: folder.path },
  );
  using slow = await Deno.connect({
    hostname: "127.0.0.1",
    port: command.port,
  });
  await write_all(slow, bytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  const buffer = new Uint8Array(1 << 20);
  let left = 32 << 20;
  const read = async () => {
    const length = await slow.read(buffer);
    left -= length ?? left;
  };
  await read();
  command.child.kill("SIGTERM");
  await until(() => command.printed.stdout.includes(STOPPING));
  // Longer than anything is waited for that is not under way.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  while (left > 0) await read();
  const { code, stderr } = await command.ended();
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
});

async function certificate_options(folder: string): Promise<string[]> {
  const { certificate, key } = await make_certificate(folder);
  return ["--certfile", certificate, "--keyfile", key];
}

async function connect(
  port: number,
  folder: string,
  { secure }: SilentClient,
): Promise<Deno.Conn> {
  const hostname = "127.0.0.1";
  if (!secure) return await Deno.connect({ hostname, port });
  const caCerts = [Deno.readTextFileSync(`${folder}/certificate.pem`)];
  return await Deno.connectTls({ hostname, port, caCerts });
}
