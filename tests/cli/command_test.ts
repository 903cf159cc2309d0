/** The command as an HTTP server: applications, logs, signals, mistakes. */

import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { help } from "../../cli/settings/help.ts";
import { flag_of, OPTIONS } from "../../cli/settings/options.ts";
import { parse_command } from "../../cli/settings/parse_options.ts";
import type { Settings } from "../../cli/settings/settings.ts";
import config from "../../deno.json" with { type: "json" };
import {
  type Circumstances,
  make_folder,
  make_gate,
  run,
  start,
  STOPPING,
  WAITING_APPS,
  without_times,
} from "../support/command.ts";
import {
  bytes,
  raw_request,
  read_all,
  root,
  until,
  write_all,
} from "../support/support.ts";

/** The source of an application that answers with `body`. */
function answer(body: string): string {
  return `(_environ, start_response) => {
  start_response("200 OK", []);
  return [new TextEncoder().encode(${JSON.stringify(body)})];
}`;
}

async function get(url: string): Promise<string> {
  return await (await fetch(url)).text();
}

Deno.test("the command serves demo_app without a MODULE", async () => {
  await using command = await start([]);
  const page = await get(`${command.address}x?y=1`);
  assertEquals(page.slice(0, 14), "Hello world!\n\n");
  assertStringIncludes(page, "\nPATH_INFO = '/x'\n");
  assertStringIncludes(page, "\nQUERY_STRING = 'y=1'\n");
  const { code, stdout, stderr } = await command.stop();
  assertEquals(code, 0);
  assertEquals(
    stdout,
    `Serving demo_app at http://127.0.0.1:${command.port}/\n${STOPPING}`,
  );
  assertEquals(
    without_times(stderr),
    `127.0.0.1 - - [time] "GET /x?y=1 HTTP/1.1" 200 ${page.length}\n`,
  );
});

Deno.test("MODULE[:NAME] chooses the application", async () => {
  const three = `export default ${answer("default")};
export const application = ${answer("application")};
export const app = ${answer("app")};
export const another = ${answer("another")};
export const $é_1 = ${answer("$é_1")};
`;
  await using folder = await make_folder({
    "three.ts": three,
    "two.js": `export const app = ${answer("app")};
export function application(...args) { return (${
      answer("application")
    })(...args); }
`,
    "one.ts": `export const another = ${answer("another")};
export const app = ${answer("app")};
`,
    "objects.ts": `export default { fetch() {} };
export const application = "x";
export const app = ${answer("app")};
`,
    "a b#c%20d?e.ts": three,
    "a:b.ts": three,
    "waits.ts": `export default await Promise.resolve(${answer("late")});`,
  });
  const expected: Record<string, string> = {
    "three.ts": "default",
    "three.ts:default": "default",
    "three.ts:application": "application",
    "three.ts:app": "app",
    "three.ts:another": "another",
    "three.ts:$é_1": "$é_1",
    "two.js": "application",
    "one.ts": "app",
    "objects.ts": "app",
    "./three.ts": "default",
    [`${folder.path}/three.ts`]: "default",
    [`${folder.path}/three.ts:app`]: "app",
    [folder.url("three.ts")]: "default",
    [`${folder.url("three.ts")}:app`]: "app",
    "a b#c%20d?e.ts": "default",
    "a b#c%20d?e.ts:app": "app",
    [folder.url("a b#c%20d?e.ts")]: "default",
    "a:b.ts": "default",
    "a:b.ts:app": "app",
    "waits.ts": "late",
    [
      `data:text/javascript,export%20default ${
        encodeURIComponent(answer("data"))
      }`
    ]: "data",
  };
  for (const [module, body] of Object.entries(expected)) {
    await using command = await start([module], { cwd: folder.path });
    assertEquals(await get(command.address), body, module);
    assertEquals(
      command.printed.stdout.split(" at ")[0],
      `Serving ${module}`,
    );
  }
});

Deno.test("MODULE is relative to the working directory", async () => {
  const app = `export default ${answer("here")};`;
  await using folder = await make_folder({ "app.ts": app });
  await Deno.mkdir(`${folder.path}/below`);
  await using command = await start(["../app.ts"], {
    cwd: `${folder.path}/below`,
  });
  assertEquals(await get(command.address), "here");
});

Deno.test("MODULE may import the package that serves it", async () => {
  await using folder = await make_folder({
    "by_name.ts": `import { demo_app } from "@tsgi/serve";
export default demo_app;
`,
    "dynamically.ts": `const { demo_app } = await import("@tsgi/serve");
export default demo_app;
`,
    "part.ts": `export { demo_app as app } from "@tsgi/serve/simple_server";`,
  });
  const up = folder.path.replace(/[^/]+/g, "..").slice(1);
  await Deno.writeTextFile(
    `${folder.path}/by_path.ts`,
    `import { demo_app } from "${up}${root.pathname}mod.ts";
export default demo_app;
`,
  );
  for (const name of ["by_name", "by_path", "dynamically", "part"]) {
    await using command = await start([`${name}.ts`], { cwd: folder.path });
    assertMatch(await get(command.address), /^Hello world!\n\n/);
  }
});

Deno.test("--bind HOST:PORT serves at that port", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const bind = `127.0.0.1:${port}`;
  await using command = await start([], { bind });
  assertEquals(command.address, `http://127.0.0.1:${port}/`);
  assertStringIncludes(
    await get(command.address),
    `\nSERVER_PORT = '${port}'\n`,
  );
});

Deno.test("--bind HOST:PORT takes the name of a host", async () => {
  await using command = await start([], { bind: "localhost:0" });
  assertEquals(command.address, `http://localhost:${command.port}/`);
  assertMatch(await get(command.address), /^Hello world!\n\n/);
});

Deno.test("--bind :PORT serves at every address", async () => {
  await using command = await start([], { bind: ":0" });
  assertEquals(command.address, `http://0.0.0.0:${command.port}/`);
  for (const { address, family } of Deno.networkInterfaces()) {
    if (family !== "IPv4") continue;
    assertMatch(
      await get(`http://${address}:${command.port}/`),
      /^Hello world!\n\n/,
    );
  }
});

function has_ipv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

Deno.test({
  name: "--bind [::1]:PORT serves by IPv6",
  ignore: !has_ipv6(),
  async fn() {
    await using command = await start([], { bind: "[::1]:0" });
    assertEquals(command.address, `http://[::1]:${command.port}/`);
    assertStringIncludes(
      await get(command.address),
      "\nREMOTE_ADDR = '::1'\n",
    );
  },
});

/** Sends a GET to a Unix socket, and gives the status line and the body. */
async function get_at_socket(path: string): Promise<[string, string]> {
  using conn = await Deno.connect({ transport: "unix", path });
  const request = "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  await write_all(conn, bytes(request));
  const [head = "", body = ""] = (await read_all(conn)).split("\r\n\r\n");
  return [head.split("\r\n")[0]!, body];
}

const OK = "HTTP/1.1 200 OK";

Deno.test("--bind unix:/path serves at a Unix socket", async () => {
  await using folder = await make_folder({
    "app.ts": `export default ${answer("by socket")};`,
  });
  const path = `${folder.path}/a socket`;
  const circumstances = { bind: `unix:${path}`, cwd: folder.path };
  await using command = await start(["app.ts"], circumstances);
  assertEquals(await get_at_socket(path), [OK, "by socket"]);
  const { code, stdout, stderr } = await command.stop();
  assertEquals(code, 0);
  assertEquals(stdout, `Serving app.ts at unix:${path}\n${STOPPING}`);
  assertEquals(without_times(stderr), '- - - [time] "GET /x HTTP/1.1" 200 9\n');
  await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
});

Deno.test("--bind unix:path is relative to the working directory", async () => {
  await using folder = await make_folder({});
  await using _command = await start([], {
    bind: "unix:s",
    cwd: folder.path,
  });
  assertEquals((await get_at_socket(`${folder.path}/s`))[0], OK);
});

Deno.test("--bind unix:/path replaces a socket that nobody listens at", async () => {
  await using folder = await make_folder({});
  const path = `${folder.path}/s`;
  await using killed = await start([], { bind: `unix:${path}` });
  await killed.stop("SIGKILL");
  assertEquals((await Deno.lstat(path)).isSocket, true);
  await using _command = await start([], { bind: `unix:${path}` });
  assertEquals((await get_at_socket(path))[0], OK);
});

Deno.test("--bind unix:/path leaves a socket alone that somebody listens at", async () => {
  await using folder = await make_folder({});
  const path = `${folder.path}/s`;
  await using _command = await start([], { bind: `unix:${path}` });
  assertEquals(await run(["--bind", `unix:${path}`]), {
    code: 1,
    stdout: "",
    stderr: `error: cannot listen at unix:${path}: the address is in use\n`,
  });
  assertEquals((await get_at_socket(path))[0], OK);
});

Deno.test("--bind unix:/path leaves what is no socket alone", async () => {
  await using folder = await make_folder({ file: "kept" });
  for (const path of [`${folder.path}/file`, folder.path]) {
    assertEquals(await run(["--bind", `unix:${path}`]), {
      code: 1,
      stdout: "",
      stderr:
        `error: cannot listen at unix:${path}: what is there is no socket\n`,
    });
  }
  assertEquals(await Deno.readTextFile(`${folder.path}/file`), "kept");
});

Deno.test("the command ends with status 1 where the port is taken", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${listener.addr.port}`;
  assertEquals(await run(["--bind", address]), {
    code: 1,
    stdout: "",
    stderr: `error: cannot listen at ${address}: ` +
      "the address is in use\n",
  });
});

Deno.test("the access log has a line of the Common Log Format for each request", async () => {
  await using folder = await make_folder({
    "app.ts": `export default function* (environ, start_response) {
  start_response(environ.PATH_INFO.slice(1) + " X", []);
  if (environ.QUERY_STRING) throw new Error("broken");
  yield new TextEncoder().encode("some ");
  yield new TextEncoder().encode("text");
}`,
  });
  await using command = await start(["app.ts"], { cwd: folder.path });
  const expected = {
    "GET /200": '"GET /200 HTTP/1.1" 200 9',
    "POST /404": '"POST /404 HTTP/1.1" 404 9',
    "HEAD /200": '"HEAD /200 HTTP/1.1" 200 -',
    "GET /304": '"GET /304 HTTP/1.1" 304 -',
    'GET /20"0"': '"GET /20\\"0\\" HTTP/1.1" 500 59',
    "GET /200\\": '"GET /200\\\\ HTTP/1.1" 500 59',
    "GET /200%22%0A%7F": '"GET /200%22%0A%7F HTTP/1.1" 500 59',
    // A control character (U+0085) as UTF-8 is the only one that Deno lets pass.
    "GET /200\xc2\x85": '"GET /200\\xc2\\x85 HTTP/1.1" 500 59',
    "GET //200": '"GET //200 HTTP/1.1" 200 9',
    "GET /500?x": '"GET /500?x HTTP/1.1" 500 59',
  };
  for (const request of Object.keys(expected)) {
    await raw_request(
      command.port,
      `${request} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
  }
  const { stderr } = await command.stop();
  const lines = without_times(stderr).match(/^127.*\n/gm);
  assertEquals(
    lines,
    Object.values(expected).map((line) => `127.0.0.1 - - [time] ${line}\n`),
  );
});

Deno.test("the access log has the local time and its offset from UTC", async () => {
  const offsets = {
    "UTC": "+0000",
    "Asia/Kolkata": "+0530",
    "Etc/GMT+3": "-0300",
  };
  for (const [TZ, offset] of Object.entries(offsets)) {
    await using command = await start([], { env: { TZ } });
    const before = Math.floor(Date.now() / 1000);
    await get(command.address);
    const { stderr } = await command.stop();
    const [, date, time, zone] = stderr.match(/\[(\S+?):(\S+) (\S+)\]/) ?? [];
    assertEquals(zone, offset);
    const logged = Date.parse(`${date!.replaceAll("/", " ")} ${time} ${zone}`);
    assertEquals(before <= logged / 1000 && logged <= Date.now(), true);
  }
});

Deno.test("--access-logfile FILE appends the log to that file", async () => {
  await using folder = await make_folder({ "the log": "before\n" });
  const log = `${folder.path}/the log`;
  for (const path of ["one", "two"]) {
    await using command = await start(
      ["--access-logfile", "the log"],
      { cwd: folder.path },
    );
    await fetch(command.address + path, { method: "HEAD" });
    assertEquals((await command.stop()).stderr, "");
  }
  assertEquals(
    without_times(await Deno.readTextFile(log)),
    `before
127.0.0.1 - - [time] "HEAD /one HTTP/1.1" 200 -
127.0.0.1 - - [time] "HEAD /two HTTP/1.1" 200 -
`,
  );
});

Deno.test("--access-logfile - is stderr", async () => {
  await using command = await start(["--access-logfile", "-"]);
  await fetch(command.address, { method: "HEAD" });
  const { stderr } = await command.stop();
  assertEquals(
    without_times(stderr),
    '127.0.0.1 - - [time] "HEAD / HTTP/1.1" 200 -\n',
  );
});

Deno.test("--access-logfile none logs no request", async () => {
  await using folder = await make_folder({});
  await using command = await start(
    ["--access-logfile=none"],
    { cwd: folder.path },
  );
  await get(command.address);
  assertEquals((await command.stop()).stderr, "");
  assertEquals(Array.from(Deno.readDirSync(folder.path)), []);
});

Deno.test("--validate runs the application behind validator", async () => {
  await using folder = await make_folder({
    "app.js": `export default (_environ, start_response) => {
      start_response("200 OK", [["Status", "200"], ["Content-Type", "a/b"]]);
      return [];
    }`,
  });
  for (const [args, status] of [[[], 200], [["--validate"], 500]] as const) {
    await using command = await start([...args, "app.js"], {
      cwd: folder.path,
    });
    const response = await fetch(command.address);
    await response.body?.cancel();
    assertEquals(response.status, status);
    const { stderr } = await command.stop();
    assertEquals(stderr.includes("WSGIError"), status === 500);
  }
});

Deno.test("--validate has nothing to say of the demo application", async () => {
  await using command = await start(["--validate", "--access-logfile=none"]);
  assertStringIncludes(await get(command.address), "Hello world!");
  assertEquals((await command.stop()).stderr, "");
});

Deno.test("--help prints every option", async () => {
  for (const args of [["--help"], ["-h"], ["missing.ts", "--help"]]) {
    assertEquals(await run(args), { code: 0, stdout: help(), stderr: "" });
  }
  for (const name of Object.keys(OPTIONS)) {
    assertStringIncludes(help(), ` ${flag_of(name)}`);
  }
});

Deno.test("--help fits a screen", () => {
  const lines = help().split("\n");
  assertEquals(lines.filter((line) => line.length > 99), []);
  assertEquals(lines.length <= 60, true);
});

Deno.test("--version prints the versions of the package and of Deno", async () => {
  const stdout = `@tsgi/serve ${config.version} (Deno ${Deno.version.deno})\n`;
  for (const args of [["--version"], ["-v"], ["missing.ts", "--version"]]) {
    assertEquals(await run(args), { code: 0, stdout, stderr: "" });
  }
});

const DEFAULTS: Settings = {
  application: null,
  protocol: "http",
  bind: ["127.0.0.1", 8000],
  backlog: 2048,
  umask: null,
  certfile: null,
  keyfile: null,
  root_path: null,
  forwarded_allow_ips: "127.0.0.1,::1,unix",
  workers: 0,
  max_requests: 0,
  max_requests_jitter: 0,
  graceful_timeout: 30,
  pid: null,
  reload: false,
  access_logfile: "-",
  access_logformat: "common",
  error_logfile: "-",
  log_level: "info",
  timeout: 30,
  limit_concurrency: 0,
  limit_request_body: 1024 ** 3,
  limit_request_line: 8190,
  limit_request_fields: 100,
  limit_request_field_size: 16384,
  validate: false,
  debug: false,
  debug_anywhere: false,
};

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
    [["-b", ":1", "-b", ":2"], { bind: ["", 2] }],
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

Deno.test("the command line goes over the file, and that over the environment", async () => {
  await using folder = await make_folder({
    "tsgi.json": JSON.stringify({
      application: "file.ts",
      timeout: 2,
      max_requests: "5",
      validate: true,
      debug: true,
    }),
    "tsgi.ts": `export default { workers: 1 + 1 };`,
  });
  const environ = {
    TSGI_CMD_ARGS: `--timeout 1 --workers 3 --error-logfile "a b" env.ts`,
    WEB_CONCURRENCY: "4",
  };
  const file = ["-c", `${folder.path}/tsgi.json`];
  const { settings } = await parse_command(
    [...file, "--max-requests", "6", "--no-validate"],
    environ,
  );
  assertEquals(settings, {
    ...DEFAULTS,
    application: "file.ts",
    timeout: 2,
    workers: 3,
    error_logfile: "a b",
    max_requests: 6,
    debug: true,
  });
  const { WEB_CONCURRENCY } = environ;
  assertEquals(
    (await parse_command([], { WEB_CONCURRENCY })).settings.workers,
    4,
  );
  const module = ["--config", `${folder.path}/tsgi.ts`];
  assertEquals((await parse_command(module)).settings.workers, 2);
});

Deno.test("--config refuses what is no configuration", async () => {
  await using folder = await make_folder({
    "list.json": "[1]",
    "broken.json": "{",
    "unknown.json": '{"bnd": ":80"}',
    "type.json": '{"reload": "yes"}',
    "text.json": '{"bind": true}',
    "value.json": '{"workers": "many"}',
    "nothing.ts": "export const workers = 2;",
    "lines.json": '{\n "bind": x\n}',
    "path.json": '{"pid": ""}',
    "tls.json": '{"bind": "unix:/x", "certfile": "x"}',
    "syntax.ts": "\nexport default { workers: ; };\n",
    "importer.ts": 'import "./syntax.ts";\nexport default {};\n',
    "throws.ts": 'throw new RangeError("too far");\n',
    "null.ts": "throw null;\n",
    "bigint.ts": "export default { workers: 10n };\n",
    "circle.ts":
      "const it = {};\nexport default { bind: Object.assign(it, { it }) };\n",
    "function.ts": "export default { bind: () => {} };\n",
    "only_bigint.ts": "export default 10n;\n",
    "getter.ts": 'export default { get bind() { throw new Error("dry"); } };\n',
    "typo.ts": "export default { wrkers: undefined };\n",
  });
  const { path } = folder;
  const cannot_read = (name: string, why: string) =>
    `cannot read the configuration ${name}: ${why}`;
  const refused: [name: string, message: string | RegExp][] = [
    ["missing.json", /^cannot read the configuration missing.json: .+/],
    ["list.json", "list.json must hold an object of settings, got [1]"],
    ["broken.json", /^cannot read the configuration broken.json: .+/],
    ["unknown.json", "in unknown.json: unknown setting bnd, see --help"],
    ["type.json", 'in type.json: reload takes true or false, got "yes"'],
    ["text.json", "in text.json: bind takes a string or a number, got true"],
    [
      "value.json",
      'in value.json: --workers takes a whole number, 0 or more, got "many"',
    ],
    ["nothing.ts", "nothing.ts must hold an object of settings, got undefined"],
    [
      "lines.json",
      cannot_read(
        "lines.json",
        `Unexpected token 'x', "{ "bind": x }" is not valid JSON`,
      ),
    ],
    ["path.json", 'in path.json: --pid takes a file, got ""'],
    ["tls.json", "--certfile needs --bind HOST:PORT, got unix:/x"],
    [
      "syntax.ts",
      cannot_read(
        "syntax.ts",
        `SyntaxError: Expression expected (at ${folder.url("syntax.ts")}:2:27)`,
      ),
    ],
    [
      "importer.ts",
      cannot_read(
        "importer.ts",
        `SyntaxError: Expression expected (at ${folder.url("syntax.ts")}:2:27)`,
      ),
    ],
    [
      "throws.ts",
      cannot_read(
        "throws.ts",
        `it threw RangeError: too far (at ${folder.url("throws.ts")}:1:7)`,
      ),
    ],
    ["null.ts", cannot_read("null.ts", "it threw null")],
    [
      "bigint.ts",
      "in bigint.ts: workers takes a string or a number, got 10n",
    ],
    [
      "circle.ts",
      "in circle.ts: bind takes a string or a number, got an object of class Object",
    ],
    [
      "function.ts",
      "in function.ts: bind takes a string or a number, got a function",
    ],
    [
      "only_bigint.ts",
      "only_bigint.ts must hold an object of settings, got 10n",
    ],
    [
      "getter.ts",
      cannot_read(
        "getter.ts",
        `it threw Error: dry (at Object.get bind (${
          folder.url("getter.ts")
        }:1:37))`,
      ),
    ],
    ["typo.ts", "in typo.ts: unknown setting wrkers, see --help"],
  ];
  for (const [name, message] of refused) {
    const { code, stdout, stderr } = await run(["-c", name], { cwd: path });
    assertEquals({ code, stdout }, { code: 2, stdout: "" }, name);
    const line = stderr.replace(/^error: /, "").replace(/\n$/, "");
    if (typeof message === "string") assertEquals(line, message);
    else assertMatch(line, message);
  }
});

Deno.test("a configuration may leave a setting undefined", async () => {
  const names = [...Object.keys(OPTIONS), "application"];
  const unset = names.map((name) => `${name}: undefined,`).join("\n");
  await using folder = await make_folder({
    "tsgi.ts": `export default {\n${unset}\n};`,
  });
  const { settings } = await parse_command(["-c", `${folder.path}/tsgi.ts`]);
  assertEquals(settings, DEFAULTS);
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

Deno.test("--print-config prints what --config takes", async () => {
  await using folder = await make_folder({});
  const args = ["app.ts", "--bind", ":1", "-w", "2", "--debug-anywhere"];
  const { code, stdout } = await run([...args, "--print-config"]);
  assertEquals(code, 0);
  await Deno.writeTextFile(`${folder.path}/c.json`, stdout);
  const printed = await parse_command(["-c", `${folder.path}/c.json`]);
  assertEquals(printed.settings, (await parse_command(args)).settings);
});

Deno.test("--check-config says what is wrong, and does not listen", async () => {
  await using folder = await make_folder({ "app.ts": `export default 1;` });
  const cwd = folder.path;
  assertEquals(await run(["--check-config"]), {
    code: 0,
    stdout: "The configuration is good.\n",
    stderr: "",
  });
  const { code, stderr } = await run(["--check-config", "app.ts"], { cwd });
  assertEquals(code, 2);
  assertStringIncludes(stderr, "app.ts exports no function");
  const tls = ["--check-config", "--certfile", "missing.pem"];
  assertEquals(await run(tls, { cwd }), {
    code: 2,
    stdout: "",
    stderr:
      "error: cannot read --certfile: No such file or directory (os error 2): readfile 'missing.pem'\n",
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
      "--reload serves from one process: leave --workers out",
    ],
    [
      ["-w", "2", "-b", "unix:/x"],
      "--workers share a port: bind a HOST:PORT, no Unix socket",
    ],
    [
      ["--debug", "-b", ":0"],
      "--debug shows errors to this machine only, got --bind :0: --debug-anywhere shows them to everybody",
    ],
  ]);
});

/** Runs the command with each of the arguments, which must be refused with that line. */
async function assert_refused(
  expected: [args: string[], message: string][],
  circumstances: Circumstances = {},
): Promise<void> {
  for (const [args, message] of expected) {
    assertEquals(
      await run(args, circumstances),
      { code: 2, stdout: "", stderr: `error: ${message}\n` },
      args.join(" "),
    );
  }
}

Deno.test("the command refuses options that it does not have", async () => {
  await assert_refused([
    [["--nope"], "unknown option --nope: see --help"],
    [["--nope=1"], "unknown option --nope: see --help"],
    [["-x"], "unknown option -x: see --help"],
    [["-hx"], "unknown option -x: see --help"],
    [["--no-help"], "unknown option --no-help: see --help"],
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
      "--error-logfile takes a file, or - for stderr, got none: errors are always logged, if need be to /dev/null",
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

Deno.test("--bind refuses what is no address", async () => {
  const wrong = [
    "",
    "8000",
    "localhost",
    "localhost:",
    "localhost:http",
    "localhost:-1",
    "localhost:1.5",
    "localhost:65536",
    "localhost:1 ",
    "::1:8000",
    "[::1]",
    "[::1:8000",
    "[localhost]:8000",
    "http://localhost:8000",
    "unix:",
    "UNIX:/x",
  ];
  const takes = "--bind takes HOST:PORT, :PORT, [::1]:PORT or unix:/path, " +
    "a port being at most 65535";
  await assert_refused(
    wrong.map((text) => [[`--bind=${text}`], `${takes}, got "${text}"`]),
  );
});

Deno.test("--access-logfile refuses a file that cannot be opened", async () => {
  await using folder = await make_folder({});
  const { path } = folder;
  await assert_refused([
    [
      ["--access-logfile", `${path}/missing/log`],
      "cannot open the file of --access-logfile: " +
      `No such file or directory (os error 2): open '${path}/missing/log'`,
    ],
    [
      ["--access-logfile", path],
      "cannot open the file of --access-logfile: " +
      `Is a directory (os error 21): open '${path}'`,
    ],
  ]);
});

Deno.test("the command refuses a MODULE that is not there", async () => {
  await using folder = await make_folder({});
  await assert_refused([
    [["missing.ts"], "cannot load missing.ts: there is no such file"],
    [["missing.ts:app"], "cannot load missing.ts: there is no such file"],
    [["missing/app.ts"], "cannot load missing/app.ts: there is no such file"],
    [["."], "cannot load .: it is a directory"],
    [["..:app"], "cannot load ..: it is a directory"],
    [[""], 'cannot load "": a path or a URL is expected'],
    [
      [folder.url("missing.ts")],
      `cannot load ${folder.url("missing.ts")}: ` +
      `Module not found "${folder.url("missing.ts")}".`,
    ],
  ], { cwd: folder.path });
});

Deno.test("the command refuses a MODULE without an application", async () => {
  await using folder = await make_folder({
    "empty.ts": "",
    "objects.ts": `export default { fetch() {} };
export const app = "x";
export const other = () => [];
`,
  });
  const in_objects = "it exports app (string), default (object), " +
    "other (function)";
  await assert_refused([
    [
      ["empty.ts"],
      "empty.ts exports no function named default or application or app: " +
      "it exports nothing",
    ],
    [
      ["objects.ts"],
      "objects.ts exports no function named default or application or app: " +
      in_objects,
    ],
    [
      ["objects.ts:app"],
      `objects.ts exports no function named app: ${in_objects}`,
    ],
    [
      ["objects.ts:missing"],
      `objects.ts exports no function named missing: ${in_objects}`,
    ],
    [
      ["objects.ts:toString"],
      `objects.ts exports no function named toString: ${in_objects}`,
    ],
  ], { cwd: folder.path });
});

Deno.test("the command refuses a MODULE that cannot be started", async () => {
  await using folder = await make_folder({
    "syntax.ts": "\nexport default = 1;\n",
    "twice.js": "const a = 1;\nconst a = 2;\n",
    "of_syntax.ts": 'import "./syntax.ts";\n',
    "quote.ts": 'export default "at x;\n',
    "of_quote.ts": 'import "./quote.ts";\n',
    "of_missing.ts": '\nimport { app } from "./missing.ts";\nexport { app };\n',
    "of_nothing.ts": 'import { missing } from "./app.ts";\n' +
      "export default missing;\n",
    "app.ts": `export default ${answer("")};`,
    "data.json": "{}",
  });
  const at = (name: string, place: string) => `at ${folder.url(name)}:${place}`;
  const expected: [string[], string][] = [
    [
      ["syntax.ts"],
      "cannot load syntax.ts: SyntaxError: Expression expected " +
      `(${at("syntax.ts", "2:16")})`,
    ],
    [
      ["of_syntax.ts"],
      "cannot load of_syntax.ts: SyntaxError: Expression expected " +
      `(${at("syntax.ts", "2:16")})`,
    ],
    [
      ["of_quote.ts"],
      "cannot load of_quote.ts: SyntaxError: Unterminated string constant " +
      `(${at("quote.ts", "1:16")})`,
    ],
    [
      ["twice.js"],
      "cannot load twice.js: Identifier 'a' has already been declared " +
      at("twice.js", "2:7"),
    ],
    [
      ["of_missing.ts"],
      `cannot load of_missing.ts: Module not found ` +
      `"${folder.url("missing.ts")}" (${at("of_missing.ts", "2:21")})`,
    ],
    [
      ["of_nothing.ts"],
      "cannot load of_nothing.ts: The requested module './app.ts' does not " +
      `provide an export named 'missing' ${at("of_nothing.ts", "1:10")}`,
    ],
    [
      ["data.json"],
      'cannot load data.json: Attempted to load JSON module without specifying "type": "json" ' +
      "attribute in the import statement.",
    ],
  ];
  await assert_refused(expected, { cwd: folder.path });
  // Deno puts colours into some of these messages.
  await assert_refused(expected, { cwd: folder.path, env: { NO_COLOR: "" } });
});

Deno.test("the command refuses a MODULE that throws, and says where", async () => {
  await using folder = await make_folder({
    "throws.ts": 'export default 1;\nthrow new RangeError("too far");\n',
    "calls.ts": `async function dig(): Promise<never> {
  await null;
  throw new Error("the well is dry", { cause: "no rain" });
}
await dig();
`,
    "string.ts": 'throw "a string";\n',
  });
  await assert_refused([
    [
      ["throws.ts"],
      "cannot load throws.ts: it threw RangeError: too far\n" +
      `    at ${folder.url("throws.ts")}:2:7`,
    ],
    [
      ["calls.ts"],
      "cannot load calls.ts: it threw Error: the well is dry\n" +
      `    at dig (${folder.url("calls.ts")}:3:9)\n` +
      `    at async ${folder.url("calls.ts")}:5:1\n` +
      'Caused by: "no rain"',
    ],
    [["string.ts"], 'cannot load string.ts: it threw "a string"'],
  ], { cwd: folder.path });
});

/** Waits until nobody listens at `port` any more: a connection is refused, or reset if it comes at that moment. */
async function until_refused(port: number): Promise<void> {
  let listening = true;
  while (listening) {
    await Deno.connect({ hostname: "127.0.0.1", port }).then(
      (conn) => conn.close(),
      () => listening = false,
    );
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`${signal} closes idle connections and ends with status 0`, async () => {
    await using command = await start([]);
    using fresh = await Deno.connect({ port: command.port });
    using idle = await Deno.connect({ port: command.port });
    await write_all(idle, bytes("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"));
    let head = "";
    const buffer = new Uint8Array(1024);
    while (!head.endsWith("\r\n\r\n")) {
      const length = await idle.read(buffer);
      head += new TextDecoder().decode(buffer.subarray(0, length!));
    }
    const { code, stdout } = await command.stop(signal);
    assertEquals(await read_all(idle), "");
    assertEquals(await read_all(fresh), "");
    assertEquals(code, 0);
    assertEquals(stdout, `Serving demo_app at ${command.address}\n${STOPPING}`);
  });

  Deno.test(`${signal} lets requests under way finish, and refuses others`, async () => {
    await using folder = await make_folder({ "app.ts": WAITING_APPS });
    for (
      const [name, body] of [["default", "whole"], ["stream", "first last"]]
    ) {
      await using gate = make_gate();
      await using command = await start(
        [`app.ts:${name}`],
        { cwd: folder.path },
      );
      const answer = get(`${command.address}?${gate.url}`);
      await gate.reached;
      command.child.kill(signal);
      await until_refused(command.port);
      gate.open();
      assertEquals(await answer, body);
      const { code, stderr } = await command.ended();
      assertEquals(code, 0);
      assertEquals(
        without_times(stderr),
        `127.0.0.1 - - [time] "GET /?${gate.url} HTTP/1.1" 200 ${
          body!.length
        }\n`,
      );
    }
  });

  Deno.test(`${signal} lets an upload under way finish`, async () => {
    await using folder = await make_folder({ "app.ts": WAITING_APPS });
    await using gate = make_gate();
    await using command = await start(["app.ts:echo"], { cwd: folder.path });
    const upload = new TransformStream<Uint8Array, Uint8Array>();
    const answer = fetch(`${command.address}?${gate.url}`, {
      method: "POST",
      body: upload.readable,
    });
    const writer = upload.writable.getWriter();
    await writer.write(bytes("first "));
    await gate.reached;
    command.child.kill(signal);
    await until(() => command.printed.stdout.includes(STOPPING));
    gate.open();
    await writer.write(bytes("last"));
    await writer.close();
    const response = await answer;
    assertEquals([response.status, await response.text()], [200, "first last"]);
    assertEquals((await command.ended()).code, 0);
  });
}

Deno.test("a second signal ends the command at once, with 128 and its number", async () => {
  await using folder = await make_folder({ "app.ts": WAITING_APPS });
  const expected = [
    ["SIGINT", "SIGINT", 130],
    ["SIGTERM", "SIGTERM", 143],
    ["SIGINT", "SIGTERM", 143],
    ["SIGTERM", "SIGINT", 130],
  ] as const;
  for (const [first, second, status] of expected) {
    await using gate = make_gate();
    await using command = await start(["app.ts"], { cwd: folder.path });
    const answer = fetch(`${command.address}?${gate.url}`);
    const broken_off = assertRejects(() => answer, TypeError);
    await gate.reached;
    command.child.kill(first);
    await until(() => command.printed.stdout.includes(STOPPING));
    assertEquals(await command.stop(second), {
      code: status,
      stdout: `Serving app.ts at ${command.address}\n${STOPPING}`,
      stderr: "",
    });
    await broken_off;
  }
});

Deno.test("an application that throws is logged, and the command goes on", async () => {
  await using folder = await make_folder({
    "app.ts": `export default () => { throw new Error("the well is dry"); };\n`,
  });
  await using command = await start(["app.ts"], { cwd: folder.path });
  for (const _ of [1, 2]) {
    const response = await fetch(command.address);
    assertEquals(response.status, 500);
    await response.body?.cancel();
  }
  const { code, stderr } = await command.stop();
  assertEquals(code, 0);
  assertEquals(stderr.match(/Error: the well is dry/g)?.length, 2);
  assertEquals(stderr.match(/"GET \/ HTTP\/1.1" 500 \d+\n/g)?.length, 2);
});
