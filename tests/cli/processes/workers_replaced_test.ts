/** Workers that are replaced while requests come: SIGHUP and `--max-requests`. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { make_folder, mod, start } from "../../support/command.ts";
import {
  ask,
  find_workers,
  free_port,
  make_wide_gate,
  telling_apps,
  until_answered,
  until_ended,
} from "../../support/processes.ts";
import { bytes, until } from "../../support/support.ts";
import {
  begin_slow,
  make_place,
  messages,
  quiet,
  RELOADED,
  reloads,
  REPLACED,
} from "./workers.ts";

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

Deno.test("SIGHUP replaces the workers one by one, and no connection that is used again is lost, none refused", async () => {
  await using place = await make_place();
  await using command = await start(
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
  await using command = await start(
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
  await using command = await start(
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
  assertEquals(messages(stderr), [
    '[ERROR] a new worker did not start, keeping the old ones: cannot load app.ts: it threw "broken"',
    RELOADED,
  ]);
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
      "",
      [
        `[ERROR] a new worker did not start, keeping the old ones: workers share a port: expected --bind HOST:PORT, got --bind unix:${path}/s`,
      ],
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
  await using command = await start(
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
  await using command = await start(
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
  await using command = await start(
    quiet("app.ts:slow", "--max-requests", "5", "--max-requests-jitter", "2"),
    place.circumstances,
  );
  const { port } = command;
  assertMatch(command.printed.stdout, / \(HTTP, 1 worker; [^)]+\)\n$/);
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
  assertEquals({ code, messages: messages(stderr) }, { code: 0, messages: [] });
  assertEquals(stderr.match(REPLACED)?.groups?.why, " (--max-requests)");
  assertEquals(place.left(), []);
});

Deno.test("the log names the worker that takes the place of one that was killed or reloaded", async () => {
  await using place = await make_place();
  await using command = await start(
    quiet("app.ts", "-w", "1"),
    place.circumstances,
  );
  const replaced = () =>
    Array.from(
      command.printed.stderr.matchAll(new RegExp(REPLACED, "gm")),
      ({ groups }) => ({ ...groups }),
    );
  const [first] = await find_workers(command.port, 1);
  Deno.kill(first!, "SIGKILL");
  await until(() => replaced().length === 1);
  const [second] = await find_workers(command.port, 1);
  command.child.kill("SIGHUP");
  await until(() => reloads(command) === 1);
  const [third] = await find_workers(command.port, 1);
  assertEquals((await command.stop()).code, 0);
  assertEquals(replaced(), [
    { old: `${first}`, young: `${second}`, why: "" },
    { old: `${second}`, young: `${third}`, why: " (reload)" },
  ]);
});
