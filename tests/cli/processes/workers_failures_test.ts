/** Workers that are killed, that die or hang, and those whose supervisor has gone. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { start } from "../../support/command.ts";
import {
  ask,
  find_workers,
  make_wide_gate,
  telling_apps,
  until_answered,
  until_ended,
} from "../../support/processes.ts";
import { until } from "../../support/support.ts";
import {
  begin_slow,
  exists,
  make_place,
  messages,
  quiet,
  RELOADED,
  reloads,
} from "./workers.ts";

Deno.test("workers are still started when the temporary directory was cleaned", async () => {
  await using place = await make_place();
  await using command = await start(
    quiet("app.ts", "-w", "1"),
    place.circumstances,
  );
  const clean = async () => {
    for (const name of place.left()) {
      const path = `${place.circumstances.env!.TMPDIR}/${name}`;
      await Deno.remove(path, { recursive: true });
    }
  };
  await clean();
  command.child.kill("SIGHUP");
  await until(() => reloads(command) === 1);
  await clean();
  const [worker] = await find_workers(command.port, 1);
  Deno.kill(worker!, "SIGKILL");
  const successor = await until_answered(command.port, "1");
  assertEquals(successor === worker, false);
  const { code, stderr } = await command.stop();
  assertEquals(code, 0);
  assertEquals(messages(stderr), [
    RELOADED,
    `[ERROR] worker ${worker} ended with SIGKILL`,
  ]);
  assertEquals(place.left(), []);
});

Deno.test("a worker that is killed loses its own requests, and is replaced", async () => {
  await using place = await make_place();
  await using gate = make_wide_gate();
  await using command = await start(
    quiet("app.ts:slow", "-w", "2"),
    place.circumstances,
  );
  const begun = await begin_slow(command, gate.url, 40);
  const [victim, other] = [...begun.keys()];
  assert(victim && other);
  await until(() => gate.count() === 40);
  Deno.kill(victim, "SIGKILL");
  assertEquals(
    new Set(await Promise.all(begun.get(victim)!)),
    new Set(["broken off"]),
  );
  gate.open();
  const rest = await Promise.all(begun.get(other)!);
  assertEquals(new Set(rest), new Set([`${other} 1 whole`]));
  const after = await find_workers(command.port, 2);
  assertEquals(after.has(victim), false);
  assertEquals(after.has(other), true);
  const { code, stderr } = await command.stop();
  assertEquals(code, 0);
  assertEquals(messages(stderr), [
    `[ERROR] worker ${victim} ended with SIGKILL`,
  ]);
});

Deno.test("a worker that dies again and again is replaced after longer and longer pauses", async () => {
  await using place = await make_place({
    "app.ts":
      `Deno.writeTextFileSync("starts", Date.now() + "\\n", { append: true });
setInterval(() => {
  try {
    Deno.statSync("deadly");
  } catch {
    return;
  }
  Deno.exit(3);
}, 5);
${telling_apps()}`,
    "starts": "",
  });
  const { path, circumstances } = place;
  const deadly = `${path}/deadly`;
  const starts = () =>
    Deno.readTextFileSync(`${path}/starts`).split("\n").slice(0, -1)
      .map(Number);
  await using command = await start(
    quiet("app.ts", "-w", "1"),
    circumstances,
  );
  await Deno.writeTextFile(deadly, "");
  await until(() => starts().length === 4);
  await Deno.remove(deadly);
  const [, first, second, third] = starts();
  assert(second! - first! >= 200, "the second pause is 200 ms");
  assert(third! - second! >= 400, "the third pause is 400 ms");
  // It serves again.
  let answer = "";
  while (!answer) answer = await ask(command.port).catch(() => "");
  const lines = () => messages(command.printed.stderr);
  const before = lines().length;
  await Deno.writeTextFile(deadly, "");
  await until(() => lines().length > before);
  // It is stopped while it waits.
  const { code } = await command.stop();
  assertEquals(code, 0);
  for (const line of lines()) {
    assertMatch(line, /^\[ERROR\] worker \d+ ended with status 3$/);
  }
  assertEquals(place.left(), []);
});

Deno.test("the workers of a supervisor that is killed finish their requests, and end", async () => {
  await using place = await make_place();
  await using gate = make_wide_gate();
  await using command = await start(
    quiet("app.ts:slow", "-w", "2"),
    place.circumstances,
  );
  const begun = await begin_slow(command, gate.url, 8);
  await until(() => gate.count() === 8);
  command.child.kill("SIGKILL");
  const gone = "[ERROR] the supervisor has exited: stopping";
  await until(() => messages(command.printed.stderr).length === 2);
  gate.open();
  for (const [pid, answers] of begun) {
    const all = new Set(await Promise.all(answers));
    assertEquals(all, new Set([`${pid} 1 whole`]));
  }
  const { stderr } = await command.ended();
  assertEquals(messages(stderr), [gone, gone]);
  await until_ended(begun.keys());
  assertEquals(place.left(), []);
});

Deno.test("a worker that hangs is killed when its time is up", async () => {
  await using place = await make_place({
    "app.ts": `export default (environ, start_response) => {
  if (environ.QUERY_STRING) Deno.writeTextFileSync("hanging", "");
  while (environ.QUERY_STRING);
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [new TextEncoder().encode(String(Deno.pid))];
};`,
  });
  await using command = await start(
    quiet("app.ts", "-w", "1", "--graceful-timeout", "0.1"),
    place.circumstances,
  );
  const [worker] = await find_workers(command.port, 1);
  const hanging = ask(command.port, "/?x").catch(() => "broken off");
  await until(() => exists(`${place.path}/hanging`));
  const { code, stderr } = await command.stop();
  assertEquals(await hanging, "broken off");
  assertEquals(code, 0);
  assertEquals(messages(stderr), [
    `[ERROR] worker ${worker} did not stop in time: killed`,
  ]);
  assertEquals(place.left(), []);
});
