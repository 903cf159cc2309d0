/** The command with \`--reload\`. */

import { assertEquals, assertMatch } from "@std/assert";
import { type Folder, make_folder, type Running, start } from "./command.ts";
import {
  free_port,
  is_running,
  until_answered,
  until_ended,
} from "./processes.ts";
import { until } from "./support.ts";

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

function start_watched({ path }: Folder, ...args: string[]): Promise<Running> {
  const all = ["app.ts", "--reload", "--access-logfile", "none", ...args];
  return start(all, { cwd: path });
}

Deno.test("--reload starts the application anew when one of its modules changes, and recovers from an error", async () => {
  await using place = await make_place();
  const port = free_port();
  await using command = await start_watched(place, "-b", `127.0.0.1:${port}`);
  const change = (name: string, content: string) =>
    Deno.writeTextFile(`${place.path}/${name}`, content);
  const watcher = await until_answered(port, "one");
  await change("dependency.ts", dependency("two"));
  await until_answered(port, "two");
  await change("app.ts", APP.replace("${text}", "${text} three"));
  await until_answered(port, "two three");
  await change("dependency.ts", "export const text = ;\n");
  const { printed } = command;
  await until(() => printed.stderr.includes("SyntaxError"));
  assertMatch(
    printed.stderr,
    /^error: cannot load app.ts: SyntaxError: Expression expected \(at file:.*\/dependency.ts:1:21\)$/m,
  );
  await change("dependency.ts", dependency("four"));
  await until_answered(port, "four three");
  assertEquals((await command.stop()).code, 0);
  await until_ended([watcher]);
});

Deno.test("--reload ends with its watcher by a signal, also while the application is broken", async () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    for (const is_broken of [false, true]) {
      await using place = await make_place();
      await using command = await start_watched(place);
      const watcher = await until_answered(command.port, "one");
      if (is_broken) {
        await Deno.writeTextFile(`${place.path}/app.ts`, `throw "no";`);
        await until(() => command.printed.stderr.includes("it threw"));
      }
      const { code } = await command.stop(signal);
      assertEquals({ signal, is_broken, code }, { signal, is_broken, code: 0 });
      assertEquals(is_running(watcher), false);
    }
  }
});

Deno.test("--reload ends with its watcher at Ctrl-C", async () => {
  await using place = await make_place();
  await using command = await start_watched(place);
  const watcher = await until_answered(command.port, "one");
  Deno.kill(watcher, "SIGINT");
  assertEquals((await command.stop("SIGINT")).code, 0);
  assertEquals(is_running(watcher), false);
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
  await using command = await start_watched(place, "--pid", "pid");
  await until_answered(command.port, "one");
  const pid = () => Deno.readTextFileSync(`${place.path}/pid`);
  assertEquals(pid(), `${command.child.pid}\n`);
  await Deno.writeTextFile(`${place.path}/dependency.ts`, dependency("two"));
  await until(() => command.printed.stdout.split("Serving").length === 3);
  assertEquals(pid(), `${command.child.pid}\n`);
  assertEquals((await command.stop()).code, 0);
  assertEquals(
    Array.from(Deno.readDirSync(place.path), ({ name }) => name).sort(),
    ["app.ts", "dependency.ts"],
  );
});
