/** The command with `--reload`. */

import { assertEquals, assertMatch } from "@std/assert";
import {
  type Folder,
  make_folder,
  run,
  type Running,
  start,
  STOPPING,
} from "../../support/command.ts";
import {
  ask,
  free_port,
  is_running,
  make_wide_gate,
  telling_apps,
  until_answered,
  until_ended,
} from "../../support/processes.ts";
import { until } from "../../support/support.ts";

const APP = `import { text } from "./dependency.ts";

export default (_environ, start_response) => {
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [new TextEncoder().encode(\`\${Deno.pid} \${text}\`)];
};
`;

function dependency(text: string): string {
  return `export const text = ${JSON.stringify(text)};\n`;
}

function make_place(): Promise<Folder> {
  return make_folder({ "app.ts": APP, "dependency.ts": dependency("one") });
}

function start_watched(
  { path }: Folder,
  application = "app.ts",
  ...args: string[]
): Promise<Running> {
  const all = [application, "--reload", "--access-logfile", "none", ...args];
  return start(all, { cwd: path });
}

/** How long a change is waited for before the file is saved again: Deno does not see one so soon after the start. */
const PATIENCE = 3000;

/** Saves a file until that is seen. */
async function save(
  path: string,
  content: string,
  is_seen: () => boolean | Promise<boolean>,
): Promise<void> {
  while (true) {
    await Deno.writeTextFile(path, content);
    const late = performance.now() + PATIENCE;
    while (performance.now() < late) {
      if (await is_seen()) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** Whether the answer ends in a text. */
async function answers(port: number, text: string): Promise<boolean> {
  const answer = await ask(port).catch(() => "");
  return answer.endsWith(` ${text}`);
}

Deno.test("--reload starts the application anew when one of its modules changes, and recovers from an error", async () => {
  await using place = await make_place();
  const port = free_port();
  await using command = await start_watched(
    place,
    "app.ts",
    "-b",
    `127.0.0.1:${port}`,
  );
  const [app, module] = ["app.ts", "dependency.ts"]
    .map((name) => `${place.path}/${name}`);
  const watcher = await until_answered(port, "one");
  await save(module!, dependency("two"), () => answers(port, "two"));
  const changed = APP.replace("${text}", "${text} three");
  await save(app!, changed, () => answers(port, "two three"));
  const { printed } = command;
  const is_told = () => printed.stderr.includes("SyntaxError");
  await save(module!, "export const text = ;\n", is_told);
  assertMatch(
    printed.stderr,
    /^error: cannot load app.ts: SyntaxError: Expression expected \(at file:.*\/dependency.ts:1:21\)$/m,
  );
  await save(module!, dependency("four"), () => answers(port, "four three"));
  assertEquals((await command.stop()).code, 0);
  await until_ended([watcher]);
});

Deno.test("--reload starts a fetch application anew when it changes", async () => {
  const fetching = (text: string) =>
    `export default { fetch: () => new Response(\`\${Deno.pid} ${text}\`) };\n`;
  await using place = await make_folder({ "app.ts": fetching("one") });
  const port = free_port();
  const bind = ["-b", `127.0.0.1:${port}`];
  await using command = await start_watched(place, "app.ts", ...bind);
  await until_answered(port, "one");
  const app = `${place.path}/app.ts`;
  await save(app, fetching("two"), () => answers(port, "two"));
  assertEquals((await command.stop()).code, 0);
});

Deno.test("--reload ends with its watcher by a signal, also while the application is broken", async () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    for (const is_broken of [false, true]) {
      await using place = await make_place();
      await using command = await start_watched(place);
      const watcher = await until_answered(command.port, "one");
      if (is_broken) {
        const is_told = () => command.printed.stderr.includes("it threw");
        await save(`${place.path}/app.ts`, `throw "no";`, is_told);
      }
      const { code } = await command.stop(signal);
      assertEquals({ signal, is_broken, code }, { signal, is_broken, code: 0 });
      assertEquals(is_running(watcher), false);
    }
  }
});

Deno.test("--reload lets a request under way finish at SIGTERM", async () => {
  await using place = await make_folder({ "app.ts": telling_apps() });
  await using gate = make_wide_gate();
  await using command = await start_watched(place, "app.ts:slow");
  const answer = ask(command.port, `/?${gate.url}`);
  await until(() => gate.count() === 1);
  command.child.kill("SIGTERM");
  await until(() => command.printed.stdout.includes(STOPPING));
  gate.open();
  assertMatch(await answer, /^\d+ 1 whole$/);
  assertEquals((await command.ended()).code, 0);
});

Deno.test("--reload ends with its watcher at a signal to both", async () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    await using place = await make_place();
    await using command = await start_watched(place);
    const watcher = await until_answered(command.port, "one");
    Deno.kill(watcher, signal);
    assertEquals((await command.stop(signal)).code, 0);
    assertEquals(is_running(watcher), false);
  }
});

Deno.test("--reload says once that it stops, and lets a request finish, at a SIGTERM to both", async () => {
  await using place = await make_folder({ "app.ts": telling_apps() });
  await using gate = make_wide_gate();
  await using command = await start_watched(place, "app.ts:slow");
  const answer = ask(command.port, `/?${gate.url}`);
  await until(() => gate.count() === 1);
  const { pid } = command.child;
  const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`);
  Deno.kill(parseInt(children), "SIGTERM");
  await until(() => command.printed.stdout.includes(STOPPING));
  command.child.kill("SIGTERM");
  gate.open();
  assertMatch(await answer, /^\d+ 1 whole$/);
  const { code, stdout } = await command.ended();
  assertEquals([code, stdout.split(STOPPING).length - 1], [0, 1]);
});

Deno.test("SIGUSR1 does not end --reload while the application is broken", async () => {
  await using place = await make_place();
  const port = free_port();
  const bind = `127.0.0.1:${port}`;
  await using command = await start_watched(place, "app.ts", "--bind", bind);
  await until_answered(port, "one");
  const app = `${place.path}/app.ts`;
  const errors = () =>
    command.printed.stderr.split("cannot load app.ts").length;
  await save(app, "export default (;\n", () => errors() > 1);
  const before = errors();
  // The child dies of it, and another one tries. There may be none at this moment.
  const kill = () => command.child.kill("SIGUSR1");
  kill();
  const again = setInterval(kill, 3000);
  await until(() => errors() > before);
  clearInterval(again);
  await save(app, APP, () => answers(port, "one"));
  assertEquals((await command.stop()).code, 0);
});

Deno.test("--reload does not leave its watcher behind when it is killed", async () => {
  await using place = await make_place();
  await using command = await start_watched(place);
  const watcher = await until_answered(command.port, "one");
  await command.stop("SIGKILL");
  await until_ended([watcher]);
});

Deno.test("--reload has the process in --pid that is to be told", async () => {
  await using place = await make_place();
  await using command = await start_watched(place, "app.ts", "--pid", "pid");
  await until_answered(command.port, "one");
  const pid = () => Deno.readTextFileSync(`${place.path}/pid`);
  assertEquals(pid(), `${command.child.pid}\n`);
  const module = `${place.path}/dependency.ts`;
  const is_seen = () => command.printed.stdout.split("Serving").length > 2;
  await save(module, dependency("two"), is_seen);
  assertEquals(pid(), `${command.child.pid}\n`);
  assertEquals((await command.stop()).code, 0);
  assertEquals(
    Array.from(Deno.readDirSync(place.path), ({ name }) => name).sort(),
    ["app.ts", "dependency.ts"],
  );
});

Deno.test("--reload waits for no change where none can help", async () => {
  const expected: [args: string[], message: string][] = [
    [
      ["--debug", "--bind", ":0"],
      "--debug is for loopback addresses only, got --bind :0: use --debug-anywhere to show errors to everyone",
    ],
    [
      ["--access-logfile", "/missing/log"],
      "cannot open --access-logfile: No such file or directory (os error 2): open '/missing/log'",
    ],
  ];
  for (const [args, message] of expected) {
    assertEquals(
      await run(["--reload", ...args]),
      { code: 2, stdout: "", stderr: `error: ${message}\n` },
    );
  }
});
