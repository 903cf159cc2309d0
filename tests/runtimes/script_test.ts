/** A script with a `CGIHandler` on Node and on Bun: how its input, its output and its variables come and go, and how it ends. */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import {
  find_program,
  installed,
  make_folder,
  remove_folder,
} from "../fronts/fronts.ts";
import { text } from "../support/support.ts";
import { make_package } from "./packed.ts";
import { BUN, NEWER_NODE, NODE, PACKAGES } from "./runtimes.ts";

const PREAMBLE = `
import { writeSync } from "node:fs";
import { CGIHandler } from "./handlers.js";

const encode = (text) => new TextEncoder().encode(text);
const note = (text) => writeSync(2, text);
const begin = (start_response) =>
  start_response("200 OK", [["Content-Type", "text/plain"]]);
`;

const SCRIPTS = {
  /** 26 MB, in blocks. */
  large: `function* (_environ, start_response) {
    begin(start_response);
    for (let i = 0; i < 400; i++) yield new Uint8Array(65536).fill(97);
  }`,
  /** What came in. */
  echo: `async (environ, start_response) => {
    begin(start_response);
    const blocks = [];
    for await (const block of environ["wsgi.input"]) blocks.push(block.slice());
    return blocks;
  }`,
  /** A variable, byte by byte. */
  path: `(environ, start_response) => {
    begin(start_response);
    return [Uint8Array.from(environ.PATH_INFO, (char) => char.charCodeAt(0))];
  }`,
  /** Blocks without an end. */
  endless: `(_environ, start_response) => {
    begin(start_response);
    return {
      async *[Symbol.asyncIterator]() {
        for (;;) yield new Uint8Array(65536);
      },
      close: () => note("closed"),
    };
  }`,
  /** One block, and then nothing for a long time. */
  waiting: `(_environ, start_response) => {
    begin(start_response);
    return {
      async *[Symbol.asyncIterator]() {
        yield encode("begun");
        await new Promise((resolve) => setTimeout(resolve, 1e6));
      },
      close: () => note("closed"),
    };
  }`,
};

const REQUEST = {
  GATEWAY_INTERFACE: "CGI/1.1",
  REQUEST_METHOD: "GET",
  SERVER_NAME: "localhost",
  SERVER_PORT: "80",
  SERVER_PROTOCOL: "HTTP/1.1",
};

const HEAD = "Status: 200 OK\r\nContent-Type: text/plain\r\n";

if (installed(NODE, NEWER_NODE, BUN)) {
  const folder = await make_folder();
  await make_package(folder, PACKAGES);
  for (const [name, app] of Object.entries(SCRIPTS)) {
    const source = `${PREAMBLE}\nawait new CGIHandler().run(${app});\n`;
    Deno.writeTextFileSync(join(folder, `${name}.js`), source);
  }
  Deno.test.afterAll(() => remove_folder(folder));

  const start = (
    program: string,
    script: keyof typeof SCRIPTS,
    env: Record<string, string> = {},
  ) =>
    new Deno.Command(find_program(program)!, {
      args: [join(folder, `${script}.js`)],
      env: { ...REQUEST, ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();

  const runtimes = [["Node", NODE], ["newer Node", NEWER_NODE], ["Bun", BUN]];
  for (const [name, program] of runtimes as [string, string][]) {
    Deno.test(`a script on ${name} answers with 26 MB to who reads slowly, and does not wait for its stdin`, async () => {
      const child = start(program, "large");
      let size = 0;
      for await (const block of child.stdout) {
        if (size === 0) await new Promise((resolve) => setTimeout(resolve, 50));
        size += block.length;
      }
      const { code } = await child.status;
      assertEquals([size, code], [HEAD.length + 2 + 400 * 65536, 0]);
      await child.stdin.close();
      assertEquals(await new Response(child.stderr).text(), "");
    });

    Deno.test(`a script on ${name} takes as much of its stdin as CONTENT_LENGTH says, though that stays open`, async () => {
      const size = 1_000_000;
      const child = start(program, "echo", {
        REQUEST_METHOD: "POST",
        CONTENT_LENGTH: String(size),
      });
      const body = "0123456789".repeat(size / 10);
      const stdin = child.stdin.getWriter();
      const written = stdin.write(new TextEncoder().encode(`${body}more`))
        .catch(() => {});
      const output = await new Response(child.stdout).text();
      assertEquals(output.slice(output.indexOf("\r\n\r\n") + 4), body);
      assertEquals((await child.status).code, 0);
      await written;
      await stdin.close().catch(() => {});
      await child.stderr.cancel();
    });

    Deno.test(`a script on ${name} has a variable with bytes that are no UTF-8`, async () => {
      const command = `PATH_INFO=$(printf '/caf\\351') exec "$0" "$1"`;
      const { stdout } = await new Deno.Command("sh", {
        args: ["-c", command, find_program(program)!, join(folder, "path.js")],
        env: REQUEST,
        stdin: "null",
      }).output();
      const output = text(stdout);
      assertEquals(output.slice(output.indexOf("\r\n\r\n") + 4), "/caf\xe9");
    });

    Deno.test(`a script on ${name} whose web server has gone closes its result, and says nothing`, async () => {
      const child = start(program, "endless");
      const reader = child.stdout.getReader();
      await reader.read();
      await reader.cancel();
      const [{ code }, stderr] = await Promise.all([
        child.status,
        new Response(child.stderr).text(),
      ]);
      assertEquals([code, stderr], [0, "closed"]);
      await child.stdin.close().catch(() => {});
    });

    Deno.test(`SIGTERM has a script on ${name} close what it waits for`, async () => {
      const child = start(program, "waiting");
      const reader = child.stdout.getReader();
      await reader.read();
      reader.releaseLock();
      child.kill("SIGTERM");
      const [{ code }, stderr] = await Promise.all([
        child.status,
        new Response(child.stderr).text(),
      ]);
      assertEquals([code, stderr], [143, "closed"]);
      await child.stdout.cancel();
      await child.stdin.close().catch(() => {});
    });
  }
}
