/** SIGUSR1 and SIGUSR2 with workers: logs are reopened, and no debugger. */

import { assert, assertEquals } from "@std/assert";
import { start } from "../../support/command.ts";
import {
  ask,
  find_workers,
  is_listening,
  without_debugger,
} from "../../support/processes.ts";
import { until } from "../../support/support.ts";
import { exists, make_place, quiet } from "./workers.ts";

Deno.test("SIGUSR1 has all workers write to new log files", async () => {
  await using place = await make_place({
    "app.ts": `export default (environ, start_response) => {
  environ["wsgi.errors"].write(\`<\${Deno.pid}>\\n\`);
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [new TextEncoder().encode(String(Deno.pid))];
};`,
  });
  const logs = ["access.log", "error.log"].map((name) =>
    `${place.path}/${name}`
  );
  const [access, error] = logs;
  await using command = await start([
    ...["app.ts", "-w", "2", "--access-logformat", "%(p)s"],
    ...["--access-logfile", access!, "--error-logfile", error!],
  ], place.circumstances);
  const lines = (path: string) =>
    exists(path) ? Deno.readTextFileSync(path).split("\n").slice(0, -1) : [];
  const asked: string[] = [];
  const ask_both = async (until: () => boolean) => {
    while (!until()) asked.push(`<${await ask(command.port)}>`);
  };
  await ask_both(() => new Set(asked).size === 2);
  for (const path of logs) await Deno.rename(path, `${path}.1`);
  command.child.kill("SIGUSR1");
  await ask_both(() => logs.every((path) => new Set(lines(path)).size === 2));
  const { code, stderr } = await command.stop();
  assertEquals({ code, said: without_debugger(stderr) }, { code: 0, said: "" });
  for (const path of logs) {
    const all = [...lines(`${path}.1`), ...lines(path)];
    assertEquals(all.sort(), [...asked].sort());
  }
});

/** When Deno, which has just started, opens its debugger at SIGUSR1, in milliseconds; and at which port. */
const GRACE_PERIOD = 500;
const DEBUGGER = 9229;

Deno.test("SIGUSR2 has the logs reopened without a word of Deno's debugger, whoever gets it", async () => {
  await using place = await make_place();
  const log = `${place.path}/error.log`;
  await using command = await start(
    quiet("app.ts", "-w", "2", "--error-logfile", log),
    place.circumstances,
  );
  const workers = await find_workers(command.port, 2);
  await new Promise((resolve) => setTimeout(resolve, GRACE_PERIOD + 200));
  await Deno.rename(log, `${log}.1`);
  for (const pid of [...workers, command.child.pid]) Deno.kill(pid, "SIGUSR2");
  await until(() => exists(log));
  assertEquals(await find_workers(command.port, 2), workers);
  const { code, stderr } = await command.stop();
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
});

Deno.test("SIGUSR1 opens the logs anew, and leaves no debugger open", async () => {
  await using place = await make_place();
  const log = `${place.path}/error.log`;
  await using command = await start(
    quiet("app.ts", "-w", "2", "--error-logfile", log),
    place.circumstances,
  );
  const workers = await find_workers(command.port, 2);
  const pids = [command.child.pid, ...workers];
  const pause = (milliseconds: number) =>
    new Promise((resolve) => setTimeout(resolve, milliseconds));
  await pause(GRACE_PERIOD + 200);
  const is_open = () => pids.some((pid) => is_listening(pid, DEBUGGER));
  for (let time = 1; time <= 2; time++) {
    await Deno.rename(log, `${log}.${time}`);
    command.child.kill("SIGUSR1");
    await until(() => exists(log));
    await pause(200); // It comes up at one of the next turns.
    const late = performance.now() + 5000;
    await until(() => !is_open() || performance.now() > late);
    assertEquals(is_open(), false);
  }
  const { code, stderr } = await command.stop();
  assertEquals({ code, said: without_debugger(stderr) }, { code: 0, said: "" });
  // The workers were not sent the signal; another process may have had the port.
  const tried = /^(Debugger listening|Failed to start inspector)/gm;
  assert((stderr.match(tried) ?? []).length <= 2);
});
