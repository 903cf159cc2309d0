/** A server that nobody waits for: what a program is told that comes to its end at once. */

import { assertEquals } from "@std/assert";
import { make_folder } from "../support/command.ts";
import { root } from "../support/support.ts";

const NAMES: Record<string, string> = {
  make_server: "WSGIServer",
  serve_scgi: "SCGIServer",
  serve_fastcgi: "FastCGIServer",
  serve_uwsgi: "UWSGIServer",
};

function told(server: string): string {
  return `${server} was closed at the end of its \`await using\` block before any request arrived: \`await\` serve_forever() to serve until it is shut down\n`;
}

/** How each server is made. */
const MAKERS: Record<string, string> = {
  make_server: `make_server("127.0.0.1", 0, demo_app)`,
  serve_scgi: `serve_scgi(demo_app, ["127.0.0.1", 0])`,
  serve_fastcgi: `serve_fastcgi(demo_app, ["127.0.0.1", 0])`,
  serve_uwsgi: `serve_uwsgi(demo_app, ["127.0.0.1", 0])`,
};

/** Runs a program that has what the package exports; gives what it writes to stderr. */
async function run_program(source: string): Promise<string> {
  const url = (path: string) => new URL(path, root).href;
  await using folder = await make_folder({
    "program.ts": `
import { demo_app, make_server, serve_fastcgi, serve_scgi, serve_uwsgi } from "${
      url("mod.ts")
    }";
import { serve } from "${url("cli/mod.ts")}";
${source}`,
  });
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...[
        "run",
        "-A",
        "--no-lock",
        "--config",
        new URL("deno.json", root).pathname,
      ],
      "program.ts",
    ],
    cwd: folder.path,
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 0);
  return new TextDecoder().decode(stderr);
}

for (const [maker, name] of Object.entries(NAMES)) {
  Deno.test(`${maker}() tells a program that does not wait for serve_forever()`, async () => {
    const make = `await using httpd = ${MAKERS[maker]};`;
    for (
      const program of [
        `${make} httpd.serve_forever();`,
        `${make} httpd.serve_forever(); console.log("Serving");`,
        `${make} const served = httpd.serve_forever(); void served;`,
        `async function main() { ${make} httpd.serve_forever(); } main();`,
        `${make} httpd.serve_forever(); await Deno.readTextFile("program.ts");`,
      ]
    ) {
      assertEquals(await run_program(program), told(name), program);
    }
  });

  Deno.test(`${maker}() tells nothing to a program that means what it does`, async () => {
    const make = `await using httpd = ${MAKERS[maker]};`;
    const connect = `
const [hostname, port] = httpd.server_address;
using conn = await Deno.connect({ hostname, port });
await conn.write(new TextEncoder().encode("GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n"));
await conn.read(new Uint8Array(1000)).catch(() => {});`;
    for (
      const program of [
        `${make}`,
        `${make} setTimeout(() => httpd.shutdown(), 10); await httpd.serve_forever();`,
        `${make} const served = httpd.serve_forever(); setTimeout(() => httpd.shutdown(), 10); await served;`,
        `${make} httpd.serve_forever().then(() => {});`,
        `${make} httpd.serve_forever(); await httpd.shutdown();`,
        `${make} httpd.serve_forever(); await httpd.server_close();`,
        `${make} httpd.log_request = () => {}; httpd.serve_forever(); ${connect}`,
      ]
    ) {
      const stderr = await run_program(program);
      assertEquals(stderr.includes("await using"), false, program + stderr);
    }
  });
}

Deno.test("serve() tells a program that does not wait for its end, and no other", async () => {
  const make = `await using serving = await serve(demo_app, {
  bind: "127.0.0.1:0",
  access_logfile: "none",
});`;
  const alone = await run_program(make);
  assertEquals(
    alone.replace(/^\[[^\]]+\] \[\d+\] /, ""),
    "[WARNING] closed at the end of an `await using` block before any request arrived: `await serving.finished` to serve until it is stopped\n",
  );
  for (
    const rest of [
      "setTimeout(() => serving.shutdown(), 10); await serving.finished;",
      "await serving.shutdown();",
      "await serving.server_close();",
      "await (await fetch(`http://${serving.address}/`)).text();",
    ]
  ) {
    assertEquals(await run_program(`${make}\n${rest}`), "", rest);
  }
});
