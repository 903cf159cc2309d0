/** `examples/deployments/health.ts`: its health check passes its limit. */

import { assertEquals } from "@std/assert";
import { start_server } from "../../support/support.ts";

Deno.test("examples/deployments/health.ts answers its health check while it refuses everything else", async () => {
  await using server = await start_server(
    ["mod.ts", "--bind", "127.0.0.1:0", "examples/deployments/health.ts"],
  );
  const leaving = new AbortController();
  const ask = async (path: string) => {
    const { signal } = leaving;
    const { status, body } = await fetch(`${server.url}${path}`, { signal });
    if (!path.includes("from")) await body?.cancel();
    return status;
  };
  // Each stays in flight.
  const asked = Array.from({ length: 100 }, () => ask("/?from=1000"));
  assertEquals(new Set(await Promise.all(asked)), new Set([200]));
  assertEquals(await ask("/"), 503);
  assertEquals(await ask("/healthz"), 200);
  leaving.abort();
});
