/** `demo_app()`, called and served. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { demo_app } from "../../simple_server.ts";
import type { WSGIEnvironment } from "../../types.ts";
import { serve } from "../support/support.ts";

Deno.test("demo_app() prints Hello world! and the sorted environ", () => {
  const environ = {
    B: "it's",
    A: 'say "hi"',
    C: "caf\xc3\xa9\n\\",
    "wsgi.version": [1, 0],
  } as unknown as WSGIEnvironment;
  const calls: unknown[] = [];
  const page = demo_app(environ, (...args) => {
    calls.push(args);
    return async () => {};
  });
  assertEquals(calls, [[
    "200 OK",
    [["Content-Type", "text/plain; charset=utf-8"]],
  ]]);
  assertEquals(page.length, 1);
  assertEquals(
    new TextDecoder().decode(page[0]),
    "Hello world!\n\nA = 'say \"hi\"'\nB = \"it's\"\nC = 'caf\xc3\xa9\\n\\\\'\nwsgi.version = [ 1, 0 ]\n",
  );
});

Deno.test("demo_app() is served", async () => {
  await using server = serve(demo_app);
  const response = await fetch(`${server.url}/caf%C3%A9`);
  const page = await response.text();
  assertMatch(page, /^Hello world!\n\n/);
  assertStringIncludes(page, "PATH_INFO = '/caf\xc3\xa9'\n");
  const keys = page.trimEnd().split("\n").slice(2)
    .map((line) => line.split(" = ")[0]!);
  assertEquals(keys, [...keys].sort());
});
