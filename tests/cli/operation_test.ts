/** The command in operation: the file of its id, its logs, its end, its limits; behind HTTP and FastCGI. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  make_folder,
  mod,
  run,
  type Running,
  start,
  STOPPING,
  without_times,
} from "../support/command.ts";
import {
  exchange,
  fastcgi,
  whole_request,
} from "../gateways/gateway_clients.ts";
import {
  ask,
  free_port,
  make_wide_gate,
  start_workers,
  telling_apps,
  until_answered,
  until_ended,
} from "../support/processes.ts";
import { bytes, until, write_all } from "../support/support.ts";

/** Starts the command without an access log, in a folder with `app.ts`. */
function serve(
  { path }: { path: string },
  application: string,
  ...args: string[]
): Promise<Running> {
  const all = [application, "--access-logfile", "none", ...args];
  return start_workers(all, { cwd: path });
}

/** A door of the command: how it is told, and how it is asked. */
interface CommandDoor {
  protocol: "http" | "fastcgi";
  /** A request. */
  request(query: string): Uint8Array;
  /** Sends a request over a connection of its own; gives the status and the body. */
  ask(port: number, query: string): Promise<[status: string, body: string]>;
}

const by_http: CommandDoor = {
  protocol: "http",
  request: (query) => bytes(`GET /?${query} HTTP/1.1\r\nHost: a\r\n\r\n`),
  async ask(port, query) {
    using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
    const url = `http://127.0.0.1:${port}/?${query}`;
    const response = await fetch(url, { client });
    const status = `${response.status} ${response.statusText}`;
    return [status, await response.text()];
  },
};

const by_fastcgi: CommandDoor = {
  protocol: "fastcgi",
  request(query) {
    const variables = { QUERY_STRING: query, REQUEST_URI: `/?${query}` };
    return whole_request(fastcgi, variables);
  },
  async ask(port, query) {
    const raw = await exchange(["127.0.0.1", port], this.request(query));
    const [head = "", body = ""] = fastcgi.answer(raw).text.split("\r\n\r\n");
    return [head.split("\r\n")[0]!, body];
  },
};

const doors = [by_http, by_fastcgi];

// --pid

function read(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null;
  }
}

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

// Logs

const LOGGING_APP = `export default (environ, start_response) => {
  environ["wsgi.errors"].write("told\\n");
  if (environ.QUERY_STRING) throw new Error("the well is dry");
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [new TextEncoder().encode("four")];
};`;

Deno.test("--error-logfile FILE has wsgi.errors, errors and the server's own messages", async () => {
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

Deno.test("the error log has a line for each of the server's own messages, from the level on", async () => {
  await using folder = await make_folder({ "app.ts": telling_apps() });
  const cases: [level: string, stdout: boolean, logged: RegExp][] = [
    [
      "info",
      true,
      /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000\] \[PID\] \[INFO\] reloaded\n$/,
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
    // The supervisor sees it a moment later, and says nothing of it if it is stopped before.
    if (is_told) await until(() => read(log)!.includes("reloaded"));
    command.kill("SIGTERM");
    const { code, stdout, stderr } = await command.output();
    assertEquals(code, 0);
    assertEquals(new TextDecoder().decode(stderr), "");
    assertEquals(stdout.length > 0, is_told);
    assertMatch(read(log)!.replaceAll(`[${command.pid}]`, "[PID]"), logged);
  }
});

Deno.test("SIGUSR1 has the command write to new log files", async () => {
  await using folder = await make_folder({ "app.ts": LOGGING_APP });
  const [access, error] = ["access", "error"].map((name) =>
    `${folder.path}/${name}`
  );
  await using command = await start([
    ...["app.ts", "--access-logfile", access!, "--error-logfile", error!],
  ], { cwd: folder.path });
  await ask(command.port);
  for (const path of [access!, error!]) await Deno.rename(path, `${path}.1`);
  command.child.kill("SIGUSR1");
  await until(() => read(access!) !== null && read(error!) !== null);
  await ask(command.port);
  await ask(command.port);
  const { code, stderr } = await command.stop();
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  const line = '127.0.0.1 - - [time] "GET / HTTP/1.1" 200 4\n';
  assertEquals(without_times(read(`${access}.1`)!), line);
  assertEquals(without_times(read(access!)!), line.repeat(2));
  assertEquals([read(`${error}.1`), read(error!)], ["told\n", "told\ntold\n"]);
});

Deno.test("no line of the access log is lost at the end", async () => {
  await using folder = await make_folder({ "app.ts": telling_apps() });
  for (const door of doors) {
    for (const workers of ["0", "2"]) {
      const log = `${folder.path}/${door.protocol}${workers}`;
      await using command = await start_workers([
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

// The end

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
        /^\[[^\]]+\] \[\d+\] \[WARNING\] cut off what was still under way\n$/,
      );
    }
  }
});

// Limits

const BUSY = "503 Service Unavailable";

Deno.test("--limit-concurrency N answers requests beyond N with a 503, and is not worn out by clients that leave", async () => {
  await using folder = await make_folder({ "app.ts": telling_apps() });
  for (const door of doors) {
    await using gate = make_wide_gate();
    const log = `${folder.path}/${door.protocol}.log`;
    await using command = await start([
      ...["app.ts:slow", "--protocol", door.protocol],
      ...["--limit-concurrency", "2", "--access-logfile", log],
      ...["--access-logformat", "%(r)s %(s)s %(B)s %({Retry-After}o)s"],
    ], { cwd: folder.path });
    const { port } = command;
    // Clients that leave before they are answered.
    for (const _ of [1, 2, 3]) {
      const count = gate.count();
      using conn = await Deno.connect({ hostname: "127.0.0.1", port });
      await write_all(conn, door.request(gate.url));
      await until(() => gate.count() > count);
    }
    while ((await door.ask(port, ""))[0] === BUSY);
    const count = gate.count();
    const under_way = [door.ask(port, gate.url), door.ask(port, gate.url)];
    await until(() => gate.count() === count + 2);
    assertEquals(await door.ask(port, "more"), [BUSY, "Service Unavailable"]);
    gate.open();
    for (const [status, body] of await Promise.all(under_way)) {
      assertEquals(status, "200 OK");
      assertMatch(body, /^\d+ 1 whole$/);
    }
    const [status] = await door.ask(port, "");
    assertEquals(status, "200 OK");
    assertEquals((await command.stop()).code, 0);
    const line = "GET /?more HTTP/1.1 503 19 1";
    assert(read(log)!.split("\n").includes(line), read(log)!);
  }
});
