/** What the doors of this package carry without another server, and the tables of docs/protocols.md about all of them. */

import { assertEquals } from "@std/assert";
import { capabilities_table, table_doors } from "./capabilities/tables.ts";
import { run_capabilities } from "./capabilities/run.ts";
import { deno_serve_door, make_server_door } from "./doors/http.ts";
import { root } from "../support/support.ts";

run_capabilities("make_server", make_server_door);
run_capabilities("to_fetch under Deno.serve", deno_serve_door);

const tables = table_doors.map(capabilities_table);

Deno.test("capabilities_table() is as deno fmt has it", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "md", "-"],
    cwd: root,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const markdown = tables.join("\n");
  await ReadableStream.from([markdown])
    .pipeThrough(new TextEncoderStream())
    .pipeTo(child.stdin);
  const { stdout } = await child.output();
  assertEquals(new TextDecoder().decode(stdout), markdown);
});

Deno.test("docs/protocols.md has the tables of what each door carries", async () => {
  const page = await Deno.readTextFile(new URL("docs/protocols.md", root));
  const [, section] = page.split("\n## What each door carries\n");
  assertEquals(section!.match(/(^\|.*\n)+/gm), tables);
});
