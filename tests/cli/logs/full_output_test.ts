/** Output that cannot be written, because a disk is full or a pipe has no reader: the command is not affected. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { make_folder, mod } from "../../support/command.ts";
import {
  ask,
  free_port,
  make_wide_gate,
  telling_apps,
} from "../../support/processes.ts";
import { root, until } from "../../support/support.ts";

/** Shell commands that redirect the output of the command. */
const OUTPUTS: Record<string, string> = {
  "to a full disk": 'exec "$@" >/dev/full 2>/dev/full',
  "to a closed stdout": 'exec "$@" >&-',
  "to closed stdout and stderr": 'exec "$@" >&- 2>&-',
};

/** Programs that redirect it to a pipe: one without a reader, or a full one that does not block. */
const PIPES: Record<string, string> = {
  "to a closed pipe": `
import os, sys
r, w = os.pipe()
os.close(r)
for fd in (1, 2): os.dup2(w, fd)
os.execvp(sys.argv[1], sys.argv[1:])
`,
  "to a full, non-blocking pipe": `
import os, sys
r, w = os.pipe()
os.set_blocking(w, False)
os.set_inheritable(r, True)
try:
    while True: os.write(w, bytes(4096))
except BlockingIOError: pass
for fd in (1, 2): os.dup2(w, fd)
os.execvp(sys.argv[1], sys.argv[1:])
`,
};

/** The programs that start the command with such an output. */
const wrappers: [name: string, command: string, args: string[]][] = [
  ...Object.entries(OUTPUTS).map(([name, script]) =>
    [name, "sh", ["-c", script, "sh"]] as [string, string, string[]]
  ),
  ...Object.entries(PIPES).map(([name, script]) =>
    [name, "python3", ["-c", script]] as [string, string, string[]]
  ),
];

function spawn(
  command: string,
  wrapper: string[],
  args: string[],
  cwd: string | URL,
): Deno.ChildProcess {
  return new Deno.Command(command, {
    args: [...wrapper, Deno.execPath(), "run", "-A", "--no-lock", ...args],
    cwd,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

/** Where the logs go: to the same output, or to a full disk. */
const LOGS = [
  [],
  ["--access-logfile", "/dev/full", "--error-logfile", "/dev/full"],
];

/** Applications that write, fail and wait. */
const APPS = telling_apps() + `
export function failing(environ) {
  environ["wsgi.errors"].write("the well is dry\\n");
  throw new Error("the well is dry");
}
`;

for (const [name, command, wrapper] of wrappers) {
  Deno.test(`the command loses no request and ends with status 0 when its output goes ${name}`, async () => {
    await using folder = await make_folder({ "app.ts": APPS });
    for (const workers of ["0", "1"]) {
      for (const logs of LOGS) {
        await using gate = make_wide_gate();
        const port = free_port();
        const args = [mod, "app.ts:late", "--bind", `127.0.0.1:${port}`];
        const child = spawn(
          command,
          wrapper,
          [...args, "--workers", workers, ...logs],
          folder.path,
        );
        await until_open(port, child);
        const answer = ask(port, `/?${gate.url}`);
        await until(() => gate.count() === 1);
        if (workers === "1") child.kill("SIGHUP");
        child.kill("SIGUSR1");
        child.kill("SIGTERM");
        // When it accepts no more connections, it has received the signal.
        while (await is_open(port));
        gate.open();
        assertMatch(await answer, /^\d+ 1 whole$/);
        assertEquals((await child.status).code, 0);
      }
    }
  });

  Deno.test(`a request whose error cannot be logged is answered when output goes ${name}`, async () => {
    await using folder = await make_folder({ "app.ts": APPS });
    const port = free_port();
    const args = [mod, "app.ts:failing", "--bind", `127.0.0.1:${port}`];
    const child = spawn(command, wrapper, args, folder.path);
    await until_open(port, child);
    for (let i = 0; i < 3; i++) assertEquals(await status_of(port), 500);
    child.kill("SIGTERM");
    assertEquals((await child.status).code, 0);
  });

  Deno.test(`make_server() answers when output goes ${name}`, async () => {
    const port = free_port();
    await using folder = await make_folder({
      "program.ts": `import { demo_app, make_server } from "${mod}";
const httpd = make_server("127.0.0.1", ${port}, demo_app);
Deno.addSignalListener("SIGTERM", () => httpd.shutdown());
await httpd.serve_forever();
Deno.exit(0);
`,
    });
    const config = new URL("deno.json", root).pathname;
    const args = ["--config", config, "program.ts"];
    const child = spawn(command, wrapper, args, folder.path);
    await until_open(port, child);
    for (let i = 0; i < 3; i++) assertEquals(await status_of(port), 200);
    child.kill("SIGTERM");
    assertEquals((await child.status).code, 0);
  });
}

/** Whether a server listens at a port. */
async function is_open(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

/** Waits until a server listens at a port; fails if its process has ended. */
async function until_open(
  port: number,
  child: Deno.ChildProcess,
): Promise<void> {
  let ended = false;
  child.status.then(() => ended = true);
  while (!await is_open(port)) {
    assertEquals(ended, false, "it has ended");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function status_of(port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/`);
  await response.body?.cancel();
  return response.status;
}

Deno.test("--help exits with status 1, and says why, if it cannot be printed", async () => {
  for (const option of ["--help", "--version", "--print-config"]) {
    const { code, stderr } = await new Deno.Command("sh", {
      args: [
        ...["-c", 'exec "$@" >/dev/full', "sh"],
        ...[Deno.execPath(), "run", "-A", "--no-lock", mod, option],
      ],
      env: { NO_COLOR: "1" },
    }).output();
    const said = new TextDecoder().decode(stderr);
    assertEquals(
      { option, code, said },
      {
        option,
        code: 1,
        said:
          "error: cannot write to stdout: No space left on device (os error 28)\n",
      },
    );
  }
});

Deno.test("a mistake in the command line exits with status 2, even if it cannot be printed", async () => {
  for (const [, command, wrapper] of wrappers) {
    const child = spawn(command, wrapper, [mod, "--gopher"], root);
    assertEquals((await child.status).code, 2);
  }
});

Deno.test("the error log reports an access log that cannot be written", async () => {
  await using folder = await make_folder({ "app.ts": APPS });
  const port = free_port();
  const child = spawn("sh", ["-c", 'exec "$@"', "sh"], [
    ...[mod, "app.ts", "--bind", `127.0.0.1:${port}`],
    ...["--access-logfile", "/dev/full", "--error-logfile", "log"],
  ], folder.path);
  await until_open(port, child);
  await ask(port);
  child.kill("SIGTERM");
  assertEquals((await child.status).code, 0);
  const log = await Deno.readTextFile(`${folder.path}/log`);
  assert(log.includes("cannot write to --access-logfile"), log);
});
