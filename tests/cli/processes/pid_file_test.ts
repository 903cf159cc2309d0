/** `--pid`: the file of the process id, from the start to every kind of end. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { make_folder, mod, run, STOPPING } from "../../support/command.ts";
import { ask, make_wide_gate, telling_apps } from "../../support/processes.ts";
import { text, until } from "../../support/support.ts";
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

Deno.test("--pid FILE refuses the file of a command that runs, one that holds something else, and one that cannot be written", async () => {
  await using folder = await make_folder({
    "app.ts": telling_apps(),
    "precious.txt": "12 apples\n",
  });
  for (const workers of ["0", "1"]) {
    await using command = await serve(
      folder,
      "app.ts",
      ...["--pid", "pid", "--workers", workers],
    );
    const { pid } = command.child;
    const expected = [
      [
        "precious.txt",
        "--pid takes a file that is empty or contains a process id, got precious.txt, which contains something else",
      ],
      ["pid", `--pid pid: process ${pid} is running`],
      [
        "missing/pid",
        "cannot write --pid: No such file or directory (os error 2): open 'missing/pid'",
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
    assertEquals(read(`${folder.path}/pid`), `${pid}\n`);
    assertEquals((await command.stop()).code, 0);
  }
  assertEquals(read(`${folder.path}/precious.txt`), "12 apples\n");
});

Deno.test("--pid FILE is taken where its number is that of a process which is no command that has the file", async () => {
  // This one; the first of the machine; a program that somebody else has started; another command.
  await using folder = await make_folder({ "app.ts": telling_apps() });
  const path = `${folder.path}/pid`;
  const other = new Deno.Command("sleep", { args: ["1000"] }).spawn();
  await using sibling = await serve(folder, "app.ts", "--pid", "sibling");
  for (const id of [Deno.pid, 1, other.pid, sibling.child.pid]) {
    await Deno.writeTextFile(path, `${id}\n`);
    await using command = await serve(folder, "app.ts", "--pid", "pid");
    assertEquals(read(path), `${command.child.pid}\n`);
    assertEquals((await command.stop()).code, 0);
    assertEquals(read(path), null);
  }
  other.kill();
  await other.status;
  assertEquals((await sibling.stop()).code, 0);
});

Deno.test("--pid FILE is taken over from a command that was killed", async () => {
  await using folder = await make_folder({ "app.ts": telling_apps() });
  const path = `${folder.path}/pid`;
  await using first = await serve(folder, "app.ts", "--pid", "pid");
  await first.stop("SIGKILL");
  assertEquals(read(path), `${first.child.pid}\n`);
  await using second = await serve(folder, "app.ts", "--pid", "pid");
  assertEquals(read(path), `${second.child.pid}\n`);
  assertEquals((await second.stop()).code, 0);
  assertEquals(read(path), null);
});

Deno.test("of several commands that start with one --pid FILE at once, one serves", async () => {
  await using folder = await make_folder({ "app.ts": telling_apps() });
  const starts = Array.from(
    { length: 4 },
    () =>
      serve(folder, "app.ts", "--pid", "pid").catch((error: Error) => error),
  );
  const all = await Promise.all(starts);
  const served = all.flatMap((one) => one instanceof Error ? [] : [one]);
  const pid = read(`${folder.path}/pid`);
  for (const one of served) {
    assertEquals(pid, `${one.child.pid}\n`);
    assertEquals((await one.stop()).code, 0);
  }
  assertEquals(served.length, 1);
  assertEquals(read(`${folder.path}/pid`), null);
});

Deno.test("--pid FILE is removed by a signal that comes while the application is loaded", async () => {
  await using gate = make_wide_gate();
  await using folder = await make_folder({
    "app.ts": `await (await fetch("${gate.url}")).text();\n${telling_apps()}`,
  });
  const path = `${folder.path}/pid`;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    for (const workers of ["0", "1"]) {
      const before = gate.count();
      const args = ["--pid", path, "--workers", workers];
      const child = new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "-A", "--no-lock", mod, "app.ts"],
          ...["--bind", "127.0.0.1:0", ...args],
        ],
        cwd: folder.path,
        stdout: "null",
        stderr: "piped",
      }).spawn();
      await until(() => gate.count() > before);
      assertEquals(read(path), `${child.pid}\n`);
      child.kill(signal);
      const { code, stderr } = await child.output();
      assertEquals({ code, stderr: text(stderr) }, { code: 0, stderr: "" });
      assertEquals(read(path), null);
    }
  }
});
