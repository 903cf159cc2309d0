/** examples/middleware_both_ways.ts: one around the other. */

import { assertEquals, assertMatch } from "@std/assert";
import app from "../../examples/middleware_both_ways.ts";
import { serve } from "../support/support.ts";

Deno.test("examples/middleware_both_ways.ts has WSGI around Hono, and Hono around WSGI", async () => {
  await using server = serve(app);
  const expected = { "/": "Hello from Hono!\n", "/wsgi": "Hello world!\n" };
  for (const [path, body] of Object.entries(expected)) {
    const response = await fetch(server.url + path);
    assertEquals(await response.text(), body);
    assertEquals(response.headers.get("x-powered-by"), "Hono");
    assertMatch(response.headers.get("server-timing")!, /^app;dur=\d+\.\d$/);
  }
});
