/** `--debug` shows errors only if the host of the request is this machine, over every protocol. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { connect } from "node:http2";
import { make_folder, start } from "../../support/command.ts";
import { raw_request } from "../../support/support.ts";
import {
  exchange,
  fastcgi,
  type Protocol,
  scgi,
  uwsgi,
  whole_request,
} from "../../gateways/gateway_clients.ts";

const APP = `export default () => { throw new Error("the well is dry"); };`;

const SECRET = "the well is dry";
const FIXED = "A server error occurred.  Please contact the administrator.";

const OWN = [
  ...[
    "localhost",
    "LocalHost",
    "localhost.",
    "shop.localhost",
    "a.b.localhost",
  ],
  ...[
    "127.0.0.1",
    "127.0.0.2",
    "127.255.255.254",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
  ],
  ...["[::ffff:127.0.0.1]"],
].flatMap((host) => [host, `${host}:8000`, `${host}:1`]);

const FOREIGN = [
  ...["evil.example", "127.0.0.1.evil.example", "localhost.evil.example"],
  ...["evillocalhost", "notlocalhost", "localhost.localdomain", "0.0.0.0"],
  ...["192.168.0.1", "[::]", "[::2]", "[fe80::1]", "2130706433", "0x7f.1"],
].flatMap((host) => [host, `${host}:8000`]);

/** Sends a request over HTTP/1; returns the body. */
async function ask(port: number, ...headers: string[]): Promise<string> {
  const lines = ["GET / HTTP/1.1", ...headers, "Connection: close"];
  return (await raw_request(port, `${lines.join("\r\n")}\r\n\r\n`)).body;
}

function quiet(...args: string[]): string[] {
  return ["app.ts", "--access-logfile", "none", ...args];
}

Deno.test("--debug shows errors only if the request is for this machine", async () => {
  await using folder = await make_folder({ "app.ts": APP });
  const cwd = folder.path;
  for (const workers of ["0", "1"]) {
    await using command = await start(
      quiet("--debug", "--workers", workers),
      { cwd },
    );
    for (const host of OWN) {
      assertStringIncludes(await ask(command.port, `Host: ${host}`), SECRET);
    }
    for (const host of FOREIGN) {
      assertEquals(await ask(command.port, `Host: ${host}`), FIXED, host);
    }
    const { stderr } = await command.stop();
    assertStringIncludes(
      stderr,
      '--debug shows errors to hosts of this machine only, and the request was for "evil.example:8000": use --debug-anywhere to show errors to everyone\n',
    );
  }
});

Deno.test("--debug ignores headers of proxies that name this machine", async () => {
  await using folder = await make_folder({ "app.ts": APP });
  await using command = await start(quiet("--debug"), { cwd: folder.path });
  const forwarded = [
    "X-Forwarded-Host: localhost",
    "Forwarded: host=localhost",
  ];
  for (const header of forwarded) {
    const body = await ask(command.port, "Host: evil.example", header);
    assertEquals(body, FIXED, header);
  }
  // A proxy on this machine that forwards the host of its clients.
  for (const header of forwarded) {
    const other = header.replace("localhost", "shop.example");
    const body = await ask(command.port, "Host: localhost", other);
    assertEquals(body, FIXED, other);
  }
});

Deno.test("--debug shows errors at the name or address of --bind", async () => {
  await using folder = await make_folder({ "app.ts": APP });
  const cwd = folder.path;
  for (const bind of ["localhost:0", "127.1.2.3:0", "[::1]:0"]) {
    await using command = await start(quiet("--debug"), { cwd, bind });
    const response = await fetch(command.address, {
      headers: { Accept: "text/html" },
    });
    assertStringIncludes(await response.text(), SECRET);
  }
});

Deno.test("--debug shows nothing to other hosts over HTTP/2", async () => {
  await using folder = await make_folder({ "app.ts": APP });
  await using command = await start(quiet("--debug"), { cwd: folder.path });
  const { port } = new URL(command.address);
  const session = connect(command.address);
  const page = async (fields: Record<string, string>) => {
    const stream = session.request({ ":path": "/", ...fields });
    stream.end();
    let page = "";
    for await (const part of stream.setEncoding("utf8")) page += part;
    return page;
  };
  assertStringIncludes(await page({}), SECRET);
  for (const host of [`evil.example:${port}`, "evil.example"]) {
    assertEquals(await page({ ":authority": host }), FIXED);
    const own = `127.0.0.1:${port}`;
    assertEquals(await page({ ":authority": host, host: own }), FIXED);
    // :authority counts, where a browser puts the host (RFC 9113, section 8.3.1).
    assertStringIncludes(await page({ ":authority": own, host }), SECRET);
  }
  session.close();
});

Deno.test("--debug-anywhere shows errors to every host", async () => {
  await using folder = await make_folder({ "app.ts": APP });
  await using command = await start(quiet("--debug-anywhere"), {
    cwd: folder.path,
  });
  for (const host of [...OWN, ...FOREIGN]) {
    assertStringIncludes(await ask(command.port, `Host: ${host}`), SECRET);
  }
});

const gateways: [name: string, protocol: Protocol][] = [
  ["scgi", scgi],
  ["fastcgi", fastcgi],
  ["uwsgi", uwsgi],
];

for (const [name, protocol] of gateways) {
  Deno.test(`--debug shows errors only if the request is for this machine, over ${name}`, async () => {
    await using folder = await make_folder({ "app.ts": APP });
    await using command = await start(quiet("--debug", "--protocol", name), {
      cwd: folder.path,
    });
    const ask_gateway = async (variables: Record<string, string>) => {
      const request = whole_request(protocol, variables);
      const raw = await exchange(["127.0.0.1", command.port], request);
      return protocol.answer(raw).text;
    };
    for (const host of OWN) {
      assertStringIncludes(await ask_gateway({ HTTP_HOST: host }), SECRET);
    }
    for (const host of FOREIGN) {
      const text = await ask_gateway({ HTTP_HOST: host });
      assert(!text.includes(SECRET) && text.endsWith(FIXED), text);
    }
    // Without a Host, the name of the web server counts.
    const own = await ask_gateway({ SERVER_NAME: "localhost" });
    assertStringIncludes(own, SECRET);
    const other = await ask_gateway({ SERVER_NAME: "shop.example" });
    assertEquals(other.includes(SECRET), false);
  });
}
