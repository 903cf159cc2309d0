/** examples/middleware_both_ways.ts: one around the other. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import app from "../../examples/middleware_both_ways.ts";
import { serve } from "../support/support.ts";

Deno.test("examples/middleware_both_ways.ts has WSGI around Hono, and Hono around WSGI", async () => {
  await using server = serve(app);
  const expected = { "/": "Hello from Hono!\n", "/wsgi/a": "Hello world!\n" };
  for (const [path, beginning] of Object.entries(expected)) {
    const response = await fetch(server.url + path);
    assertStringIncludes(await response.text(), beginning);
    assertEquals(response.headers.get("x-powered-by"), "Hono");
    assertMatch(response.headers.get("server-timing")!, /^app;dur=\d+\.\d$/);
  }
});

Deno.test("examples/middleware_both_ways.ts tells the application where it is mounted", async () => {
  await using server = serve(app);
  const page = await (await fetch(`${server.url}/wsgi/a%2Fb?c`)).text();
  assertStringIncludes(page, "\nSCRIPT_NAME = '/wsgi'\n");
  assertStringIncludes(page, "\nPATH_INFO = '/a/b'\n");
  assertStringIncludes(page, "\nREQUEST_URI = '/wsgi/a%2Fb?c'\n");
});
