/** The command with several processes: `--workers`, `--max-requests`, `--pid`, and the signals of the supervisor. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  type Circumstances,
  type Folder,
  make_folder,
  run,
  type Running,
  STOPPING,
} from "./command.ts";
import {
  ask,
  find_workers,
  is_running,
  make_wide_gate,
  start_workers,
  telling_apps,
  until_ended,
} from "./processes.ts";
import { bytes, until } from "./support.ts";

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

/** What a terminal does at Ctrl-C. */
function interrupt({ child }: Running, workers: Iterable<number>): void {
  for (const pid of [child.pid, ...workers]) Deno.kill(pid, "SIGINT");
}

Deno.test("Ctrl-C lets the requests under way finish, and a second one ends all at once", async () => {
  for (const twice of [false, true]) {
    await using place = await make_place();
    await using gate = make_wide_gate();
    await using command = await start_workers(
      quiet("app.ts:slow", "-w", "2"),
      place.circumstances,
    );
    const workers = await find_workers(command.port, 2);
    const begun = await begin_slow(command, gate.url, 8);
    await until(() => gate.count() === 8);
    interrupt(command, workers);
    await until(() => command.printed.stdout.includes(STOPPING));
    if (twice) interrupt(command, workers);
    else gate.open();
    for (const [pid, answers] of begun) {
      const all = new Set(await Promise.all(answers));
      const expected = twice ? "broken off" : `${pid} 1 whole`;
      assertEquals(all, new Set([expected]));
    }
    const { code, stderr } = await command.ended();
    assertEquals({ code, stderr }, { code: twice ? 130 : 0, stderr: "" });
    await until_ended(workers);
    assertEquals(place.left(), []);
  }
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
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  for (const path of logs) {
    const all = [...lines(`${path}.1`), ...lines(path)];
    assertEquals(all.sort(), [...asked].sort());
  }
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
