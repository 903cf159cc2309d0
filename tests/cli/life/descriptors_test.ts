/** File descriptors that run out: the command serves on, loses no request that is under way, and says so in one line. */

import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import {
  make_folder,
  make_gate,
  type Running,
  start,
  WAITING_APPS,
} from "../../support/command.ts";
import { bytes, read_all, until, write_all } from "../../support/support.ts";
import {
  exchange,
  fastcgi,
  type Protocol,
  scgi,
  uwsgi,
  whole_request,
} from "../../gateways/gateway_clients.ts";

/** How many a process has in these tests: enough to start, and fewer than there are connections. */
const DESCRIPTORS = 100;

type Address = Deno.ConnectOptions | Deno.UnixConnectOptions;

/** Connections that say nothing; closed by `using`. */
interface Silence extends Disposable {
  /** How many of them the server has closed. */
  closed: number;
}

/** Connects until the command has said that it accepts no more. */
async function exhaust(command: Running, address: Address): Promise<Silence> {
  const all: Deno.Conn[] = [];
  const silence = {
    closed: 0,
    [Symbol.dispose]: () => all.forEach((conn) => conn.close()),
  };
  const has_failed = () => command.printed.stderr.includes("cannot accept");
  while (!has_failed()) {
    const conn = await connect(address).catch(() => null);
    if (!conn) continue;
    all.push(conn);
    conn.read(new Uint8Array(1))
      .catch(() => null)
      .then(() => silence.closed++);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return silence;
}

function connect(address: Address): Promise<Deno.Conn> {
  return "path" in address ? Deno.connect(address) : Deno.connect(address);
}

/** Sends a request, over and over until the server takes it. */
async function answered(address: Address, request: string): Promise<string> {
  while (true) {
    try {
      using conn = await connect(address);
      await write_all(conn, bytes(request));
      const answer = await read_all(conn);
      if (answer) return answer;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

const GET = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/** Stops the command, which must have had no more to say than one line. */
async function assert_one_line(command: Running): Promise<void> {
  const { code, stderr } = await command.stop();
  assertEquals(code, 0);
  // Deno may have lines of its own, about files that it could not read.
  const lines = stderr.match(/^\[.*$/gm)!.map((line) =>
    line.replace(/^\[[^\]]+\] \[\d+\] /, "")
  );
  assertEquals(lines, [
    "[ERROR] cannot accept a connection: Error: Too many open files (os error 24)",
  ]);
}

for (const place of ["a port", "a Unix socket"]) {
  Deno.test(`file descriptors that run out cost no request under way, and are free again at once: HTTP at ${place}`, async () => {
    await using folder = await make_folder({ "app.ts": WAITING_APPS });
    await using gate = make_gate();
    const path = join(folder.path, "socket");
    await using command = await start(
      ["app.ts:stream", "--access-logfile", "none"],
      {
        cwd: folder.path,
        descriptors: DESCRIPTORS,
        ...place === "a port" ? {} : { bind: `unix:${path}` },
      },
    );
    const address: Address = place === "a port"
      ? { hostname: "127.0.0.1", port: command.port }
      : { transport: "unix", path };
    const request = GET.replace("/", `/?${gate.url}`);
    const slow = answered(address, request);
    await gate.reached;
    using silence = await exhaust(command, address);
    const next = answered(address, request);
    await until(() => silence.closed > DESCRIPTORS / 2);
    gate.open();
    for (const answer of await Promise.all([slow, next])) {
      assertMatch(answer, /\r\nfirst \r\n[^]*\r\nlast\r\n/);
    }
    await assert_one_line(command);
  });
}

Deno.test("file descriptors that run out do not cut an upload, by HTTP", async () => {
  await using folder = await make_folder({ "app.ts": WAITING_APPS });
  await using gate = make_gate();
  await using command = await start(
    ["app.ts:echo", "--access-logfile", "none"],
    { cwd: folder.path, descriptors: DESCRIPTORS },
  );
  const address = { hostname: "127.0.0.1", port: command.port };
  using upload = await connect(address);
  await write_all(
    upload,
    bytes(
      `POST /?${gate.url} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10\r\n\r\nfirst `,
    ),
  );
  await gate.reached;
  {
    using _silence = await exhaust(command, address);
    gate.open();
    await write_all(upload, bytes("last"));
    assertMatch(await read_all(upload), /\r\nfirst last\r\n/);
  }
  const get = GET.replace("/", `/?${gate.url}`);
  assertMatch(await answered(address, get), /^HTTP\/1.1 200 /);
  await assert_one_line(command);
});

const names: [name: string, protocol: Protocol][] = [
  ["scgi", scgi],
  ["fastcgi", fastcgi],
  ["uwsgi", uwsgi],
];
for (const [name, protocol] of names) {
  Deno.test(`file descriptors that run out are one line in the log, and the server serves on: ${protocol.name}`, async () => {
    await using command = await start(
      ["--protocol", name, "--access-logfile", "none"],
      { descriptors: DESCRIPTORS },
    );
    const { port } = command;
    {
      using _silence = await exhaust(command, { hostname: "127.0.0.1", port });
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const raw = await exchange(["127.0.0.1", port], whole_request(protocol));
    assertMatch(protocol.answer(raw).text, /Hello world!/);
    await assert_one_line(command);
  });
}
