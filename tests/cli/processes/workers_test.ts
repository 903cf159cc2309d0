/** The command with several processes: `--workers`, `--max-requests`, `--pid`, and the signals of the supervisor. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  type Circumstances,
  type Folder,
  make_folder,
  mod,
  run,
  type Running,
  STOPPING,
} from "../../support/command.ts";
import {
  ask,
  find_workers,
  free_port,
  is_listening,
  is_running,
  make_wide_gate,
  start_workers,
  telling_apps,
  until_answered,
  until_ended,
  without_debugger,
} from "../../support/processes.ts";
import { bytes, root, until } from "../../support/support.ts";

/** A folder with an application, and one for temporary files in it. */
async function make_place(
  files: Record<string, string> = { "app.ts": telling_apps() },
): Promise<Folder & { circumstances: Circumstances; left: () => string[] }> {
  const folder = await make_folder(files);
  const tmp = `${folder.path}/tmp`;
  await Deno.mkdir(tmp);
  return {
    ...folder,
    circumstances: { cwd: folder.path, env: { TMPDIR: tmp } },
    left: () => Array.from(Deno.readDirSync(tmp), ({ name }) => name),
  };
}

/** The messages of the error log, without times and without the lines of the access log. */
function messages(stderr: string): string[] {
  return Array.from(
    stderr.matchAll(/^\[[^\]]+\] \[\d+\] (\[[A-Z]+\] .*)$/gm),
    ([, message]) => message!,
  );
}

function quiet(...args: string[]): string[] {
  return ["--access-logfile", "none", ...args];
}

Deno.test("--workers N serves from N processes at one port, and SIGTERM ends them all", async () => {
  await using place = await make_place({
    "app.ts": `export default (environ, start_response) => {
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  const own = Object.keys(environ).filter((name) => name.startsWith("TSGI"));
  const told = [Deno.pid, environ["wsgi.multiprocess"], own.length];
  return [new TextEncoder().encode(told.join(" "))];
};`,
  });
  await using command = await start_workers(
    quiet("app.ts", "--workers", "2"),
    place.circumstances,
  );
  const { port, child } = command;
  const workers = await find_workers(port, 2);
  assertEquals(workers.has(child.pid), false);
  assertMatch(await ask(port), /^\d+ true 0$/);
  assertEquals(await command.stop(), {
    code: 0,
    stdout:
      `Serving app.ts at http://127.0.0.1:${port}/ with 2 workers\n${STOPPING}`,
    stderr: "",
  });
  assertEquals([...workers].filter(is_running), []);
  assertEquals(place.left(), []);
});

Deno.test("--workers says where it serves when that is every address", async () => {
  await using command = await start_workers(["-w", "1"], { bind: ":0" });
  assertEquals(
    command.printed.stdout,
    `Serving demo_app at http://0.0.0.0:${command.port}/ with 1 worker\n`,
  );
  assertMatch(await ask(command.port), /Hello world!/);
});

Deno.test("--workers ends with one error where the workers cannot start", async () => {
  await using place = await make_place({
    "app.ts": telling_apps(),
    "throws.ts": `throw "no";`,
    "exits.ts": `Deno.exit(7);`,
  });
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const taken = `127.0.0.1:${listener.addr.port}`;
  const bind = ["--bind", "127.0.0.1:0", "--workers", "3"];
  const expected: [args: string[], code: number, stderr: string][] = [
    [
      [...bind, "missing.ts"],
      2,
      "cannot load missing.ts: there is no such file",
    ],
    [[...bind, "throws.ts"], 2, 'cannot load throws.ts: it threw "no"'],
    [
      [...bind, "app.ts", "--certfile", "missing.pem"],
      2,
      "cannot read --certfile: No such file or directory (os error 2): readfile 'missing.pem'",
    ],
    [
      ["-w", "3", "--bind", taken, "app.ts"],
      1,
      `cannot listen at ${taken}: the address is in use`,
    ],
  ];
  for (const [args, code, message] of expected) {
    const stderr = `error: ${message}\n`;
    const ended = await run(args, place.circumstances);
    assertEquals(ended, { code, stdout: "", stderr }, args.join(" "));
  }
  assertEquals(
    await run([...bind, "exits.ts"], place.circumstances),
    { code: 7, stdout: "", stderr: "" },
  );
  assertEquals(place.left(), []);
});

Deno.test("--workers and --reload say in one line what the system or a permission refuses", async () => {
  const missing = "the temporary directory (TMPDIR)";
  const some = ["--allow-net", "--allow-read", "--allow-write"];
  const expected: [options: string[], args: string[], message: string][] = [
    [
      ["-A"],
      ["-w", "1"],
      `workers need a folder in ${missing}: No such file or directory (os error 2): tmpdir`,
    ],
    [
      ["--allow-net", "--allow-read=."],
      ["-w", "1"],
      `workers need a folder in ${missing}: Requires write access to <TMP>, run again with the --allow-write flag`,
    ],
    [
      some,
      ["--reload"],
      '--reload cannot start the command again: Requires all access to "/proc/self/cmdline", run again with the --allow-all flag',
    ],
    [
      some,
      ["-w", "1"],
      'cannot start the workers: Requires all access to "/proc/self/cmdline", run again with the --allow-all flag',
    ],
  ];
  for (const [options, args, message] of expected) {
    const is_missing = options.includes("-A");
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-lock", "--no-prompt", ...options, mod],
        ...["--bind", "127.0.0.1:0", ...args],
      ],
      cwd: root,
      env: { NO_COLOR: "1", ...is_missing && { TMPDIR: "/missing" } },
    }).output();
    assertEquals(
      [code, stdout.length, new TextDecoder().decode(stderr)],
      [2, 0, `error: ${message}\n`],
    );
  }
});

Deno.test("--workers finds a place for its sockets where the path of the temporary directory is too long", async () => {
  await using folder = await make_folder({ "app.ts": telling_apps() });
  const tmp = `${folder.path}/${"long".repeat(25)}`;
  await Deno.mkdir(tmp);
  await using command = await start_workers(quiet("app.ts", "-w", "2"), {
    ...{ cwd: folder.path, env: { TMPDIR: tmp } },
  });
  await find_workers(command.port, 2);
  const { code, stderr } = await command.stop();
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertEquals([...Deno.readDirSync(tmp)], []);
});

Deno.test("of several supervisors that start at one port at once, one serves", async () => {
  await using place = await make_place();
  const bind = `127.0.0.1:${free_port()}`;
  const starts = Array.from(
    { length: 4 },
    () =>
      start_workers(quiet("app.ts", "-w", "1"), {
        ...{ bind, ...place.circumstances },
      }).catch((error: Error) => error.message),
  );
  const all = await Promise.all(starts);
  const failed = all.filter((one) => typeof one === "string");
  for (const one of all) {
    if (typeof one !== "string") await one.stop();
  }
  assertEquals(
    failed,
    Array(3).fill(
      `${
        quiet("app.ts", "-w", "1").join(" ")
      }: error: cannot listen at ${bind}: the address is in use\n`,
    ),
  );
});

Deno.test("workers are still started when the temporary directory was cleaned", async () => {
  await using place = await make_place();
  await using command = await start_workers(
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

/** Requests of the application `slow`, by the process that each is under way in. */
async function begin_slow(
  { address }: Running,
  gate: string,
  count: number,
): Promise<Map<number, Promise<string>[]>> {
  const begun = new Map<number, Promise<string>[]>();
  await Promise.all(Array.from({ length: count }, async () => {
    const client = Deno.createHttpClient({});
    const response = await fetch(`${address}?${gate}`, { client });
    const reader = response.body!.pipeThrough(new TextDecoderStream())
      .getReader();
    const first = (await reader.read()).value!;
    const rest = read_rest(reader, first).finally(() => client.close());
    const pid = parseInt(first);
    begun.set(pid, [...begun.get(pid) ?? [], rest]);
  }));
  return begun;
}

/** The whole text, or that it was broken off. */
async function read_rest(
  reader: ReadableStreamDefaultReader<string>,
  text: string,
): Promise<string> {
  try {
    for (let part; !(part = await reader.read()).done;) text += part.value;
    return text;
  } catch {
    return "broken off";
  }
}

Deno.test("a worker that is killed loses its own requests, and is replaced", async () => {
  await using place = await make_place();
  await using gate = make_wide_gate();
  await using command = await start_workers(
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
  await using command = await start_workers(
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
  await using command = await start_workers(
    quiet("app.ts:slow", "-w", "2"),
    place.circumstances,
  );
  const begun = await begin_slow(command, gate.url, 8);
  await until(() => gate.count() === 8);
  command.child.kill("SIGKILL");
  const gone = "[ERROR] the supervisor has gone: stopping";
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
    await using command = await start_workers(
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
  await using command = await start_workers(
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

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

Deno.test("a worker that hangs is killed when its time is up", async () => {
  await using place = await make_place({
    "app.ts": `export default (environ, start_response) => {
  if (environ.QUERY_STRING) Deno.writeTextFileSync("hanging", "");
  while (environ.QUERY_STRING);
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [new TextEncoder().encode(String(Deno.pid))];
};`,
  });
  await using command = await start_workers(
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
    `[ERROR] worker ${worker} hangs: it is killed`,
  ]);
  assertEquals(place.left(), []);
});

/** What becomes of many requests, by what it is: `ok`, or what went wrong. */
class Load {
  counts: Record<string, number> = {};
  /** Which generations of the application have answered, the last one last. */
  generations: string[] = [];
  #stopping = false;
  #clients: Promise<void>[] = [];

  /** Adds a client that sends one request after the other. */
  add(url: string, client: Deno.HttpClient): void {
    this.#clients.push(this.#run(url, client));
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#clients);
  }

  async #run(url: string, client: Deno.HttpClient): Promise<void> {
    while (!this.#stopping) {
      const outcome = await this.#ask(url, client);
      this.counts[outcome] = (this.counts[outcome] ?? 0) + 1;
    }
  }

  async #ask(url: string, client: Deno.HttpClient): Promise<string> {
    try {
      const response = await fetch(url, { client });
      const generation = (await response.text()).split(" ")[1]!;
      if (!this.generations.includes(generation)) {
        this.generations.push(generation);
      }
      return response.ok ? "ok" : String(response.status);
    } catch (error) {
      return String((error as Error).cause ?? error);
    }
  }
}

/** How many clients of each kind there are. */
const CLIENTS = 4;

const RELOADED = "[INFO] reloaded";

/** Counts how often the workers have been replaced. */
function reloads({ printed }: Running): number {
  return messages(printed.stderr).filter((line) => line === RELOADED).length;
}

Deno.test("SIGHUP replaces the workers one by one, and no connection that is used again is lost, none refused", async () => {
  await using place = await make_place();
  await using command = await start_workers(
    quiet("app.ts", "-w", "2"),
    place.circumstances,
  );
  const first = await find_workers(command.port, 2);
  const kept = new Load();
  const fresh = new Load();
  using keeping = Deno.createHttpClient({});
  using forgetting = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  for (let i = 0; i < CLIENTS; i++) {
    kept.add(command.address, keeping);
    fresh.add(command.address, forgetting);
  }
  for (const generation of ["2", "3"]) {
    await Deno.writeTextFile(
      `${place.path}/app.ts`,
      telling_apps(generation),
    );
    const before = reloads(command);
    command.child.kill("SIGHUP");
    await until(() => reloads(command) > before);
  }
  await Promise.all([kept.stop(), fresh.stop()]);
  assertEquals(kept.counts, { ok: kept.counts.ok! });
  assertEquals(kept.generations, ["1", "2", "3"]);
  // No way is known to spare a connection that is new at the very moment at which a worker stops: a client has one.
  const { ok, ...lost } = fresh.counts;
  const count = Object.values(lost).reduce((sum, count) => sum + count, 0);
  assert(count <= CLIENTS * 4, `${count} of ${ok} requests were lost`);
  assert(!Object.keys(lost).some((outcome) => /refused|^5/.test(outcome)));
  await until_ended(first);
  const { code, stderr } = await command.stop();
  assertEquals(code, 0);
  assertEquals(messages(stderr), [RELOADED, RELOADED]);
  assertEquals(place.left(), []);
});

Deno.test("SIGHUP leaves an upload under way alone, and serves on meanwhile", async () => {
  await using place = await make_place();
  await using command = await start_workers(
    quiet("app.ts:echo", "-w", "1"),
    place.circumstances,
  );
  const { port, address } = command;
  const old = parseInt(await ask(port));
  const upload = new TransformStream<Uint8Array, Uint8Array>();
  const answer = fetch(address, { method: "POST", body: upload.readable });
  const writer = upload.writable.getWriter();
  await writer.write(bytes("first "));
  command.child.kill("SIGHUP");
  // The old one as well takes requests as long as the upload is under way.
  await find_workers(port, 2);
  for (let i = 0; i < 20; i++) assertMatch(await ask(port), /^\d+ 1 $/);
  assertEquals(reloads(command), 0);
  await writer.write(bytes("last"));
  await writer.close();
  assertEquals(await (await answer).text(), `${old} 1 first last`);
  await until(() => reloads(command) === 1);
  await until_ended([old]);
  assertEquals((await command.stop()).code, 0);
});

Deno.test("SIGHUP leaves the old workers where the application is broken", async () => {
  await using place = await make_place();
  const app = `${place.path}/app.ts`;
  await using command = await start_workers(
    quiet("app.ts", "-w", "2"),
    place.circumstances,
  );
  const old = await find_workers(command.port, 2);
  await Deno.writeTextFile(app, `throw "broken";`);
  command.child.kill("SIGHUP");
  await until(() => messages(command.printed.stderr).length === 1);
  assertEquals(await find_workers(command.port, 2), old);
  await Deno.writeTextFile(app, telling_apps("2"));
  command.child.kill("SIGHUP");
  await until(() => reloads(command) === 1);
  await until_ended(old);
  const { code, stderr } = await command.stop();
  assertEquals(code, 0);
  assertMatch(
    stderr,
    /^error: cannot load app.ts: it threw "broken"\n\[[^\n]+\] \[ERROR\] a new worker did not start: the old ones stay\n\[[^\n]+ reloaded\n$/,
  );
});

Deno.test("SIGHUP leaves the old workers where the configuration has no port any more", async () => {
  const port = free_port();
  await using folder = await make_folder({
    "app.ts": telling_apps(),
    "tsgi.json": JSON.stringify({ workers: 1, bind: `127.0.0.1:${port}` }),
  });
  const { path } = folder;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-lock", mod, "app.ts", "--config", "tsgi.json"],
      ...quiet("--error-logfile", "log"),
    ],
    cwd: path,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  const old = await until_answered(port);
  const config = { bind: `unix:${path}/s` };
  await Deno.writeTextFile(`${path}/tsgi.json`, JSON.stringify(config));
  child.kill("SIGHUP");
  const log = () => messages(Deno.readTextFileSync(`${path}/log`));
  await until(() => log().length > 0);
  assertEquals(await until_answered(port), old);
  child.kill("SIGTERM");
  const { code, stderr } = await output;
  assertEquals(
    [code, new TextDecoder().decode(stderr), log()],
    [
      0,
      `error: workers share a port: bind a HOST:PORT, got --bind unix:${path}/s\n`,
      ["[ERROR] a new worker did not start: the old ones stay"],
    ],
  );
});

Deno.test("SIGHUP and SIGUSR1 to a worker do no harm before it takes requests", async () => {
  await using place = await make_place({
    "app.ts": `for (const signal of ["SIGHUP", "SIGUSR1"]) {
  Deno.kill(Deno.pid, signal);
}
await new Promise((resolve) => setTimeout(resolve, 50));
${telling_apps()}`,
  });
  await using command = await start_workers(
    quiet("app.ts", "-w", "2"),
    place.circumstances,
  );
  await find_workers(command.port, 2);
  const { code, stderr } = await command.stop();
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
});

Deno.test("SIGHUP and SIGUSR1 do no harm to workers that are still starting", async () => {
  await using gate = make_wide_gate();
  await using place = await make_place();
  await using command = await start_workers(
    quiet("app.ts", "-w", "1"),
    place.circumstances,
  );
  await Deno.writeTextFile(
    `${place.path}/app.ts`,
    `await (await fetch("${gate.url}")).text();\n${telling_apps("2")}`,
  );
  command.child.kill("SIGHUP");
  await until(() => gate.count() === 1);
  command.child.kill("SIGUSR1");
  command.child.kill("SIGHUP");
  gate.open();
  await until(() => reloads(command) === 2);
  assertEquals((await command.stop()).code, 0);
  assertEquals(messages(command.printed.stderr), [RELOADED, RELOADED]);
});

Deno.test("--max-requests replaces a worker that has had its number, and its requests under way finish", async () => {
  await using place = await make_place();
  await using gate = make_wide_gate();
  await using command = await start_workers(
    quiet("app.ts:slow", "--max-requests", "5", "--max-requests-jitter", "2"),
    place.circumstances,
  );
  const { port } = command;
  assertMatch(command.printed.stdout, / with 1 worker\n$/);
  const begun = await begin_slow(command, gate.url, 3);
  const [old, answers] = [...begun][0]!;
  const answered: number[] = [];
  while (answered.at(-1) === old || answered.length < 5) {
    answered.push(parseInt(await ask(port)));
  }
  assertEquals(answered.slice(0, 5), Array(5).fill(old));
  // Two take requests until the old one has wound down.
  gate.open();
  assertEquals(
    new Set(await Promise.all(answers)),
    new Set([`${old} 1 whole`]),
  );
  await until_ended([old]);
  const { code, stderr } = await command.stop();
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertEquals(place.left(), []);
});

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
  await using command = await start_workers([
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

Deno.test("SIGUSR1 opens the logs anew, and leaves no debugger open", async () => {
  await using place = await make_place();
  const log = `${place.path}/error.log`;
  await using command = await start_workers(
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

Deno.test("WEB_CONCURRENCY asks for workers, where there can be some", async () => {
  await using folder = await make_folder({ "app.ts": telling_apps() });
  const cwd = folder.path;
  const env = { WEB_CONCURRENCY: "2" };
  const cases: [bind: string, args: string[], printed: RegExp][] = [
    ["127.0.0.1:0", [], / with 2 workers\n$/],
    ["127.0.0.1:0", ["-w", "0"], /:\d+\/\n$/],
    [`unix:${cwd}/socket`, [], /^Serving app.ts at unix:[^ ]+\/socket\n$/],
    ["127.0.0.1:0", ["--reload"], /:\d+\/\n$/],
  ];
  for (const [bind, args, printed] of cases) {
    await using command = await start_workers(["app.ts", ...args], {
      ...{ bind, cwd, env },
    });
    assertMatch(command.printed.stdout, printed);
    assertEquals((await command.stop()).code, 0);
  }
});

Deno.test("a CGI script has no workers, whatever the environment says", async () => {
  await using folder = await make_folder({ "app.ts": telling_apps() });
  const { code, stdout, stderr } = await run(["app.ts"], {
    cwd: folder.path,
    env: {
      WEB_CONCURRENCY: "2",
      GATEWAY_INTERFACE: "CGI/1.1",
      REQUEST_METHOD: "GET",
      SERVER_NAME: "a",
      SERVER_PORT: "80",
      SERVER_PROTOCOL: "HTTP/1.1",
    },
  });
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertMatch(stdout, /^Status: 200 OK\r\n[^]*\r\n\r\n\d+ 1$/);
});

Deno.test("--max-requests and --workers are refused where there can be no workers", async () => {
  const socket = "share a port: bind a HOST:PORT, no Unix socket";
  const expected: [args: string[], message: string][] = [
    [["-w", "2", "-b", "unix:x"], `--workers ${socket}`],
    [
      ["--max-requests", "2", "-b", "unix:x"],
      `--max-requests has workers, which ${socket}`,
    ],
    [
      ["--max-requests", "2", "--reload"],
      "--reload serves from one process: leave --max-requests out",
    ],
    [
      ["--max-requests", "2", "--protocol", "cgi"],
      "--protocol cgi answers one request: leave --max-requests out",
    ],
    [
      ["--workers", "2", "--protocol", "cgi"],
      "--protocol cgi answers one request: leave --workers out",
    ],
    [
      ["--reload", "--protocol", "cgi"],
      "--protocol cgi answers one request: leave --reload out",
    ],
  ];
  for (const [args, message] of expected) {
    const ended = await run(args);
    const stderr = `error: ${message}\n`;
    assertEquals(ended, { code: 2, stdout: "", stderr }, args.join(" "));
  }
});
