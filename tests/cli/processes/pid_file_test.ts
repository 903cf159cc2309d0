/** `--pid`: the file of the process id, from the start to every kind of end. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { make_folder, run, STOPPING } from "../../support/command.ts";
import { ask, make_wide_gate, telling_apps } from "../../support/processes.ts";
import { until } from "../../support/support.ts";
import { read, serve } from "../doors.ts";

Deno.test("--pid FILE holds the id of the process that is to be told, and is removed at its end", async () => {
  await using folder = await make_folder({
    "app.ts": telling_apps(),
    "stale": "999999999\n",
    "empty": "\n",
  });
  for (const workers of ["0", "1"]) {
    for (const name of ["new", "stale", "empty"]) {
      const path = `${folder.path}/${name}`;
      const before = read(path);
      await using command = await serve(
        folder,
        "app.ts",
        ...["--pid", name, "--workers", workers],
      );
      assertEquals(read(path), `${command.child.pid}\n`);
      assertEquals((await command.stop()).code, 0);
      assertEquals(read(path), null);
      if (before !== null) await Deno.writeTextFile(path, before);
    }
  }
});

Deno.test("--pid FILE is removed as well when a second signal ends the command", async () => {
  await using folder = await make_folder({ "app.ts": telling_apps() });
  for (const workers of ["0", "1"]) {
    await using gate = make_wide_gate();
    await using command = await serve(
      folder,
      "app.ts:late",
      ...["--pid", "pid", "--workers", workers],
    );
    const answer = assertRejects(() => ask(command.port, `/?${gate.url}`));
    await until(() => gate.count() === 1);
    command.child.kill("SIGTERM");
    await until(() => command.printed.stdout.includes(STOPPING));
    assertEquals((await command.stop()).code, 143);
    await answer;
    assertEquals(read(`${folder.path}/pid`), null);
  }
});

Deno.test("--pid FILE is removed as well when an error ends the command, and stays when a listener prevents that", async () => {
  const FAILING = `export default (environ, start_response) => {
  if (environ.PATH_INFO === "/timer") setTimeout(() => { throw new Error("late"); });
  if (environ.PATH_INFO === "/promise") Promise.reject(new Error("late"));
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [];
};
`;
  await using folder = await make_folder({
    "app.ts": FAILING,
    "patient.ts": FAILING +
      `for (const type of ["error", "unhandledrejection"]) {
  globalThis.addEventListener(type, (event) => {
    event.preventDefault();
    console.log("prevented");
  });
}`,
  });
  const pid = `${folder.path}/pid`;
  for (const path of ["/timer", "/promise"]) {
    await using command = await serve(folder, "app.ts", "--pid", "pid");
    assertEquals(read(pid), `${command.child.pid}\n`);
    await ask(command.port, path).catch(() => {});
    const { code, stderr } = await command.ended();
    assertEquals(code, 1);
    assertMatch(stderr, /Error: late\n/);
    assertEquals(read(pid), null);
  }
  await using command = await serve(folder, "patient.ts", "--pid", "pid");
  for (const [path, count] of [["/timer", 1], ["/promise", 2]] as const) {
    await ask(command.port, path);
    await until(() => command.printed.stdout.split("prevented").length > count);
    await until(() => read(pid) === `${command.child.pid}\n`);
  }
  assertEquals((await command.stop()).code, 0);
  assertEquals(read(pid), null);
});

Deno.test({
  name: "--pid FILE is empty in the end where its folder does not let it go",
  // The superuser may remove everything.
  ignore: Deno.build.os === "windows" || Deno.uid() === 0,
  async fn() {
    await using folder = await make_folder({ "app.ts": telling_apps() });
    await Deno.mkdir(`${folder.path}/run`);
    const pid = `${folder.path}/run/pid`;
    await Deno.writeTextFile(pid, "");
    await Deno.chmod(`${folder.path}/run`, 0o555);
    await using command = await serve(folder, "app.ts", "--pid", pid);
    assertEquals(read(pid), `${command.child.pid}\n`);
    const { code, stderr } = await command.stop();
    await Deno.chmod(`${folder.path}/run`, 0o755);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(read(pid), "");
  },
});

Deno.test("--pid FILE refuses the id of another process that runs, a file that holds something else, and one that cannot be written", async () => {
  await using folder = await make_folder({
    "pid": `${Deno.pid}\n`,
    "precious.txt": "12 apples\n",
  });
  const expected = [
    [
      "precious.txt",
      "--pid takes a file that holds a process id or nothing, got precious.txt, which holds something else",
    ],
    ["pid", `--pid pid: process ${Deno.pid} is running`],
    [
      "missing/pid",
      "cannot write --pid: No such file or directory (os error 2): writefile 'missing/pid'",
    ],
  ];
  for (const [name, message] of expected) {
    assertEquals(
      await run(["--bind", "127.0.0.1:0", "--pid", name!], {
        cwd: folder.path,
      }),
      { code: 2, stdout: "", stderr: `error: ${message}\n` },
    );
  }
  assertEquals(read(`${folder.path}/pid`), `${Deno.pid}\n`);
  assertEquals(read(`${folder.path}/precious.txt`), "12 apples\n");
});
