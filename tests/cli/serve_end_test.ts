/** How what `serve()` serves ends: `shutdown()`, `server_close()`, `await using`. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { serve, type Serving } from "../../cli/mod.ts";
import { make_folder, make_gate } from "../support/command.ts";
import { exchange, scgi, whole_request } from "../gateways/gateway_clients.ts";
import { text } from "../support/support.ts";
import { get, QUIET, test, waiting_apps } from "./serving.ts";

for (const name of ["default", "stream"] as const) {
  test(`shutdown() waits for a request under way: ${name}`, async () => {
    await using folder = await make_folder({});
    await using gate = make_gate();
    const apps = await waiting_apps(folder);
    const log = `${folder.path}/log`;
    const serving = await serve(apps[name], { ...QUIET, access_logfile: log });
    const answer = get(serving, `/?${gate.url}`);
    await gate.reached;
    let finished = false;
    serving.finished.then(() => finished = true);
    const stopped = Promise.all([serving.shutdown(), serving.shutdown()]);
    await assertRejects(() => get(serving), TypeError);
    assertEquals(finished, false);
    gate.open();
    assertEquals(await answer, name === "stream" ? "first last" : "whole");
    await stopped;
    assertEquals(finished, true);
    assertMatch(await Deno.readTextFile(log), /"GET .+ HTTP\/1\.1" 200 \d+\n$/);
  });
}

test("shutdown() waits for graceful_timeout, and no longer", async () => {
  await using folder = await make_folder({});
  const apps = await waiting_apps(folder);
  const error_logfile = `${folder.path}/errors`;
  for (const protocol of ["http", "scgi"] as const) {
    await using gate = make_gate();
    const serving = await serve(apps.default, {
      ...QUIET,
      protocol,
      error_logfile,
      graceful_timeout: 0.01,
    });
    const answer = ask_at_gate(serving, protocol, gate.url);
    await gate.reached;
    await serving.shutdown();
    // Deno does not let go of a connection that it is shutting down: it ends with the answer, or with the process.
    if (protocol === "http") gate.open();
    else assertEquals(await answer, "");
    await answer;
    assertMatch(
      await Deno.readTextFile(error_logfile),
      /^\[.+\] \[WARNING\] cut off requests in flight\n$/,
    );
    await Deno.remove(error_logfile);
  }
});

/** Asks a server whose application waits; the empty text if it hangs up. */
async function ask_at_gate(
  serving: Serving,
  protocol: "http" | "scgi",
  gate: string,
): Promise<string> {
  if (protocol === "http") {
    return await get(serving, `/?${gate}`).catch(() => "");
  }
  const request = whole_request(scgi, { QUERY_STRING: gate });
  return text(await exchange(serving.server_address, request));
}

test("server_close() drops a request under way, and await using does", async () => {
  await using folder = await make_folder({});
  const apps = await waiting_apps(folder);
  for (const way of ["server_close", Symbol.asyncDispose] as const) {
    await using gate = make_gate();
    const serving = await serve(apps.default, QUIET);
    const answer = get(serving, `/?${gate.url}`);
    const cut_off = assertRejects(() => answer, TypeError);
    await gate.reached;
    await serving[way]();
    await cut_off;
    await serving.finished;
    await serving.server_close();
    await serving.shutdown();
  }
});

test("server_close() ends a shutdown() that waits", async () => {
  await using folder = await make_folder({});
  const apps = await waiting_apps(folder);
  for (const protocol of ["http", "scgi"] as const) {
    await using gate = make_gate();
    const serving = await serve(apps.default, { ...QUIET, protocol });
    const answer = ask_at_gate(serving, protocol, gate.url);
    await gate.reached;
    const stopped = serving.shutdown();
    await serving.server_close();
    await stopped;
    gate.open();
    await answer;
  }
});
