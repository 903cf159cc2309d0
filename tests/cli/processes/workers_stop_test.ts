/** How signals end the supervisor and its workers. */

import { assertEquals } from "@std/assert";
import { run, type Running, start, STOPPING } from "../../support/command.ts";
import {
  find_workers,
  is_listening,
  make_wide_gate,
  until_ended,
} from "../../support/processes.ts";
import { until } from "../../support/support.ts";
import { begin_slow, make_place, quiet } from "./workers.ts";

Deno.test("SIGTERM ends workers that are still starting", async () => {
  await using place = await make_place({
    "app.ts": `Deno.kill(Deno.ppid, "SIGTERM");
await new Promise((resolve) => setTimeout(resolve, 1e9));`,
  });
  const args = ["app.ts", "-w", "2", "--bind", "127.0.0.1:0"];
  assertEquals(
    await run(args, place.circumstances),
    { code: 0, stdout: STOPPING, stderr: "" },
  );
  assertEquals(place.left(), []);
});

/** What a terminal does at Ctrl-C, and systemd when it stops a service. */
function signal_all(
  { child }: Running,
  workers: Iterable<number>,
  signal: Deno.Signal,
): void {
  for (const pid of [...workers, child.pid]) Deno.kill(pid, signal);
}

Deno.test("a signal to all processes lets the requests under way finish, and a second one ends all at once", async () => {
  const cases: [signal: Deno.Signal, twice: boolean, code: number][] = [
    ["SIGINT", false, 0],
    ["SIGINT", true, 130],
    ["SIGTERM", false, 0],
    ["SIGTERM", true, 143],
  ];
  for (const [signal, twice, expected_code] of cases) {
    await using place = await make_place();
    await using gate = make_wide_gate();
    await using command = await start(
      quiet("app.ts:slow", "-w", "2"),
      place.circumstances,
    );
    const workers = await find_workers(command.port, 2);
    const begun = await begin_slow(command, gate.url, 8);
    await until(() => gate.count() === 8);
    signal_all(command, workers, signal);
    await until(() => command.printed.stdout.includes(STOPPING));
    if (twice) signal_all(command, workers, signal);
    else gate.open();
    for (const [pid, answers] of begun) {
      const all = new Set(await Promise.all(answers));
      const expected = twice ? "broken off" : `${pid} 1 whole`;
      assertEquals(all, new Set([expected]));
    }
    const { code, stderr } = await command.ended();
    assertEquals({ code, stderr }, { code: expected_code, stderr: "" });
    await until_ended(workers);
    assertEquals(place.left(), []);
  }
});

Deno.test("a worker takes one SIGTERM for the end, and no further one", async () => {
  await using place = await make_place();
  await using gate = make_wide_gate();
  await using command = await start(
    quiet("app.ts:slow", "-w", "1"),
    place.circumstances,
  );
  const begun = await begin_slow(command, gate.url, 4);
  const [[worker, answers]] = [...begun] as [[number, Promise<string>[]]];
  await until(() => gate.count() === 4);
  const is_open = () => is_listening(worker, command.port);
  assertEquals(is_open(), true);
  Deno.kill(worker, "SIGTERM");
  await until(() => !is_open());
  Deno.kill(worker, "SIGTERM");
  command.child.kill("SIGTERM");
  await until(() => command.printed.stdout.includes(STOPPING));
  Deno.kill(worker, "SIGTERM");
  gate.open();
  const all = new Set(await Promise.all(answers));
  assertEquals(all, new Set([`${worker} 1 whole`]));
  const { code, stderr } = await command.ended();
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
});
