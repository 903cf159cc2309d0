/** Log files: when lines are written, that none is lost or torn, and what happens where they cannot be written. */

import { assertEquals, assertThrows } from "@std/assert";
import {
  type LogFile,
  type LogFileOptions,
  open_log,
} from "../../../cli/logs/log_file.ts";
import { UsageError } from "../../../cli/settings/usage_error.ts";
import { type Folder, make_folder } from "../../support/command.ts";
import { bytes, root, run_script, text, until } from "../../support/support.ts";

const ignore = Deno.build.os === "windows";

/** A log in a folder of its own; closed and removed by `await using`. */
interface TestLog extends AsyncDisposable {
  log: LogFile;
  path: string;
  folder: Folder;
  /** What was reported of it. */
  reports: string[];
  /** What is in the file. */
  content(): string;
}

async function make_log(options: LogFileOptions = {}): Promise<TestLog> {
  const folder = await make_folder({});
  const path = `${folder.path}/log`;
  const reports: string[] = [];
  const report = (message: string) => void reports.push(message);
  const log = open_log(path, "--x", { report, ...options });
  return {
    log,
    path,
    folder,
    reports,
    content: () => Deno.readTextFileSync(path),
    async [Symbol.asyncDispose]() {
      log.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Puts `replacement` in the place of a method until the end of `using`. */
function replace<Owner extends object, Name extends keyof Owner>(
  owner: Owner,
  name: Name,
  replacement: Owner[Name],
): Disposable {
  const original = owner[name];
  owner[name] = replacement;
  return { [Symbol.dispose]: () => owner[name] = original };
}

/** Notes how long each timer takes that is set, and never lets one come. */
function hold_timers(): Disposable & { set: unknown[]; active: Set<unknown> } {
  const set: unknown[] = [];
  const active = new Set<unknown>();
  const { setTimeout, clearTimeout } = globalThis;
  const setting = replace(
    globalThis,
    "setTimeout",
    ((_: () => void, delay: number) => {
      const timer = setTimeout(() => {}, 1e9);
      set.push(delay);
      active.add(timer);
      return timer;
    }) as typeof globalThis.setTimeout,
  );
  const clearing = replace(globalThis, "clearTimeout", (timer) => {
    active.delete(timer);
    clearTimeout(timer as number);
  });
  return {
    set,
    active,
    [Symbol.dispose]() {
      setting[Symbol.dispose]();
      clearing[Symbol.dispose]();
    },
  };
}

Deno.test("open_log() appends to a file, and makes one where there is none", async () => {
  await using test = await make_log();
  for (const line of ["a\n", "b\n"]) {
    const log = open_log(test.path, "--x");
    log.write(line);
    log.close();
  }
  assertEquals(test.content(), "a\nb\n");
});

Deno.test("open_log() names the option where the file cannot be opened", {
  ignore,
}, async () => {
  await using folder = await make_folder({});
  const { path } = folder;
  const expected = {
    [path]: `Is a directory (os error 21): open '${path}'`,
    [`${path}/a/b`]:
      `No such file or directory (os error 2): open '${path}/a/b'`,
  };
  for (const [path, reason] of Object.entries(expected)) {
    const error = assertThrows(
      () => open_log(path, "--access-logfile"),
      UsageError,
    );
    assertEquals(
      error.message,
      `cannot open the file of --access-logfile: ${reason}`,
    );
  }
});

Deno.test("write() keeps 64 KiB at most", async () => {
  using timers = hold_timers();
  await using test = await make_log();
  const line = `${"x".repeat(63)}\n`;
  for (let i = 0; i < 1023; i++) test.log.write(line);
  assertEquals(test.content(), "");
  test.log.write(line);
  assertEquals(test.content(), line.repeat(1024));
  assertEquals(timers.active.size, 0);
});

Deno.test("write() writes after 100 ms at most, by one timer for all that is kept", async () => {
  await using test = await make_log();
  {
    using timers = hold_timers();
    test.log.write("a\n");
    test.log.write("b\n");
    assertEquals(timers.set, [100]);
    test.log.flush();
    assertEquals(timers.active.size, 0);
  }
  test.log.write("c\n");
  assertEquals(test.content(), "a\nb\n");
  await until(() => test.content() === "a\nb\nc\n");
});

Deno.test("write() keeps the order of lines, and writes UTF-8", async () => {
  await using test = await make_log();
  const lines = Array.from({ length: 20000 }, (_, i) => `${i} \u00e9\u20ac\n`);
  for (const line of lines) test.log.write(line);
  test.log.flush();
  assertEquals(test.content() === lines.join(""), true);
  assertEquals(test.reports, []);
});

Deno.test("a LogFile that is not buffered writes at once, without a timer", async () => {
  using timers = hold_timers();
  await using test = await make_log({ buffered: false });
  test.log.write("a");
  assertEquals(test.content(), "a");
  test.log.write("b\n");
  assertEquals(test.content(), "ab\n");
  assertEquals(timers.set, []);
});

Deno.test("close() writes what is kept; what comes later is lost and counted", async () => {
  await using test = await make_log();
  test.log.write("a\n");
  test.log.close();
  assertEquals(test.content(), "a\n");
  test.log.write("b\nc\n");
  test.log.flush();
  test.log.reopen();
  test.log.close();
  assertEquals(test.content(), "a\n");
  assertEquals(test.log.lost, 2);
  assertEquals(test.reports, []);
});

Deno.test(
  "reopen() writes what is kept to the old file, and goes on in a new one",
  { ignore },
  async () => {
    await using test = await make_log();
    test.log.write("a\n");
    Deno.renameSync(test.path, `${test.path}.1`);
    test.log.write("b\n");
    test.log.reopen();
    test.log.write("c\n");
    test.log.flush();
    assertEquals(Deno.readTextFileSync(`${test.path}.1`), "a\nb\n");
    assertEquals(test.content(), "c\n");
  },
);

Deno.test("reopen() keeps the old file where the path cannot be opened", {
  ignore,
}, async () => {
  await using test = await make_log();
  Deno.renameSync(test.path, `${test.path}.1`);
  Deno.mkdirSync(test.path);
  test.log.reopen();
  test.log.write("a\n");
  test.log.flush();
  assertEquals(Deno.readTextFileSync(`${test.path}.1`), "a\n");
  assertEquals(test.reports, [
    "cannot open the file of --x again: " +
    `Is a directory (os error 21): open '${test.path}'`,
  ]);
});

Deno.test(
  "a full disk costs the lines and nothing else, and is reported once",
  {
    ignore: Deno.build.os !== "linux",
  },
  async () => {
    await using test = await make_log();
    const { log, path, reports } = test;
    Deno.removeSync(path);
    Deno.symlinkSync("/dev/full", path);
    log.reopen();
    for (const lines of ["a\n", "b\nc\n", "d\n".repeat(50000)]) {
      log.write(lines);
      log.flush();
    }
    assertEquals(log.lost, 50003);
    const full =
      "cannot write to the file of --x, what it should have is lost: " +
      "No space left on device (os error 28)";
    assertEquals(reports, [full]);
    Deno.removeSync(path);
    log.reopen();
    log.write("e\n");
    log.flush();
    log.write("f\n");
    log.flush();
    assertEquals(test.content(), "e\nf\n");
    assertEquals(reports, [
      full,
      "the file of --x can be written to again, lines lost: 50003",
    ]);
    assertEquals(log.lost, 50003);
  },
);

/** Lets `FsFile` write as many bytes as `room` says, and no more; what it was asked for is in `asked`. */
function limit_writes(
  room: number,
): Disposable & { room: number; asked: string[] } {
  const { writeSync } = Deno.FsFile.prototype;
  const asked: string[] = [];
  const replaced = replace(
    Deno.FsFile.prototype,
    "writeSync",
    function (this: Deno.FsFile, data) {
      asked.push(text(data));
      if (limits.room === 0) throw new Error("no room");
      const written = writeSync.call(this, data.subarray(0, limits.room));
      limits.room -= written;
      return written;
    },
  );
  const limits = {
    room,
    asked,
    [Symbol.dispose]: () => replaced[Symbol.dispose](),
  };
  return limits;
}

Deno.test("a line that could be written in part is ended before the next one", async () => {
  await using test = await make_log();
  const { log } = test;
  using limits = limit_writes(7);
  const write = (lines: string) => {
    log.write(lines);
    log.flush();
  };
  write("one\ntwo two\nthree\n");
  assertEquals([test.content(), log.lost], ["one\ntwo", 2]);
  write("four\n"); // There is no room even for the line feed.
  assertEquals([test.content(), log.lost], ["one\ntwo", 3]);
  limits.room = 1; // For the line feed and nothing else.
  write("five\n");
  assertEquals([test.content(), log.lost], ["one\ntwo\n", 4]);
  limits.room = 1000;
  write("six\n");
  assertEquals([test.content(), log.lost], ["one\ntwo\nsix\n", 4]);
  assertEquals(test.reports, [
    "cannot write to the file of --x, what it should have is lost: no room",
    "the file of --x can be written to again, lines lost: 4",
  ]);
});

Deno.test("reopen() begins a new file with a new line", async () => {
  await using test = await make_log();
  using limits = limit_writes(2);
  test.log.write("one\n");
  test.log.flush();
  limits.room = 1000;
  Deno.renameSync(test.path, `${test.path}.1`);
  test.log.reopen();
  test.log.write("two\n");
  test.log.flush();
  assertEquals(test.content(), "two\n");
});

Deno.test("flush() writes in blocks of whole lines that a pipe takes in one piece", async () => {
  await using test = await make_log();
  using limits = limit_writes(Infinity);
  const lines = (...lengths: number[]) =>
    lengths.map((length) => `${"x".repeat(length - 1)}\n`).join("");
  const blocks = [
    lines(1000, 1000, 1000, 1000), // The next line would make 5000 bytes of it.
    lines(1000),
    lines(10000),
    lines(1000, 3096),
    lines(4096),
    lines(1, 4095),
    lines(2),
    lines(4095),
    lines(1000, 3000),
  ];
  test.log.write(blocks.join(""));
  test.log.flush();
  assertEquals(limits.asked, blocks);
});

/** The module under test. */
const module = new URL("cli/logs/log_file.ts", root).href;

/** A way in which a process ends that has a log, and what is left of it. */
interface End {
  program: string;
  code?: number;
  /** The first line on stderr. */
  stderr?: string;
  log?: string;
}

/** Runs a program whose timers never write its `log`. */
async function run_logging({ program }: End): Promise<Required<End>> {
  await using folder = await make_folder({
    "program.ts": `const { setTimeout } = globalThis;
globalThis.setTimeout = (callback, delay) =>
  setTimeout(callback, delay === 100 ? 1e9 : delay);
const { open_log } = await import(${JSON.stringify(module)});
const log = open_log("log", "--x");
${program}`,
  });
  const { code, stderr } = await run_script(["--no-check", "program.ts"], {
    cwd: folder.path,
  });
  const log = await Deno.readTextFile(`${folder.path}/log`);
  const [first] = stderr.split("\n");
  return { program, code, stderr: first!, log };
}

const LOG_AND_THROW =
  `setTimeout(() => { log.write("1\\n"); throw new Error("x"); }, 1);`;

const ENDS: Record<string, End> = {
  "a normal end": { program: `log.write("1\\n");` },
  "a normal end after the event loop": {
    program: `setTimeout(() => log.write("1\\n"), 1);`,
  },
  "Deno.exit()": { program: `log.write("1\\n"); Deno.exit(3);`, code: 3 },
  "process.exit()": { program: `log.write("1\\n"); process.exit(4);`, code: 4 },
  "an uncaught error of a module": {
    program: `log.write("1\\n"); throw new Error("x");`,
    code: 1,
    stderr: "error: Uncaught (in promise) Error: x",
  },
  "an uncaught error of a timer": {
    program: LOG_AND_THROW,
    code: 1,
    stderr: "error: Uncaught Error: x",
  },
  "an unhandled rejection": {
    program: `log.write("1\\n"); Promise.reject(new Error("x"));`,
    code: 1,
    stderr: "error: Uncaught (in promise) Error: x",
  },
  "an error whose event a later listener keeps to itself": {
    program:
      `addEventListener("error", (event) => event.stopImmediatePropagation());
${LOG_AND_THROW}`,
    code: 1,
    stderr: "error: Uncaught Error: x",
  },
  "an error that a listener takes for handled, and a later Deno.exit()": {
    program: `addEventListener("error", (event) => event.preventDefault());
${LOG_AND_THROW}
setTimeout(() => { log.write("2\\n"); Deno.exit(6); }, 20);`,
    code: 6,
    log: "1\n2\n",
  },
  "a rejection that a listener answers by Deno.exit()": {
    program: `addEventListener("unhandledrejection", () => {
  log.write("2\\n");
  Deno.exit(5);
});
log.write("1\\n");
Promise.reject(new Error("x"));`,
    code: 5,
    log: "1\n2\n",
  },
  "an end during which a line is written": {
    program: `addEventListener("unload", () => log.write("2\\n"));
log.write("1\\n");`,
    log: "1\n2\n",
  },
};

for (const [name, end] of Object.entries(ENDS)) {
  Deno.test(`nothing is lost by ${name}`, async () => {
    const defaults = { code: 0, stderr: "", log: "1\n" };
    assertEquals(await run_logging(end), { ...defaults, ...end });
  });
}

Deno.test("a LogFile finds its file where the process has changed its folder", async () => {
  const { stderr, log } = await run_logging({
    program: `Deno.mkdirSync("below");
Deno.chdir("below");
Deno.renameSync("../log", "../log.1");
log.reopen();
log.write("1\\n");`,
  });
  assertEquals([stderr, log], ["", "1\n"]);
});

/** A program with a log: a file, or `-` for stderr. */
function program_with(path: string, program: string): Promise<Folder> {
  return make_folder({
    "program.ts": `import { open_log } from ${JSON.stringify(module)};
const log = open_log(${JSON.stringify(path)}, "--x");
${program}`,
  });
}

const RUN = ["run", "-A", "--no-lock", "--no-check", "program.ts"];

Deno.test("open_log() takes - for stderr, which stays open", async () => {
  await using folder = await program_with(
    "-",
    `log.write("1\\n");
log.reopen();
log.write("2\\n");
log.close();
console.error("3");`,
  );
  assertEquals(
    await run_script(["--no-check", "program.ts"], { cwd: folder.path }),
    { code: 0, stdout: "", stderr: "1\n2\n3\n" },
  );
});

Deno.test(
  "a stderr that nobody reads any more costs the lines and nothing else",
  { ignore },
  async () => {
    await using folder = await program_with(
      "-",
      `Deno.stdin.readSync(new Uint8Array(1));
for (const line of ["1\\n", "2\\n", "3\\n"]) {
  log.write(line);
  log.flush();
}
console.log("lost", log.lost);`,
    );
    const child = new Deno.Command(Deno.execPath(), {
      args: RUN,
      cwd: folder.path,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    await child.stderr.cancel();
    const writer = child.stdin.getWriter();
    await writer.write(bytes("x"));
    await writer.close();
    const stdout = await new Response(child.stdout).text();
    assertEquals([(await child.status).code, stdout], [0, "lost 3\n"]);
  },
);

const LINES = 20000;

/** Begins when there are two who do. */
const WRITE_LINES = `Deno.mkdirSync("ready." + Deno.pid);
while (Array.from(Deno.readDirSync(".")).filter(({ isDirectory }) => isDirectory).length < 2) {
  await new Promise((resolve) => setTimeout(resolve, 1));
}
for (let i = 0; i < ${LINES}; i++) {
  log.write(Deno.pid + " " + i + " " + "x".repeat(1 + i % 200) + "\\n");
}`;

/** Asserts that each of two processes has its lines in `log`, each line whole and in its order. */
function assert_whole(log: string): void {
  const numbers: Record<string, number> = {};
  for (const line of log.trimEnd().split("\n")) {
    const [, writer, number, rest] = line.match(/^(\d+) (\d+) (x+)$/) ?? [];
    const expected = numbers[writer!] ?? 0;
    assertEquals([Number(number), rest!.length], [
      expected,
      1 + expected % 200,
    ]);
    numbers[writer!] = expected + 1;
  }
  assertEquals(Object.values(numbers), [LINES, LINES]);
}

Deno.test("two processes that append to one file tear no line", async () => {
  await using folder = await program_with("log", WRITE_LINES);
  const run = () =>
    run_script(["--no-check", "program.ts"], { cwd: folder.path });
  const ended = { code: 0, stdout: "", stderr: "" };
  assertEquals(await Promise.all([run(), run()]), [ended, ended]);
  assert_whole(await Deno.readTextFile(`${folder.path}/log`));
});

Deno.test({
  name: "two processes that write to one pipe tear no line",
  ignore,
  async fn() {
    await using folder = await program_with("-", WRITE_LINES);
    // Who reads little at a time leaves no room for larger blocks in one piece.
    const script = '{ "$@" & "$@"; wait; } 2>&1 | dd bs=4096 status=none';
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", script, "sh", Deno.execPath(), ...RUN],
      cwd: folder.path,
      stdin: "null",
    }).output();
    assert_whole(text(stdout));
  },
});
