/** `--limit-concurrency`: who is told to come again, by HTTP and FastCGI. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { make_folder, start } from "../../support/command.ts";
import { make_wide_gate, telling_apps } from "../../support/processes.ts";
import { until, write_all } from "../../support/support.ts";
import { doors, read } from "../doors.ts";

const BUSY = "503 Service Unavailable";

Deno.test("--limit-concurrency N answers requests beyond N with a 503, and is not worn out by clients that leave", async () => {
  await using folder = await make_folder({ "app.ts": telling_apps() });
  for (const door of doors) {
    await using gate = make_wide_gate();
    const log = `${folder.path}/${door.protocol}.log`;
    await using command = await start([
      ...["app.ts:slow", "--protocol", door.protocol],
      ...["--limit-concurrency", "2", "--access-logfile", log],
      ...["--access-logformat", "%(r)s %(s)s %(B)s %({Retry-After}o)s"],
    ], { cwd: folder.path });
    const { port } = command;
    // Clients that leave before they are answered.
    for (const _ of [1, 2, 3]) {
      const count = gate.count();
      using conn = await Deno.connect({ hostname: "127.0.0.1", port });
      await write_all(conn, door.request(gate.url));
      await until(() => gate.count() > count);
    }
    while ((await door.ask(port, ""))[0] === BUSY);
    const count = gate.count();
    const under_way = [door.ask(port, gate.url), door.ask(port, gate.url)];
    await until(() => gate.count() === count + 2);
    assertEquals(await door.ask(port, "more"), [BUSY, "Service Unavailable"]);
    gate.open();
    for (const [status, body] of await Promise.all(under_way)) {
      assertEquals(status, "200 OK");
      assertMatch(body, /^\d+ 1 whole$/);
    }
    const [status] = await door.ask(port, "");
    assertEquals(status, "200 OK");
    assertEquals((await command.stop()).code, 0);
    const line = "GET /?more HTTP/1.1 503 19 1";
    assert(read(log)!.split("\n").includes(line), read(log)!);
  }
});
