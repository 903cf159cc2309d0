/** Both logs of the command over HTTP and FastCGI: their content, reopening, and that they are complete. */

import { assertEquals, assertMatch } from "@std/assert";
import {
  make_folder,
  mod,
  start,
  without_times,
} from "../../support/command.ts";
import {
  ask,
  free_port,
  telling_apps,
  until_answered,
  until_ended,
} from "../../support/processes.ts";
import { until } from "../../support/support.ts";
import { doors, read, serve } from "../doors.ts";

const LOGGING_APP = `export default (environ, start_response) => {
  environ["wsgi.errors"].write("told\\n");
  if (environ.QUERY_STRING) throw new Error("the well is dry");
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [new TextEncoder().encode("four")];
};`;

Deno.test("--error-logfile FILE receives wsgi.errors, errors and the server's own messages", async () => {
  await using folder = await make_folder({ "app.ts": LOGGING_APP });
  for (const door of doors) {
    const { protocol } = door;
    const log = `${folder.path}/${protocol}.log`;
    await using command = await serve(
      folder,
      "app.ts",
      ...["--protocol", protocol, "--error-logfile", log],
    );
    await door.ask(command.port, "");
    await door.ask(command.port, "fail");
    const { code, stderr } = await command.stop();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertMatch(
      read(log)!,
      /^told\ntold\n\[.+\] \[\d+\] \[ERROR\] error while answering "GET \/\?fail .+":\nError: the well is dry\n( {4}at [^\n]+\n)+$/,
    );
  }
});

Deno.test("the error log has the server's own messages of at least --log-level", async () => {
  await using folder = await make_folder({ "app.ts": telling_apps() });
  const cases: [level: string, stdout: boolean, logged: RegExp][] = [
    [
      "info",
      true,
      /^(\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000\] \[PID\] \[INFO\] (worker \d+ replaced by worker \d+ \(reload\)|reloaded)\n){2}$/,
    ],
    ["warning", false, /^$/],
  ];
  for (const [level, is_told, logged] of cases) {
    const log = `${folder.path}/${level}.log`;
    const port = free_port();
    const command = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-lock", mod, "app.ts", "-w", "1"],
        ...["--log-level", level, "--bind", `127.0.0.1:${port}`],
        ...["--error-logfile", log, "--access-logfile", "none"],
      ],
      cwd: folder.path,
      env: { TZ: "UTC" },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const old = await until_answered(port);
    command.kill("SIGHUP");
    await until_ended([old]);
    // The supervisor notices a moment later, and logs nothing if it is stopped before.
    if (is_told) await until(() => read(log)!.includes("reloaded"));
    command.kill("SIGTERM");
    const { code, stdout, stderr } = await command.output();
    assertEquals(code, 0);
    assertEquals(new TextDecoder().decode(stderr), "");
    assertEquals(stdout.length > 0, is_told);
    assertMatch(read(log)!.replaceAll(`[${command.pid}]`, "[PID]"), logged);
  }
});

for (const signal of ["SIGUSR1", "SIGUSR2"] as const) {
  Deno.test(`${signal} makes the command reopen its log files`, () =>
    reopen(signal));
}

async function reopen(signal: Deno.Signal): Promise<void> {
  await using folder = await make_folder({ "app.ts": LOGGING_APP });
  const [access, error] = ["access", "error"].map((name) =>
    `${folder.path}/${name}`
  );
  await using command = await start([
    ...["app.ts", "--access-logfile", access!, "--error-logfile", error!],
  ], { cwd: folder.path });
  await ask(command.port);
  for (const path of [access!, error!]) await Deno.rename(path, `${path}.1`);
  command.child.kill(signal);
  await until(() => read(access!) !== null && read(error!) !== null);
  await ask(command.port);
  await ask(command.port);
  const { code, stderr } = await command.stop();
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  const line = '127.0.0.1 - - [time] "GET / HTTP/1.1" 200 4\n';
  assertEquals(without_times(read(`${access}.1`)!), line);
  assertEquals(without_times(read(access!)!), line.repeat(2));
  assertEquals([read(`${error}.1`), read(error!)], ["told\n", "told\ntold\n"]);
}

Deno.test("no line of the access log is lost when the command stops", async () => {
  await using folder = await make_folder({ "app.ts": telling_apps() });
  for (const door of doors) {
    for (const workers of ["0", "2"]) {
      const log = `${folder.path}/${door.protocol}${workers}`;
      await using command = await start([
        ...["app.ts", "--protocol", door.protocol, "--workers", workers],
        ...["--access-logfile", log, "--access-logformat", "%(q)s"],
      ], { cwd: folder.path });
      const queries = Array.from({ length: 200 }, (_, i) => `n${i}`);
      await Promise.all(
        queries.map((query) => door.ask(command.port, query)),
      );
      assertEquals((await command.stop()).code, 0);
      assertEquals(
        read(log)!.split("\n").slice(0, -1).sort(),
        queries.toSorted(),
      );
    }
  }
});
