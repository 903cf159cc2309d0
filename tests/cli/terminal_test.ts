/** What the command prints: at a terminal in colours, and never elsewhere. */

import { assertEquals, assertMatch } from "@std/assert";
import { make_folder, mod, run, start } from "../support/command.ts";
import { bytes, text } from "../support/support.ts";
import { installed } from "../fronts/fronts.ts";

/** What a terminal shows of the command, which gets a SIGTERM when it serves. */
async function shown(env: Record<string, string>): Promise<string> {
  // A worker that ends at once is an error, whose level has a colour as well.
  const app = `if (Deno.env.get("FAIL")) throw "no"; export default () => [];`;
  await using folder = await make_folder({ "app.ts": app });
  const command = `'${Deno.execPath()}' run -A --no-lock ${mod} ` +
    "--bind 127.0.0.1:0 --log-level info --access-logfile none -w 1 app.ts";
  const child = new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", command, "/dev/null"],
    cwd: folder.path,
    clearEnv: true,
    env: {
      PATH: Deno.env.get("PATH")!,
      HOME: Deno.env.get("HOME")!,
      TERM: "xterm",
      ...env,
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let all = "";
  const writer = child.stdin.getWriter();
  for await (const part of child.stdout) {
    const before = all.length;
    all += text(part);
    const serves = all.includes("Ctrl+C to stop)");
    if (serves && !all.slice(0, before).includes("Ctrl+C to stop)")) {
      await writer.write(bytes("\x03")); // Ctrl+C
    }
  }
  writer.releaseLock();
  await child.stdin.close().catch(() => {});
  await child.status;
  return all.replaceAll("\r\n", "\n").replace(/:\d+\//, ":0/");
}

if (installed("script")) {
  Deno.test("the command says in colours where it serves, at a terminal", async () => {
    assertMatch(
      await shown({}),
      // deno-lint-ignore no-control-regex
      /^Serving \x1b\[1mapp\.ts\x1b\[0m at \x1b\[36mhttp:\/\/127\.0\.0\.1:0\/\x1b\[0m \(HTTP, 1 worker; press Ctrl\+C to stop\)\n/,
    );
  });

  Deno.test("NO_COLOR leaves the colours out", async () => {
    assertMatch(
      await shown({ NO_COLOR: "1" }),
      /^Serving app\.ts at http:\/\/127\.0\.0\.1:0\/ \(HTTP, 1 worker; press Ctrl\+C to stop\)\n\^CStopping: /,
    );
  });
}

Deno.test("what is no terminal gets no colours", async () => {
  await using command = await start(["-w", "1"], { env: { NO_COLOR: "" } });
  const { stdout, stderr } = await command.stop();
  assertEquals((stdout + stderr).split("\x1b").length, 1);
});

Deno.test("--print-config has numbers as numbers, and --config takes them", async () => {
  const args = ["-t", "0.5", "--limit-request-body", "10m", "-m", "007"];
  const { stdout } = await run([...args, "--print-config"]);
  const config = JSON.parse(stdout);
  const { timeout, workers, limit_request_line, limit_request_body, umask } =
    config;
  assertEquals(
    { timeout, workers, limit_request_line, limit_request_body, umask },
    {
      timeout: 0.5,
      workers: 0,
      limit_request_line: 8190,
      limit_request_body: "10m",
      umask: "007",
    },
  );
  await using folder = await make_folder({ "config.json": stdout });
  const again = await run([
    "-c",
    `${folder.path}/config.json`,
    "--print-config",
  ]);
  assertEquals(again.stdout, stdout);
});

Deno.test("PORT is heard where --bind is not given, by HTTP", async () => {
  const env = { PORT: "8123" };
  const bind = async (...args: string[]) => {
    const { stdout } = await run([...args, "--print-config"], { env });
    return JSON.parse(stdout).bind;
  };
  assertEquals(await bind(), "0.0.0.0:8123");
  assertEquals(await bind("--bind", "127.0.0.1:1"), "127.0.0.1:1");
  assertEquals(await bind("--protocol", "scgi"), "127.0.0.1:8000");
  for (const PORT of ["", "x", "65536"]) {
    const { code, stderr } = await run(["--print-config"], { env: { PORT } });
    const message =
      `error: in PORT: expected a port up to 65535, got "${PORT}" (it is ignored if --bind is given)\n`;
    assertEquals(
      { code, stderr },
      PORT ? { code: 2, stderr: message } : { code: 0, stderr: "" },
    );
  }
});
