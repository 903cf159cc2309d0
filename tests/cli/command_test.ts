/** The command as a whole: it serves, checks, and prints what it is asked for. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { help } from "../../cli/settings/help.ts";
import { flag_of, OPTIONS } from "../../cli/settings/options.ts";
import config from "../../deno.json" with { type: "json" };
import {
  make_folder,
  run,
  serving_line,
  start,
  STOPPING,
  without_times,
} from "../support/command.ts";
import { get } from "./helpers.ts";

Deno.test("the command serves demo_app without a MODULE", async () => {
  await using command = await start([]);
  const page = await get(`${command.address}x?y=1`);
  assertEquals(page.slice(0, 14), "Hello world!\n\n");
  assertStringIncludes(page, "\nPATH_INFO = '/x'\n");
  assertStringIncludes(page, "\nQUERY_STRING = 'y=1'\n");
  const { code, stdout, stderr } = await command.stop();
  assertEquals(code, 0);
  assertEquals(
    stdout,
    serving_line("demo_app", `http://127.0.0.1:${command.port}/`) + STOPPING,
  );
  assertEquals(
    without_times(stderr),
    `127.0.0.1 - - [time] "GET /x?y=1 HTTP/1.1" 200 ${page.length}\n`,
  );
});

Deno.test("--validate runs the application behind validator", async () => {
  await using folder = await make_folder({
    "app.js": `export default (_environ, start_response) => {
      start_response("204 No Content", [["Content-Type", "a/b"]]);
      return [];
    }`,
  });
  for (const [args, status] of [[[], 204], [["--validate"], 500]] as const) {
    await using command = await start([...args, "app.js"], {
      cwd: folder.path,
    });
    const response = await fetch(command.address);
    await response.body?.cancel();
    assertEquals(response.status, status);
    const { stderr } = await command.stop();
    assertEquals(stderr.includes("WSGIError"), status === 500);
  }
});

Deno.test("--validate has nothing to say of the demo application", async () => {
  await using command = await start(["--validate", "--access-logfile=none"]);
  assertStringIncludes(await get(command.address), "Hello world!");
  assertEquals((await command.stop()).stderr, "");
});

Deno.test("--help prints every option", async () => {
  for (const args of [["--help"], ["-h"], ["missing.ts", "--help"]]) {
    assertEquals(await run(args), { code: 0, stdout: help(), stderr: "" });
  }
  for (const name of Object.keys(OPTIONS)) {
    assertStringIncludes(help(), ` ${flag_of(name)}`);
  }
});

Deno.test("--help fits a screen", () => {
  const lines = help().split("\n");
  assertEquals(lines.filter((line) => line.length > 99), []);
  assertEquals(lines.length <= 60, true);
});

Deno.test("--version prints the versions of the package and of Deno", async () => {
  const stdout = `@tsgi/serve ${config.version} (Deno ${Deno.version.deno})\n`;
  for (const args of [["--version"], ["-v"], ["missing.ts", "--version"]]) {
    assertEquals(await run(args), { code: 0, stdout, stderr: "" });
  }
});

Deno.test("--check-config says what is wrong, and does not listen", async () => {
  await using folder = await make_folder({ "app.ts": `export default 1;` });
  const cwd = folder.path;
  assertEquals(await run(["--check-config"]), {
    code: 0,
    stdout: "The configuration is good.\n",
    stderr: "",
  });
  const { code, stderr } = await run(["--check-config", "app.ts"], { cwd });
  assertEquals(code, 2);
  assertStringIncludes(stderr, "app.ts exports no application");
  const tls = ["--check-config", "--certfile", "missing.pem"];
  assertEquals(await run(tls, { cwd }), {
    code: 2,
    stdout: "",
    stderr:
      "error: cannot read --certfile: No such file or directory (os error 2): readfile 'missing.pem'\n",
  });
});

Deno.test("an application that throws is logged, and the command goes on", async () => {
  await using folder = await make_folder({
    "app.ts": `export default () => { throw new Error("the well is dry"); };\n`,
  });
  await using command = await start(["app.ts"], { cwd: folder.path });
  for (const _ of [1, 2]) {
    const response = await fetch(command.address);
    assertEquals(response.status, 500);
    await response.body?.cancel();
  }
  const { code, stderr } = await command.stop();
  assertEquals(code, 0);
  assertEquals(stderr.match(/Error: the well is dry/g)?.length, 2);
  assertEquals(stderr.match(/"GET \/ HTTP\/1.1" 500 \d+\n/g)?.length, 2);
});
