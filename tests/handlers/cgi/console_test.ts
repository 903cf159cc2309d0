/** A CGI script that writes to the console: its stdout is its response. */

import { assertEquals, assertMatch } from "@std/assert";
import { make_folder, mod } from "../../support/command.ts";
import { run_script } from "../../support/support.ts";

const WRITES = `
console.log("log %s", 1);
console.info("info");
console.debug("debug");
console.dir({ dir: 1 });
console.table([["table"]]);
console.count("count");
console.time("time");
console.timeEnd("time");
console.group("group");
console.log("in it");
console.groupEnd();
`;

const APP = `(_environ, start_response) => {
  console.log("in the application");
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [new TextEncoder().encode("answered")];
}`;

const ENVIRON = {
  GATEWAY_INTERFACE: "CGI/1.1",
  REQUEST_METHOD: "GET",
  SERVER_NAME: "h",
  SERVER_PORT: "80",
  SERVER_PROTOCOL: "HTTP/1.1",
};

Deno.test("the command as a CGI script has the console write to stderr", async () => {
  await using folder = await make_folder({
    "app.js": `${WRITES}export default ${APP}`,
  });
  const { stdout, stderr } = await run_script([mod, "app.js"], {
    env: ENVIRON,
    cwd: folder.path,
  });
  assertMatch(stdout, /^Status: 200 OK\r\n[^]*\r\n\r\nanswered$/);
  assertMatch(
    stderr,
    /^log 1\ninfo\ndebug\n\{ dir: 1 \}\n[^]*'table'[^]*count: 1\ntime: .*\ngroup\n {2,4}in it\nin the application\n$/,
  );
});

Deno.test("CGIHandler has the console write to stderr", async () => {
  const handlers = new URL("../../../handlers.ts", import.meta.url).href;
  await using folder = await make_folder({
    "script.js": `import { CGIHandler } from "${handlers}";
await new CGIHandler().run(${APP});`,
  });
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  const { stdout, stderr } = await run_script(
    [`--config=${config}`, `${folder.path}/script.js`],
    { env: ENVIRON },
  );
  assertMatch(stdout, /^Status: 200 OK\r\n[^]*\r\n\r\nanswered$/);
  assertEquals(stderr, "in the application\n");
});
