/** Log files: when lines are written, that none is torn, and what happens if they cannot be written. */

import { assertEquals, assertThrows } from "@std/assert";
import {
  type LogFile,
  type LogFileOptions,
  open_log,
} from "../../../cli/logs/log_file.ts";
import { UsageError } from "../../../cli/settings/usage_error.ts";
import { type Folder, make_folder } from "../../support/command.ts";
import { text, until } from "../../support/support.ts";

const ignore = Deno.build.os === "windows";

/** A log in a temporary folder; closed and removed by `await using`. */
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

/** Replaces a method until the end of `using`. */
function replace<Owner extends object, Name extends keyof Owner>(
  owner: Owner,
  name: Name,
  replacement: Owner[Name],
): Disposable {
  const original = owner[name];
  owner[name] = replacement;
  return { [Symbol.dispose]: () => owner[name] = original };
}

/** Records the delays of timers, and never lets one fire. */
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

Deno.test("open_log() appends to a file, and creates it if necessary", async () => {
  await using test = await make_log();
  for (const line of ["a\n", "b\n"]) {
    const log = open_log(test.path, "--x");
    log.write(line);
    log.close();
  }
  assertEquals(test.content(), "a\nb\n");
});

Deno.test("open_log() names the option if the file cannot be opened", {
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
      `cannot open --access-logfile: ${reason}`,
    );
  }
});

Deno.test("write() buffers at most 64 KiB", async () => {
  using timers = hold_timers();
  await using test = await make_log();
  const line = `${"x".repeat(63)}\n`;
  for (let i = 0; i < 1023; i++) test.log.write(line);
  assertEquals(test.content(), "");
  test.log.write(line);
  assertEquals(test.content(), line.repeat(1024));
  assertEquals(timers.active.size, 0);
});

Deno.test("write() flushes the buffer after 100 ms, with a single timer", async () => {
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

Deno.test("an unbuffered LogFile writes immediately, without a timer", async () => {
  using timers = hold_timers();
  await using test = await make_log({ buffered: false });
  test.log.write("a");
  assertEquals(test.content(), "a");
  test.log.write("b\n");
  assertEquals(test.content(), "ab\n");
  assertEquals(timers.set, []);
});

Deno.test("close() flushes the buffer; later lines are lost and counted", async () => {
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
  "reopen() flushes the buffer to the old file, and continues in a new one",
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

Deno.test("reopen() keeps the old file if the path cannot be opened", {
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
    "cannot reopen --x: " +
    `Is a directory (os error 21): open '${test.path}'`,
  ]);
});

Deno.test(
  "a full disk loses lines and nothing else, and is reported once",
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
    const full = "cannot write to --x, lines are lost: " +
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
      "writing to --x again, lines lost: 50003",
    ]);
    assertEquals(log.lost, 50003);
  },
);

/** Lets `FsFile` write only `room` bytes; `asked` has the data of each call. */
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

Deno.test("a partially written line is ended before the next one", async () => {
  await using test = await make_log();
  const { log } = test;
  using limits = limit_writes(7);
  const write = (lines: string) => {
    log.write(lines);
    log.flush();
  };
  write("one\ntwo two\nthree\n");
  assertEquals([test.content(), log.lost], ["one\ntwo", 2]);
  write("four\n"); // No room even for the line feed.
  assertEquals([test.content(), log.lost], ["one\ntwo", 3]);
  limits.room = 1; // Only for the line feed.
  write("five\n");
  assertEquals([test.content(), log.lost], ["one\ntwo\n", 4]);
  limits.room = 1000;
  write("six\n");
  assertEquals([test.content(), log.lost], ["one\ntwo\nsix\n", 4]);
  assertEquals(test.reports, [
    "cannot write to --x, lines are lost: no room",
    "writing to --x again, lines lost: 4",
  ]);
});

Deno.test("reopen() does not continue a partial line in the new file", async () => {
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

Deno.test("flush() writes blocks of whole lines, small enough for a pipe to take each at once", async () => {
  await using test = await make_log();
  using limits = limit_writes(Infinity);
  const lines = (...lengths: number[]) =>
    lengths.map((length) => `${"x".repeat(length - 1)}\n`).join("");
  const blocks = [
    lines(1000, 1000, 1000, 1000), // With the next line it would be 5000 bytes.
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
