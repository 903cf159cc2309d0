/** Requests under way when the command is stopped, by HTTP and FastCGI: none is cut before `--graceful-timeout`. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { make_folder, STOPPING } from "../../support/command.ts";
import { make_wide_gate, telling_apps } from "../../support/processes.ts";
import { until } from "../../support/support.ts";
import { doors, serve } from "../doors.ts";

Deno.test("SIGTERM cuts none of 100 slow requests under way", async () => {
  await using folder = await make_folder({ "app.ts": telling_apps() });
  for (const door of doors) {
    for (const [workers, name] of [["0", "slow"], ["2", "late"]]) {
      await using gate = make_wide_gate();
      await using command = await serve(
        folder,
        `app.ts:${name}`,
        ...["--protocol", door.protocol, "--workers", workers!],
      );
      const answers = Array.from(
        { length: 100 },
        () => door.ask(command.port, gate.url),
      );
      await until(() => gate.count() === 100);
      command.child.kill("SIGTERM");
      await until(() => command.printed.stdout.includes(STOPPING));
      gate.open();
      for (const [status, body] of await Promise.all(answers)) {
        assertEquals(status, "200 OK");
        assertMatch(body, /^\d+ 1 whole$/);
      }
      const { code, stderr } = await command.ended();
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
    }
  }
});

Deno.test("--graceful-timeout cuts what does not end, and says so", async () => {
  await using folder = await make_folder({ "app.ts": telling_apps() });
  for (const door of doors) {
    for (
      const [workers, name] of [["0", "slow"], ["0", "late"], ["1", "slow"]]
    ) {
      await using gate = make_wide_gate();
      await using command = await serve(
        folder,
        `app.ts:${name}`,
        ...["--protocol", door.protocol, "--workers", workers!],
        ...["--graceful-timeout", "0.1"],
      );
      const answer = door.ask(command.port, gate.url)
        .then(([, body]) => body, () => "broken off");
      await until(() => gate.count() === 1);
      const { code, stderr } = await command.stop();
      assert(!(await answer).includes("whole"));
      assertEquals(code, 0);
      assertMatch(
        stderr,
        /^\[[^\]]+\] \[\d+\] \[WARNING\] cut off requests in flight\n$/,
      );
    }
  }
});
