/** Log files and processes: no line is lost when a process ends, and several processes share a file or pipe. */

import { assertEquals } from "@std/assert";
import { type Folder, make_folder } from "../../support/command.ts";
import { bytes, root, run_script, text } from "../../support/support.ts";

const ignore = Deno.build.os === "windows";

/** The module under test. */
const module = new URL("cli/logs/log_file.ts", root).href;

/** A way in which a process with a log ends, and what it leaves. */
interface End {
  program: string;
  code?: number;
  /** The first line on stderr. */
  stderr?: string;
  log?: string;
}

/** Runs a program with a `log` whose timers never fire. */
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
  "an error whose event a later listener stops": {
    program:
      `addEventListener("error", (event) => event.stopImmediatePropagation());
${LOG_AND_THROW}`,
    code: 1,
    stderr: "error: Uncaught Error: x",
  },
  "an error that a listener handles, followed by Deno.exit()": {
    program: `addEventListener("error", (event) => event.preventDefault());
${LOG_AND_THROW}
setTimeout(() => { log.write("2\\n"); Deno.exit(6); }, 20);`,
    code: 6,
    log: "1\n2\n",
  },
  "a rejection whose listener calls Deno.exit()": {
    program: `addEventListener("unhandledrejection", () => {
  log.write("2\\n");
  Deno.exit(5);
});
log.write("1\\n");
Promise.reject(new Error("x"));`,
    code: 5,
    log: "1\n2\n",
  },
  "an end at which another listener writes a line": {
    program: `addEventListener("unload", () => log.write("2\\n"));
log.write("1\\n");`,
    log: "1\n2\n",
  },
};

for (const [name, end] of Object.entries(ENDS)) {
  Deno.test(`a LogFile loses nothing at ${name}`, async () => {
    const defaults = { code: 0, stderr: "", log: "1\n" };
    assertEquals(await run_logging(end), { ...defaults, ...end });
  });
}

Deno.test("a LogFile finds its file after the process has changed its folder", async () => {
  const { stderr, log } = await run_logging({
    program: `Deno.mkdirSync("below");
Deno.chdir("below");
Deno.renameSync("../log", "../log.1");
log.reopen();
log.write("1\\n");`,
  });
  assertEquals([stderr, log], ["", "1\n"]);
});

/** A program with a log file, or `-` for stderr. */
function program_with(path: string, program: string): Promise<Folder> {
  return make_folder({
    "program.ts": `import { open_log } from ${JSON.stringify(module)};
const log = open_log(${JSON.stringify(path)}, "--x");
${program}`,
  });
}

const RUN = ["run", "-A", "--no-lock", "--no-check", "program.ts"];

Deno.test("open_log() writes to stderr for -, and does not close it", async () => {
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

/** Starts writing once both processes run. */
const WRITE_LINES = `Deno.mkdirSync("ready." + Deno.pid);
while (Array.from(Deno.readDirSync(".")).filter(({ isDirectory }) => isDirectory).length < 2) {
  await new Promise((resolve) => setTimeout(resolve, 1));
}
for (let i = 0; i < ${LINES}; i++) {
  log.write(Deno.pid + " " + i + " " + "x".repeat(1 + i % 200) + "\\n");
}`;

/** Asserts that `log` has all lines of both processes, each whole and in order. */
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

Deno.test("two processes can append to one file without mixing their lines", async () => {
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
    // A slow reader leaves no room for larger blocks.
    const script = '{ "$@" & "$@"; wait; } 2>&1 | dd bs=4096 status=none';
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", script, "sh", Deno.execPath(), ...RUN],
      cwd: folder.path,
      stdin: "null",
    }).output();
    assert_whole(text(stdout));
  },
});
