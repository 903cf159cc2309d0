/** The command line and `TSGI_CMD_ARGS`: the settings that they give, and what is refused. */

import { assertEquals } from "@std/assert";
import { parse_command } from "../../../cli/settings/parse_options.ts";
import type { Settings } from "../../../cli/settings/settings.ts";
import { assert_refused } from "../helpers.ts";
import { DEFAULTS } from "./defaults.ts";

Deno.test("parse_command() gives the settings, with defaults for what is not said", async () => {
  const expected: [string[], Partial<Settings>][] = [
    [[], {}],
    [["app.ts"], { application: "app.ts" }],
    [["--", "--app.ts"], { application: "--app.ts" }],
    [["--bind", ":80"], { bind: ["", 80] }],
    [["--bind=[::1]:0"], { bind: ["::1", 0] }],
    [["-b", "a.example:65535"], { bind: ["a.example", 65535] }],
    [["-b:1"], { bind: ["", 1] }],
    [["--bind", "unix:a b:1"], { bind: "a b:1" }],
    [["-t", "1", "-t", "2"], { timeout: 2 }],
    [["--access-logfile", "a=b"], { access_logfile: "a=b" }],
    [["--access-logfile=-x"], { access_logfile: "-x" }],
    [["--access-logfile", "-", "x"], { application: "x" }],
    [["--validate"], { validate: true }],
    [["--validate", "--no-validate"], { validate: false }],
    [["-w", "2", "-t", "0.5"], { workers: 2, timeout: 0.5 }],
    [["--backlog", "2147483647"], { backlog: 2147483647 }],
    [["--umask", "007"], { umask: 7 }],
    [["--limit-request-body", "10m"], { limit_request_body: 10485760 }],
    [["--root-path", "/a/b"], { root_path: "/a/b" }],
    [["--protocol", "cgi"], { protocol: "cgi", access_logfile: "none" }],
    [["x", "-h"], { application: "x" }],
  ];
  for (const [args, settings] of expected) {
    assertEquals(
      (await parse_command(args)).settings,
      { ...DEFAULTS, ...settings },
      args.join(" "),
    );
  }
});

Deno.test("a mistake that is not on the command line says where it stands", async () => {
  const number = "takes a whole number, 0 or more, got";
  const expected: [env: Record<string, string>, args: string[], string][] = [
    [
      { WEB_CONCURRENCY: "abc" },
      [],
      `in WEB_CONCURRENCY: --workers ${number} "abc"`,
    ],
    [
      { TSGI_CMD_ARGS: "--workers two" },
      [],
      `in TSGI_CMD_ARGS: --workers ${number} "two"`,
    ],
    [
      { TSGI_CMD_ARGS: "--workers 2" },
      ["--workers", "two"],
      `--workers ${number} "two"`,
    ],
    [
      { TSGI_CMD_ARGS: "--nope" },
      [],
      "in TSGI_CMD_ARGS: unknown option --nope: see --help",
    ],
    [
      { TSGI_CMD_ARGS: `--pid 'a b' "c` },
      [],
      `in TSGI_CMD_ARGS: expected another ", got --pid 'a b' "c`,
    ],
    [
      { TSGI_CMD_ARGS: `it's.ts` },
      [],
      "in TSGI_CMD_ARGS: expected another ', got it's.ts",
    ],
    [
      { TSGI_CMD_ARGS: "--help" },
      [],
      "TSGI_CMD_ARGS takes settings only: see --help",
    ],
  ];
  for (const [env, args, message] of expected) {
    await assert_refused([[args, message]], { env });
  }
  const environ = { TSGI_CMD_ARGS: `"it's.ts" --pid 'say "x"'` };
  const { settings } = await parse_command([], environ);
  assertEquals(settings, {
    ...DEFAULTS,
    application: "it's.ts",
    pid: 'say "x"',
  });
});

Deno.test("the command refuses options that do not go together", async () => {
  await assert_refused([
    [["--keyfile", "x"], "--keyfile needs --certfile"],
    [
      ["--certfile", "x", "--protocol", "scgi"],
      "--certfile needs --protocol http, got scgi",
    ],
    [
      ["--certfile", "x", "-b", "unix:/x"],
      "--certfile needs --bind HOST:PORT, got unix:/x",
    ],
    [
      ["--reload", "-w", "2"],
      "--reload serves from one process: remove --workers",
    ],
    [
      ["-w", "2", "-b", "unix:/x"],
      "--workers share a port: bind a HOST:PORT, no Unix socket",
    ],
    [
      ["--debug", "-b", ":0"],
      "--debug is for loopback addresses only, got --bind :0: use --debug-anywhere to show errors to everyone",
    ],
  ]);
});

Deno.test("the command refuses options that it does not have", async () => {
  await assert_refused([
    [["--nope"], "unknown option --nope: see --help"],
    [["--nope=1"], "unknown option --nope: see --help"],
    [["-x"], "unknown option -x: see --help"],
    [["-hx"], "unknown option -x: see --help"],
    [["--no-help"], "unknown option --no-help: did you mean --help?"],
    [["--constructor"], "unknown option --constructor: see --help"],
    [["--__proto__"], "unknown option --__proto__: see --help"],
  ]);
});

Deno.test("the command refuses an option without its value, and a value too many", async () => {
  await assert_refused([
    [["--bind"], "--bind takes a value, got nothing: see --help"],
    [["-b"], "-b takes a value, got nothing: see --help"],
    [
      ["--bind", "--access-logfile", "none"],
      "--bind takes a value, got --access-logfile: see --help",
    ],
    [
      ["app.ts", "--access-logfile"],
      "--access-logfile takes a value, got nothing: see --help",
    ],
    [["--help=3"], '--help takes no value, got "3"'],
    [["--reload=1"], '--reload takes no value, got "1"'],
    [["--no-reload=1"], '--no-reload takes no value, got "1"'],
    [["--no-reload="], '--no-reload takes no value, got ""'],
    [["--pid="], '--pid takes a file, got ""'],
    [["--keyfile="], '--keyfile takes a file, got ""'],
    [["--access-logfile="], '--access-logfile takes a file, got ""'],
    [["--error-logfile="], '--error-logfile takes a file, got ""'],
    [
      ["--error-logfile", "none"],
      "--error-logfile takes a file, or - for stderr, got none: to drop errors, use /dev/null",
    ],
    [
      ["--backlog", "2147483648"],
      '--backlog takes a whole number, 2147483647 or less, got "2147483648"',
    ],
    [["--version="], '--version takes no value, got ""'],
  ]);
});

Deno.test("the command refuses two MODULEs", async () => {
  await assert_refused([
    [
      ["a.ts", "b.ts:app"],
      "expected at most one MODULE[:NAME], got a.ts and b.ts:app",
    ],
  ]);
});
