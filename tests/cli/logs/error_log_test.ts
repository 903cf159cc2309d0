/** The error log: levels, exact lines, and that it is unbuffered. */

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  type ErrorLog,
  LOG_LEVELS,
  open_error_log,
} from "../../../cli/logs/error_log.ts";
import { UsageError } from "../../../cli/settings/usage_error.ts";
import { make_folder } from "../../support/command.ts";
import { root, run_app, run_script } from "../../support/support.ts";

/** An error log in a temporary folder; closed and removed by `await using`. */
interface TestLog extends AsyncDisposable {
  log: ErrorLog;
  path: string;
  /** What is in the file. */
  content(): string;
}

async function make_log(level = "info"): Promise<TestLog> {
  const folder = await make_folder({});
  const path = `${folder.path}/log`;
  const log = open_error_log(path, level);
  return {
    log,
    path,
    content: () => Deno.readTextFileSync(path),
    async [Symbol.asyncDispose]() {
      log.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** The log, without its times. */
function without_times(log: string): string {
  return log.replace(
    /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\]/gm,
    "[time]",
  );
}

Deno.test("log() writes messages of at least --log-level", async () => {
  for (const [least, level] of LOG_LEVELS.entries()) {
    await using test = await make_log(level);
    for (const name of LOG_LEVELS) test.log.log(name, `about ${name}`);
    const expected = LOG_LEVELS.slice(least).map((name) =>
      `[time] [${Deno.pid}] [${name.toUpperCase()}] about ${name}\n`
    );
    assertEquals(without_times(test.content()), expected.join(""));
  }
});

Deno.test("open_error_log() accepts a level in capital letters", async () => {
  await using test = await make_log("Warning");
  test.log.log("info", "1");
  test.log.log("warning", "2");
  assertEquals(
    without_times(test.content()),
    `[time] [${Deno.pid}] [WARNING] 2\n`,
  );
});

Deno.test("open_error_log() refuses an unknown level, and a file that cannot be opened", () => {
  for (const level of ["", "warn", "0", "constructor"]) {
    const error = assertThrows(() => open_error_log("-", level), UsageError);
    assertEquals(
      error.message,
      `--log-level takes debug, info, warning, error or critical, got "${level}"`,
    );
  }
  const error = assertThrows(
    () => open_error_log("/missing/log", "info"),
    UsageError,
  );
  assertMatch(error.message, /^cannot open --error-logfile: /);
});

Deno.test("log() writes one line, whatever the message", async () => {
  await using test = await make_log();
  test.log.log("error", 'é "a"\n[x]\r\x1b[1m\x9b\\');
  assertEquals(
    without_times(test.content()),
    `[time] [${Deno.pid}] [ERROR] é "a"\\x0a[x]\\x0d\\x1b[1m\\x9b\\\\\n`,
  );
});

Deno.test("log_text() writes text unchanged after its prefix, from --log-level on", async () => {
  await using test = await make_log("error");
  test.log.log_text("error", "\\x0a\nError: x\n    at y\n");
  test.log.log_text("warning", "not this\n");
  assertEquals(
    without_times(test.content()),
    `[time] [${Deno.pid}] [ERROR] \\x0a\nError: x\n    at y\n`,
  );
});

Deno.test("log() has the local time and its offset from UTC", async () => {
  const program = `import { open_error_log } from ${
    JSON.stringify(new URL("cli/logs/error_log.ts", root).href)
  };
open_error_log("-", "info").log("info", "x");
console.log(Date.now());`;
  await using folder = await make_folder({ "program.ts": program });
  const offsets = {
    "UTC": "+0000",
    "Asia/Kolkata": "+0530",
    "Etc/GMT+3": "-0300",
  };
  await Promise.all(
    Object.entries(offsets).map(async ([TZ, offset]) => {
      const before = Date.now();
      const { stdout, stderr } = await run_script(
        ["--no-check", "program.ts"],
        { cwd: folder.path, env: { TZ } },
      );
      const [, date, time, zone] =
        stderr.match(/^\[(\S+) (\S+) (\S+)\] \[\d+\] \[INFO\] x\n$/) ?? [];
      assertEquals(zone, offset);
      const logged = Date.parse(`${date}T${time}${zone}`);
      assertEquals(
        Math.floor(before / 1000) * 1000 <= logged && logged <= Number(stdout),
        true,
      );
    }),
  );
});

Deno.test("write() of an ErrorLog writes immediately and unchanged, at any level", async () => {
  await using test = await make_log("critical");
  test.log.write("a");
  assertEquals(test.content(), "a");
  test.log.writelines(["b\n", "\x1b\u20ac\n"]);
  assertEquals(test.content(), "ab\n\x1b\u20ac\n");
  test.log.flush();
  assertEquals(test.content(), "ab\n\x1b\u20ac\n");
});

Deno.test("an ErrorLog serves as wsgi.errors, and receives the stacks of errors", async () => {
  await using test = await make_log("critical");
  await run_app((environ) => {
    environ["wsgi.errors"].write("about to fail\n");
    throw new RangeError("failed");
  }, { adapt: (handler) => handler.stderr = test.log });
  assertMatch(
    test.content(),
    /^about to fail\n(.*\n)?RangeError: failed\n {4}at /,
  );
});

Deno.test({
  name: "reopen() goes on in a new file",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using test = await make_log();
    test.log.write("a\n");
    Deno.renameSync(test.path, `${test.path}.1`);
    test.log.write("b\n");
    test.log.reopen();
    test.log.write("c\n");
    assertEquals(Deno.readTextFileSync(`${test.path}.1`), "a\nb\n");
    assertEquals(test.content(), "c\n");
  },
});
