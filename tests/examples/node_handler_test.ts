/** examples/node_handler.ts, an application of Express, by the command. */

import { assertEquals } from "@std/assert";
import { start } from "../support/command.ts";

Deno.test("examples/node_handler.ts answers by Express", async () => {
  await using command = await start(["examples/node_handler.ts"]);
  const hello = await fetch(`${command.address}hello/Ada`);
  assertEquals(await hello.text(), "Hello, Ada!");
  assertEquals(hello.headers.get("x-powered-by"), "Express");
  const sum = await fetch(`${command.address}sum`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "[1, 2, 3]",
  });
  assertEquals(await sum.json(), { sum: 6 });
});
