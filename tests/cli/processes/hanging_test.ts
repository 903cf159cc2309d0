/** Workers that hang: while they serve, while they start; and what a supervisor says of those that do not start. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { run, start, STOPPING } from "../../support/command.ts";
import {
  ask,
  find_workers,
  free_port,
  is_running,
  make_wide_gate,
  telling_apps,
  until_answered,
  until_ended,
} from "../../support/processes.ts";
import { until } from "../../support/support.ts";
import { make_place, messages, quiet } from "./workers.ts";

/** The application without an access log. */
function arguments_of(...args: string[]): string[] {
  return quiet("app.ts", ...args);
}

function make_place_of(app: string): ReturnType<typeof make_place> {
  return make_place({ "app.ts": app });
}

/** An application that hangs for good where its query says how. */
const HANGING_APP = `
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export default async (environ, start_response) => {
  const { QUERY_STRING } = environ;
  if (QUERY_STRING === "loop") while (true);
  if (QUERY_STRING === "promises") while (true) await undefined;
  if (QUERY_STRING === "wait") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  if (QUERY_STRING === "stop") Deno.kill(Deno.pid, "SIGSTOP");
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [new TextEncoder().encode(String(Deno.pid))];
};

export async function* busy(environ, start_response) {
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  yield new TextEncoder().encode(String(Deno.pid));
  // Longer than the worker may be silent, but never for long at once.
  for (const end = Date.now() + 2500; Date.now() < end;) {
    for (const turn = Date.now() + 200; Date.now() < turn;);
    await sleep(0);
  }
  yield new TextEncoder().encode(" whole");
}

export async function* idle(environ, start_response) {
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  yield new TextEncoder().encode(String(Deno.pid));
  await sleep(2500);
  yield new TextEncoder().encode(" whole");
}
`;

Deno.test("workers that hang are killed after --timeout, logged with what they were doing, and replaced", async () => {
  const cases: [query: string, doing: string][] = [
    ["loop", "running"],
    ["promises", "running"],
    ["wait", "waiting"],
    ["stop", "stopped by a signal"],
  ];
  for (const [query, doing] of cases) {
    await using place = await make_place_of(HANGING_APP);
    await using command = await start(
      arguments_of("-w", "2", "--timeout", "1"),
      place.circumstances,
    );
    const first = await find_workers(command.port, 2);
    const hanging: Promise<unknown>[] = [];
    const log = () => messages(command.printed.stderr);
    // As many as it takes for both to hang.
    const timer = setInterval(() => {
      hanging.push(ask(command.port, `/?${query}`).catch(() => "broken off"));
    }, 50);
    await until(() => log().length > 1);
    clearInterval(timer);
    const killed = log().map((line) => Number(line.match(/worker (\d+)/)![1]));
    assertEquals(new Set(killed.slice(0, 2)), first);
    for (const line of log()) {
      assertMatch(
        line,
        /^\[ERROR\] worker \d+ has not responded for 1 s \([a-z ]+, \d\.\d s of CPU time\): killed$/,
      );
      assert(line.includes(`(${doing}, `), line);
    }
    await until_answered(command.port);
    const { code } = await command.stop();
    assertEquals(code, 0);
    await Promise.all(hanging);
    assertEquals(place.left(), []);
  }
});

Deno.test("a worker that is busy or waits, but answers its supervisor, is left alone", async () => {
  for (const application of ["busy", "idle"]) {
    await using place = await make_place_of(HANGING_APP);
    await using command = await start([
      ...[`app.ts:${application}`, "--access-logfile", "none"],
      ...["-w", "1", "--timeout", "1"],
    ], place.circumstances);
    assertMatch(await ask(command.port), /^\d+ whole$/);
    const { code, stderr } = await command.stop();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
  }
});

Deno.test("--timeout 0 lets a worker be silent as long as it likes", async () => {
  await using place = await make_place_of(
    `export default (_, start_response) => {
  for (const end = Date.now() + 2000; Date.now() < end;);
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [new TextEncoder().encode(String(Deno.pid))];
};`,
  );
  await using command = await start(
    arguments_of("-w", "1", "--timeout", "0"),
    place.circumstances,
  );
  assertMatch(await ask(command.port), /^\d+$/);
  const { code, stderr } = await command.stop();
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
});

/** How a version of an application hangs while it is loaded. */
const NEVER = [
  "await new Promise((resolve) => setTimeout(resolve, 1e9));",
  "while (true);",
];

Deno.test("a version that hangs while it is loaded is killed and logged, the old workers stay, and the next SIGHUP is heard", async () => {
  await Promise.all(NEVER.map(async (hanging) => {
    await using place = await make_place_of(telling_apps());
    const app = `${place.path}/app.ts`;
    await using command = await start(
      arguments_of("-w", "2", "--timeout", "1"),
      place.circumstances,
    );
    const old = await find_workers(command.port, 2);
    const log = () => messages(command.printed.stderr);
    await Deno.writeTextFile(app, `${hanging}\n${telling_apps("2")}`);
    command.child.kill("SIGHUP");
    await until(() => log().length === 2);
    const [killed, stay] = log();
    assertMatch(killed!, TOO_SLOW);
    assertEquals(
      stay,
      "[ERROR] a new worker did not start, keeping the old ones: it ended with SIGKILL",
    );
    assertEquals(await find_workers(command.port, 2), old);
    await Deno.writeTextFile(app, telling_apps("3"));
    command.child.kill("SIGHUP");
    await until(() => log().at(-1) === "[INFO] reloaded");
    await until_answered(command.port, " 3");
    await until_ended(old);
    assertEquals((await command.stop()).code, 0);
  }));
});

const TOO_SLOW = /^\[ERROR\] worker \d+ did not start within 10 s: killed$/;

Deno.test("workers that hang while they are loaded are killed at the first start, and in the place of one that has died", async () => {
  const first_start = async () => {
    await using place = await make_place_of(NEVER[1]!);
    const args = arguments_of("-w", "2", "-t", "1", "--bind", "127.0.0.1:0");
    const { code, stdout, stderr } = await run(args, place.circumstances);
    assertEquals({ code, stdout }, { code: 2, stdout: "" });
    assertMatch(messages(stderr).join("\n"), TOO_SLOW);
    assertEquals(place.left(), []);
  };
  const replacement = async () => {
    await using place = await make_place_of(telling_apps());
    const app = `${place.path}/app.ts`;
    await using command = await start(
      arguments_of("-w", "1", "--timeout", "1"),
      place.circumstances,
    );
    const [first] = await find_workers(command.port, 1);
    const log = () => messages(command.printed.stderr);
    await Deno.writeTextFile(app, NEVER[1]!);
    Deno.kill(first!, "SIGKILL");
    await until(() => log().length === 2);
    assertEquals(log()[0], `[ERROR] worker ${first} ended with SIGKILL`);
    assertMatch(log()[1]!, TOO_SLOW);
    await Deno.writeTextFile(app, telling_apps("2"));
    await until_answered(command.port, " 2");
    assertEquals((await command.stop()).code, 0);
  };
  await Promise.all([first_start(), replacement()]);
});

Deno.test("SIGTERM ends a worker that hangs while it is loaded at once", async () => {
  for (const hanging of NEVER) {
    await using place = await make_place_of(
      `Deno.kill(Deno.ppid, "SIGTERM");\n${hanging}`,
    );
    const args = arguments_of("-w", "1", "--bind", "127.0.0.1:0", "-t", "0");
    assertEquals(
      await run(args, place.circumstances),
      { code: 0, stdout: STOPPING, stderr: "" },
    );
  }
});

Deno.test("fifty SIGHUPs make at most two reloads", async () => {
  await using gate = make_wide_gate();
  await using place = await make_place_of(telling_apps());
  await using command = await start(
    arguments_of("-w", "1"),
    place.circumstances,
  );
  await Deno.writeTextFile(
    `${place.path}/app.ts`,
    `await (await fetch("${gate.url}")).text();\n${telling_apps("2")}`,
  );
  command.child.kill("SIGHUP");
  await until(() => gate.count() === 1);
  for (let i = 0; i < 49; i++) {
    command.child.kill("SIGHUP");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  gate.open();
  const log = () => messages(command.printed.stderr);
  await until(() => log().length === 2);
  const successor = await until_answered(command.port, " 2");
  assertEquals((await command.stop()).code, 0);
  assertEquals(is_running(successor), false);
  assertEquals(log(), ["[INFO] reloaded", "[INFO] reloaded"]);
  assertEquals(gate.count(), 2);
});

Deno.test("SIGHUPs that come within a second make at most two reloads, however short one is", async () => {
  await using gate = make_wide_gate();
  gate.open();
  const counted = `await (await fetch("${gate.url}")).text();`;
  await using place = await make_place_of(`${counted}\n${telling_apps()}`);
  await using command = await start(
    arguments_of("-w", "1"),
    place.circumstances,
  );
  const end = performance.now() + 900;
  while (performance.now() < end) {
    command.child.kill("SIGHUP");
    await new Promise((resolve) => setTimeout(resolve, 18));
  }
  await until(() => messages(command.printed.stderr).length === 2);
  assertEquals((await command.stop()).code, 0);
  assertEquals(gate.count(), 3);
});

Deno.test("a reload that fails says why in the error log, and a replacement as well", async () => {
  await using place = await make_place_of(telling_apps());
  const app = `${place.path}/app.ts`;
  const path = `${place.path}/error.log`;
  await using command = await start(
    arguments_of("-w", "1", "--error-logfile", path),
    place.circumstances,
  );
  const [worker] = await find_workers(command.port, 1);
  const log = () => messages(Deno.readTextFileSync(path));
  const broken: [version: string, reason: string][] = [
    ["export default (;", ": cannot load app.ts: SyntaxError: "],
    [`throw "no";`, `: cannot load app.ts: it threw "no"`],
    ["export const x = 1;", ": app.ts exports no "],
    ["Deno.exit(7);", ": it ended with status 7"],
    [`Deno.kill(Deno.pid, "SIGKILL");`, ": it ended with SIGKILL"],
  ];
  const stay = "[ERROR] a new worker did not start, keeping the old ones";
  for (const [version, reason] of broken) {
    await Deno.writeTextFile(app, version);
    const before = log().length;
    command.child.kill("SIGHUP");
    await until(() => log().length > before);
    assertEquals(log().length, before + 1);
    assert(log().at(-1)!.startsWith(`${stay}${reason}`), log().at(-1));
    assertEquals(await find_workers(command.port, 1), new Set([worker]));
  }
  await Deno.writeTextFile(app, `throw "no";`);
  const before = log().length;
  Deno.kill(worker!, "SIGKILL");
  await until(() => log().length === before + 2);
  assertMatch(
    log().at(-1)!,
    /^\[ERROR\] worker \d+ ended with status 2: cannot load app.ts: it threw "no"$/,
  );
  await Deno.writeTextFile(app, telling_apps("2"));
  await until_answered(command.port, " 2");
  const { code, stderr } = await command.stop();
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
});

Deno.test("nobody else can keep workers from their port by the name of a socket", async () => {
  await using place = await make_place_of(telling_apps());
  const port = free_port();
  const bind = `127.0.0.1:${port}`;
  using _squatter = Deno.listen({
    transport: "unix",
    path: `\0tsgi ${bind}`,
  });
  await using command = await start(arguments_of("-w", "1"), {
    ...{ bind, ...place.circumstances },
  });
  await find_workers(port, 1);
  assertEquals((await command.stop()).code, 0);
});

Deno.test("a supervisor has its port to itself while the application is loaded", async () => {
  await using gate = make_wide_gate();
  await using place = await make_place_of(
    `await (await fetch("${gate.url}")).text();\n${telling_apps()}`,
  );
  const bind = `127.0.0.1:${free_port()}`;
  const starting = start(arguments_of("-w", "1"), {
    ...{ bind, ...place.circumstances },
  });
  await until(() => gate.count() === 1);
  for (const workers of ["0", "1"]) {
    const args = arguments_of("-w", workers, "--bind", bind);
    const stderr = `error: cannot listen at ${bind}: the address is in use\n`;
    // That one finds out when it has loaded the application.
    if (workers === "0") gate.open();
    assertEquals(
      await run(args, place.circumstances),
      { code: 1, stdout: "", stderr },
    );
  }
  await using command = await starting;
  assertEquals((await command.stop()).code, 0);
});

Deno.test("a second SIGTERM ends workers at once that are in a loop", async () => {
  await using place = await make_place_of(HANGING_APP);
  await using command = await start(
    arguments_of("-w", "1", "--timeout", "0"),
    place.circumstances,
  );
  const [worker] = await find_workers(command.port, 1);
  const hanging = ask(command.port, "/?loop").catch(() => "broken off");
  command.child.kill("SIGTERM");
  await until(() => command.printed.stdout.includes(STOPPING));
  assertEquals((await command.stop()).code, 143);
  await until_ended([worker!]);
  assertEquals(await hanging, "broken off");
});
