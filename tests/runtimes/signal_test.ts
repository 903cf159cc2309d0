/** `request.signal` of a fetch handler on Node and Bun: it is aborted when the client disconnects, and only then. */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import {
  connect,
  free_port,
  installed,
  make_folder,
  remove_folder,
  start_service,
  until_ready,
} from "../fronts/fronts.ts";
import { bytes, until, write_all } from "../support/support.ts";
import { make_package } from "./packed.ts";
import { BUN, NEWER_NODE, NODE, PACKAGES } from "./runtimes.ts";

/** Answers `/WAY/HOW`: by WSGI or by the shortcut, at once, never, or with a body that never ends. */
const HANDLER = `
import { writeSync } from "node:fs";
import { from_fetch, to_fetch } from "./gateways/fetch.js";

const note = (text) => writeSync(2, text + "\\n");
const app = from_fetch(async (request) => {
  const { pathname } = new URL(request.url);
  request.signal.addEventListener("abort", () => note("aborted " + pathname));
  note("begun " + pathname);
  if (pathname.endsWith("waiting")) {
    await new Promise((_, reject) => {
      request.signal.addEventListener("abort", () => reject(request.signal.reason));
    });
  }
  if (pathname.endsWith("whole")) return new Response("hello");
  return new Response(new ReadableStream({
    start: (controller) => controller.enqueue(new Uint8Array([97])),
    cancel: () => note("cancelled " + pathname),
  }));
});
const direct = to_fetch(app);
const by_wsgi = to_fetch((environ, start_response) => app(environ, start_response));
export const fetch = (request) =>
  (new URL(request.url).pathname.startsWith("/direct") ? direct : by_wsgi)(request);
`;

const SERVERS = {
  node: `
import { serve } from "srvx";
import { fetch } from "./signal_handler.js";
await serve({ fetch, hostname: "127.0.0.1", port: process.env.PORT, silent: true }).ready();
`,
  bun: `
import { fetch } from "./signal_handler.js";
Bun.serve({
  fetch: (request) => fetch(request),
  hostname: "127.0.0.1",
  port: Number(process.env.PORT),
  idleTimeout: 0,
});
`,
};

if (installed(NODE, NEWER_NODE, BUN)) {
  const folder = await make_folder();
  await make_package(folder, PACKAGES);
  Deno.writeTextFileSync(join(folder, "signal_handler.js"), HANDLER);
  for (const [name, source] of Object.entries(SERVERS)) {
    Deno.writeTextFileSync(join(folder, `signal_${name}.js`), source);
  }
  Deno.test.afterAll(() => remove_folder(folder));

  const runtimes = [
    ["Node", NODE, "node"],
    ["newer Node", NEWER_NODE, "node"],
    ["Bun", BUN, "bun"],
  ] as const;
  for (const [name, program, server] of runtimes) {
    Deno.test(`request.signal on ${name} is aborted when the client disconnects, and not otherwise`, async () => {
      const address = { hostname: "127.0.0.1", port: free_port() };
      await using service = start_service(program, [`signal_${server}.js`], {
        cwd: folder,
        env: { PORT: String(address.port), NO_COLOR: "1" },
      });
      await until_ready(service, () => connect(address));
      const noted = (line: string) => service.stderr().includes(`${line}\n`);
      const ask = async (path: string) => {
        const conn = await Deno.connect(address);
        await write_all(
          conn,
          bytes(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`),
        );
        await until(() => noted(`begun ${path}`));
        return conn;
      };
      for (const way of ["/direct", "/wsgi"]) {
        (await ask(`${way}/waiting`)).close();
        await until(() => noted(`aborted ${way}/waiting`));
        const conn = await ask(`${way}/stalled`);
        await conn.read(new Uint8Array(1000));
        conn.close();
        await until(() =>
          noted(`aborted ${way}/stalled`) && noted(`cancelled ${way}/stalled`)
        );
        const whole = await fetch(
          `http://127.0.0.1:${address.port}${way}/whole`,
        );
        assertEquals(await whole.text(), "hello");
      }
      const lines = service.stderr().trim().split("\n");
      const expected = ["/direct", "/wsgi"].flatMap((way) => [
        `begun ${way}/waiting`,
        `aborted ${way}/waiting`,
        `begun ${way}/stalled`,
        `aborted ${way}/stalled`,
        `cancelled ${way}/stalled`,
        `begun ${way}/whole`,
      ]);
      assertEquals(lines.sort(), expected.sort());
    });
  }
}
