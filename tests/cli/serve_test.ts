/** The command in a program: `serve()` of `cli/mod.ts`, over every protocol. */

import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { serve, type ServeOptions, type Serving } from "../../cli/mod.ts";
import { OPTIONS } from "../../cli/settings/options.ts";
import { demo_app, type ServerAddress } from "../../simple_server.ts";
import type { WSGIApplication } from "../../types.ts";
import {
  type Folder,
  make_folder,
  make_gate,
  WAITING_APPS,
  without_times,
} from "../support/command.ts";
import { installed, make_certificate } from "../fronts/fronts.ts";
import {
  exchange,
  fastcgi,
  type Protocol,
  scgi,
  uwsgi,
  whole_request,
} from "../gateways/gateway_clients.ts";
import {
  bytes,
  root,
  run_script,
  start_server,
  text,
  until,
} from "../support/support.ts";

/** Answers with the method, the path and the body of the request. */
const echo: WSGIApplication = async (environ, start_response) => {
  const body = await new Response(environ["wsgi.input"]).text();
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  const { REQUEST_METHOD, SCRIPT_NAME, PATH_INFO, REMOTE_ADDR } = environ;
  const seen = [REQUEST_METHOD, SCRIPT_NAME, PATH_INFO, REMOTE_ADDR, body];
  return [new TextEncoder().encode(seen.join("|"))];
};

const failing: WSGIApplication = () => {
  throw new Error("the well is dry");
};

/** What every test here serves with, unless it is about that. A limit of time leaves a timer behind for a while. */
const QUIET: ServeOptions = {
  bind: "127.0.0.1:0",
  access_logfile: "none",
  timeout: 0,
};

async function get(serving: Serving, path = "/"): Promise<string> {
  return await (await fetch(`http://${serving.address}${path}`)).text();
}

/** Applications that wait at a gate, imported from a file in `folder`. */
async function waiting_apps(
  folder: Folder,
): Promise<Record<"default" | "stream", WSGIApplication>> {
  await Deno.writeTextFile(`${folder.path}/app.ts`, WAITING_APPS);
  return await import(folder.url("app.ts"));
}

/** A test that must let go of every file, connection and timer. */
function test(name: string, fn: () => Promise<void>, ignore = false): void {
  Deno.test({ name, fn, ignore, sanitizeResources: true });
}

// Where

test("serve() listens, answers, and ends", async () => {
  const serving = await serve(echo, QUIET);
  const [host, port] = serving.server_address as [string, number];
  assertEquals(host, "127.0.0.1");
  assertEquals(serving.address, `127.0.0.1:${port}`);
  assertEquals(await get(serving, "/x"), "GET||/x|127.0.0.1|");
  await serving.shutdown();
  assertEquals(await serving.finished, undefined);
  await assertRejects(() => get(serving), TypeError);
});

test("serve() serves at a Unix socket, in the place of one that was left behind", async () => {
  await using folder = await make_folder({});
  const path = `${folder.path}/a socket`;
  const left = Deno.listen({ transport: "unix", path: `${path}.other` });
  await Deno.rename(`${path}.other`, path);
  left.close();
  await using serving = await serve(echo, { ...QUIET, bind: `unix:${path}` });
  assertEquals(serving.address, `unix:${path}`);
  assertEquals(serving.server_address, path);
  const client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
  const response = await fetch("http://localhost/x", { client });
  assertEquals(await response.text(), "GET||/x||");
  client.close();
  await serving.shutdown();
  await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
});

test("serve() serves HTTPS with a certificate", async () => {
  await using folder = await make_folder({});
  const { certificate, key } = await make_certificate(folder.path);
  const both = `${folder.path}/both.pem`;
  const pem = await Deno.readTextFile(certificate);
  await Deno.writeTextFile(both, pem + await Deno.readTextFile(key));
  for (
    const tls of [{ certfile: certificate, keyfile: key }, { certfile: both }]
  ) {
    await using serving = await serve(demo_app, { ...QUIET, ...tls });
    const client = Deno.createHttpClient({ caCerts: [pem] });
    const response = await fetch(`https://${serving.address}/`, { client });
    const page = await response.text();
    client.close();
    assertStringIncludes(page, "\nHTTPS = 'on'\n");
    assertStringIncludes(page, "\nwsgi.url_scheme = 'https'\n");
    await serving.shutdown();
  }
}, !installed("openssl"));

const gateways = { scgi, fastcgi, uwsgi };

async function ask(
  protocol: Protocol,
  address: ServerAddress,
  body: string,
): Promise<string> {
  const variables = {
    REQUEST_METHOD: "POST",
    SCRIPT_NAME: "/mounted",
    PATH_INFO: "/x",
    REMOTE_ADDR: "192.0.2.1",
  };
  const request = whole_request(protocol, variables, body);
  const { text } = protocol.answer(await exchange(address, request));
  return text.replace(/^[^]*\r\n\r\n/, "");
}

for (const [name, protocol] of Object.entries(gateways)) {
  test(`serve() serves by ${name}, at a port and at a Unix socket`, async () => {
    await using folder = await make_folder({});
    for (const bind of ["127.0.0.1:0", `unix:${folder.path}/socket`]) {
      const log = `${folder.path}/log`;
      const serving = await serve(echo, {
        protocol: name as keyof typeof gateways,
        bind,
        access_logfile: log,
        timeout: 0,
      });
      const answer = await ask(protocol, serving.server_address, "body");
      assertEquals(answer, "POST|/mounted|/x|192.0.2.1|body");
      await serving.shutdown();
      assertEquals(
        without_times(await Deno.readTextFile(log)),
        '192.0.2.1 - - [time] "POST /mounted/x HTTP/1.1" 200 31\n',
      );
      await Deno.remove(log);
    }
  });
}

test("serve() serves several applications in one process", async () => {
  const one = await serve(echo, { ...QUIET, root_path: "/one" });
  const other = await serve(demo_app, { ...QUIET, validate: true });
  assertEquals(await get(one, "/x"), "GET|/one|/x|127.0.0.1|");
  assertMatch(await get(other), /^Hello world!\n\n/);
  await one.shutdown();
  await assertRejects(() => get(one), TypeError);
  assertMatch(await get(other), /^Hello world!\n\n/);
  await other.shutdown();
});

// What it is told

/** Every option, with another value than its default. */
const EVERY: Required<ServeOptions> = {
  protocol: "scgi",
  bind: "127.0.0.1:0",
  backlog: 16,
  certfile: "certificate.pem",
  keyfile: "key.pem",
  root_path: "/x",
  forwarded_allow_ips: "10.0.0.0/8",
  graceful_timeout: 1,
  access_logfile: "none",
  access_logformat: "json",
  error_logfile: "log",
  log_level: "debug",
  timeout: 1.5,
  limit_concurrency: 10,
  limit_request_body: "10m",
  limit_request_line: 100,
  limit_request_fields: 10,
  limit_request_field_size: "1k",
  validate: true,
  debug: true,
  debug_anywhere: true,
};

/** The settings of the command that would do something to the process. */
const OF_A_PROCESS = {
  application: "app.ts",
  umask: "022",
  workers: 2,
  max_requests: 10,
  max_requests_jitter: 10,
  pid: "pid",
  reload: true,
};

test("serve() takes every setting of the command, but for those of a process", () => {
  const expected = Object.keys(OPTIONS)
    .filter((name) => !Object.hasOwn(OF_A_PROCESS, name));
  assertEquals(Object.keys(EVERY), expected);
  return Promise.resolve();
});

/** What an application made of a request. */
interface Seen {
  status: number;
  body: string | RegExp;
}

const too_late = new Promise<never>(() => {});

test("serve() does what its options say", async () => {
  const expected: [ServeOptions, WSGIApplication, RequestInit, Seen][] = [
    [{ root_path: "/a" }, echo, {}, {
      status: 200,
      body: "GET|/a|/x|127.0.0.1|",
    }],
    [{}, echo, { headers: { "X-Forwarded-For": "192.0.2.1" } }, {
      status: 200,
      body: "GET||/x|192.0.2.1|",
    }],
    [
      { forwarded_allow_ips: "" },
      echo,
      { headers: { "X-Forwarded-For": "192.0.2.1" } },
      { status: 200, body: "GET||/x|127.0.0.1|" },
    ],
    [
      { limit_request_body: 3 },
      echo,
      { method: "POST", body: "four" },
      { status: 413, body: "Content Too Large" },
    ],
    [{ limit_request_line: 10 }, echo, {}, {
      status: 414,
      body: "URI Too Long",
    }],
    [{ limit_request_fields: 1 }, echo, {}, {
      status: 431,
      body: "Request Header Fields Too Large",
    }],
    [{ limit_request_field_size: 2 }, echo, {}, {
      status: 431,
      body: "Request Header Fields Too Large",
    }],
    [{ timeout: 0.01 }, () => too_late, {}, {
      status: 503,
      body: "Service Unavailable",
    }],
    [{}, failing, {}, { status: 500, body: /^A server error occurred/ }],
    [{ debug: true }, failing, {}, { status: 500, body: /the well is dry/ }],
    [{ debug_anywhere: true }, failing, {}, {
      status: 500,
      body: /the well is dry/,
    }],
    [
      { validate: true },
      (_environ, start_response) => {
        start_response("200 OK", []);
        return [];
      },
      {},
      { status: 500, body: /^A server error occurred/ },
    ],
  ];
  await using folder = await make_folder({});
  const error_logfile = `${folder.path}/errors`;
  for (const [options, app, request, { status, body }] of expected) {
    const told = { ...QUIET, error_logfile, ...options };
    await using serving = await serve(app, told);
    const response = await fetch(`http://${serving.address}/x`, request);
    const page = await response.text();
    const what = JSON.stringify(options);
    assertEquals(response.status, status, what);
    if (typeof body === "string") assertEquals(page, body, what);
    else assertMatch(page, body, what);
  }
});

test("serve() takes what is undefined for not said", async () => {
  const unset = Object.fromEntries(
    Object.keys(EVERY).map((name) => [name, undefined]),
  );
  await using serving = await serve(echo, { ...unset, ...QUIET });
  assertEquals(await get(serving), "GET||/|127.0.0.1|");
});

test("serve() reads no variable of the environment", async () => {
  const variables = {
    TSGI_CMD_ARGS: "--root-path /x",
    WEB_CONCURRENCY: "2",
    GATEWAY_INTERFACE: "CGI/1.1",
    REQUEST_METHOD: "GET",
  };
  const program = source(`const serving = await serve((environ, start) => {
  start("200 OK", []);
  return [new TextEncoder().encode(environ.SCRIPT_NAME)];
}, QUIET);
const response = await fetch("http://" + serving.address);
console.log(JSON.stringify(await response.text()));
await serving.shutdown();
`);
  assertEquals(await run_script(program, { env: variables }), {
    code: 0,
    stdout: '""\n',
    stderr: "",
  });
});

/** The arguments that run a program, which has `serve` and `QUIET`. */
function source(program: string): string[] {
  const head = `import { serve } from "${new URL("cli/mod.ts", root)}";
const QUIET = ${JSON.stringify(QUIET)};
`;
  const url = `data:text/javascript,${encodeURIComponent(head + program)}`;
  return ["--config", new URL("deno.json", root).pathname, url];
}

// What it refuses

// deno-lint-ignore no-explicit-any
type Anything = any;

test("serve() refuses what is no application", async () => {
  const expected: [Anything, string][] = [
    [undefined, "undefined"],
    ["app.ts", '"app.ts"'],
    [{ default: echo }, "an object of class Object"],
  ];
  for (const [app, got] of expected) {
    await assertRejects(
      () => serve(app, QUIET),
      TypeError,
      `serve() takes an application, which is a function, got ${got}`,
    );
  }
});

test("serve() refuses what is no object of options", async () => {
  const expected: [Anything, string][] = [
    [null, "null"],
    ["127.0.0.1:0", '"127.0.0.1:0"'],
    [() => {}, "a function"],
    [["127.0.0.1:0"], "an array of 1"],
  ];
  for (const [options, got] of expected) {
    const error = await assertRejects(() => serve(echo, options), TypeError);
    assertEquals(
      error.message,
      `serve() takes an object of options, got ${got}`,
    );
  }
});

/** Waits for `serve()` to fail with exactly that. */
async function assert_refused(
  options: Anything,
  Class: new (message: string) => Error,
  message: string | RegExp,
): Promise<void> {
  const error = await assertRejects(() =>
    serve(echo, { ...QUIET, ...options })
  ) as Error;
  assertEquals(error.constructor, Class, error.message);
  if (typeof message === "string") assertEquals(error.message, message);
  else assertMatch(error.message, message);
}

test("serve() refuses options that it cannot understand", async () => {
  const names = Object.keys(EVERY).join(", ");
  const expected: [Anything, string | RegExp][] = [
    [{ bnd: ":1" }, `serve() takes the options ${names}, got bnd`],
    [{ help: true }, `serve() takes the options ${names}, got help`],
    [
      { accessLogfile: "-" },
      `serve() takes the options ${names}, got accessLogfile`,
    ],
    [
      { bind: "localhost" },
      'bind takes HOST:PORT, :PORT, [::1]:PORT or unix:/path, a port being at most 65535, got "localhost"',
    ],
    [
      { protocol: "gopher" },
      'protocol takes http, cgi, scgi, fastcgi or uwsgi, got "gopher"',
    ],
    [
      { protocol: "cgi", bind: undefined },
      'protocol takes http, scgi, fastcgi or uwsgi, got "cgi": CGIHandler answers the request of a CGI script',
    ],
    [{ backlog: 0 }, 'backlog takes a whole number, 1 or more, got "0"'],
    [{ timeout: NaN }, /^timeout takes a number of seconds, .+ got "NaN"$/],
    [{ timeout: -1 }, /^timeout takes a number of seconds, .+ got "-1"$/],
    [
      { timeout: null },
      "in the options: timeout takes a string or a number, got null",
    ],
    [
      { timeout: 10n },
      "in the options: timeout takes a string or a number, got 10n",
    ],
    [{ debug: "yes" }, 'in the options: debug takes true or false, got "yes"'],
    [
      { access_logformat: "%(x)s" },
      /^access_logformat takes common, .+, got "%\(x\)s"$/,
    ],
    [{ keyfile: "x" }, "keyfile needs certfile"],
    [
      { protocol: "scgi", certfile: "x" },
      "certfile needs protocol http, got scgi",
    ],
    [
      { certfile: "x", bind: "unix:/x" },
      "certfile needs bind HOST:PORT, got unix:/x",
    ],
    [{ certfile: "" }, 'certfile takes a file, got ""'],
    [
      { error_logfile: "none" },
      "error_logfile takes a file, or - for stderr, got none: errors are always logged, if need be to /dev/null",
    ],
    [
      { debug: true, bind: ":0" },
      "debug shows errors to this machine only, got bind :0: debug_anywhere shows them to everybody",
    ],
  ];
  for (const [options, message] of expected) {
    await assert_refused(options, TypeError, message);
  }
});

test("serve() refuses the settings of a process", async () => {
  for (const [name, value] of Object.entries(OF_A_PROCESS)) {
    await assert_refused(
      { [name]: value },
      TypeError,
      `serve() leaves its process alone, got ${name}, which is for the command`,
    );
  }
});

test("serve() fails with the system's error where it cannot listen", async () => {
  await using folder = await make_folder({ file: "kept" });
  await using http = await serve(echo, QUIET);
  const socket = `unix:${folder.path}/socket`;
  await using unix = await serve(echo, { ...QUIET, bind: socket });
  for (const protocol of ["http", ...Object.keys(gateways)]) {
    for (const { address } of [http, unix]) {
      await assert_refused(
        { protocol, bind: address },
        Deno.errors.AddrInUse,
        `cannot listen at ${address}: the address is in use`,
      );
    }
    await assert_refused(
      { protocol, bind: "192.0.2.1:0" },
      Deno.errors.AddrNotAvailable,
      /^cannot listen at 192\.0\.2\.1:0: .+/,
    );
    await assert_refused(
      { protocol, bind: `unix:${folder.path}/file` },
      Error,
      `cannot listen at unix:${folder.path}/file: what is there is no socket`,
    );
  }
  assertEquals(await get(http), "GET||/|127.0.0.1|");
});

test("serve() fails with the system's error where a file is none", async () => {
  await using folder = await make_folder({ "broken.pem": "broken" });
  const missing = `${folder.path}/missing/file`;
  const { NotFound, InvalidData } = Deno.errors;
  await assert_refused(
    { certfile: missing },
    NotFound,
    /^cannot read certfile: .+/,
  );
  await assert_refused(
    { access_logfile: missing, error_logfile: `${folder.path}/errors` },
    NotFound,
    /^cannot open the file of access_logfile: .+/,
  );
  await assert_refused(
    { error_logfile: missing },
    NotFound,
    /^cannot open the file of error_logfile: .+/,
  );
  const certfile = `${folder.path}/broken.pem`;
  await assert_refused(
    { certfile },
    InvalidData,
    `cannot use certfile ${certfile}: No certificates found in certificate data`,
  );
});

// How it ends

for (const name of ["default", "stream"] as const) {
  test(`shutdown() waits for a request under way: ${name}`, async () => {
    await using folder = await make_folder({});
    await using gate = make_gate();
    const apps = await waiting_apps(folder);
    const log = `${folder.path}/log`;
    const serving = await serve(apps[name], { ...QUIET, access_logfile: log });
    const answer = get(serving, `/?${gate.url}`);
    await gate.reached;
    let finished = false;
    serving.finished.then(() => finished = true);
    const stopped = Promise.all([serving.shutdown(), serving.shutdown()]);
    await assertRejects(() => get(serving), TypeError);
    assertEquals(finished, false);
    gate.open();
    assertEquals(await answer, name === "stream" ? "first last" : "whole");
    await stopped;
    assertEquals(finished, true);
    assertMatch(await Deno.readTextFile(log), /"GET .+ HTTP\/1\.1" 200 \d+\n$/);
  });
}

test("shutdown() waits for graceful_timeout, and no longer", async () => {
  await using folder = await make_folder({});
  const apps = await waiting_apps(folder);
  const error_logfile = `${folder.path}/errors`;
  for (const protocol of ["http", "scgi"] as const) {
    await using gate = make_gate();
    const serving = await serve(apps.default, {
      ...QUIET,
      protocol,
      error_logfile,
      graceful_timeout: 0.01,
    });
    const answer = ask_at_gate(serving, protocol, gate.url);
    await gate.reached;
    await serving.shutdown();
    // Deno does not let go of a connection that it is shutting down: it ends with the answer, or with the process.
    if (protocol === "http") gate.open();
    else assertEquals(await answer, "");
    await answer;
    assertMatch(
      await Deno.readTextFile(error_logfile),
      /^\[.+\] \[WARNING\] cut off what was still under way\n$/,
    );
    await Deno.remove(error_logfile);
  }
});

/** Asks a server whose application waits; the empty text if it hangs up. */
async function ask_at_gate(
  serving: Serving,
  protocol: "http" | "scgi",
  gate: string,
): Promise<string> {
  if (protocol === "http") {
    return await get(serving, `/?${gate}`).catch(() => "");
  }
  const request = whole_request(scgi, { QUERY_STRING: gate });
  return text(await exchange(serving.server_address, request));
}

test("server_close() drops a request under way, and await using does", async () => {
  await using folder = await make_folder({});
  const apps = await waiting_apps(folder);
  for (const way of ["server_close", Symbol.asyncDispose] as const) {
    await using gate = make_gate();
    const serving = await serve(apps.default, QUIET);
    const answer = get(serving, `/?${gate.url}`);
    const cut_off = assertRejects(() => answer, TypeError);
    await gate.reached;
    await serving[way]();
    await cut_off;
    await serving.finished;
    await serving.server_close();
    await serving.shutdown();
  }
});

test("server_close() ends a shutdown() that waits", async () => {
  await using folder = await make_folder({});
  const apps = await waiting_apps(folder);
  for (const protocol of ["http", "scgi"] as const) {
    await using gate = make_gate();
    const serving = await serve(apps.default, { ...QUIET, protocol });
    const answer = ask_at_gate(serving, protocol, gate.url);
    await gate.reached;
    const stopped = serving.shutdown();
    await serving.server_close();
    await stopped;
    gate.open();
    await answer;
  }
});

// Logs

test("serve() logs to files, and opens them anew", async () => {
  await using folder = await make_folder({});
  const file = (name: string) => `${folder.path}/${name}`;
  const app: WSGIApplication = (environ, start_response) => {
    environ["wsgi.errors"].write(`${environ.PATH_INFO} was asked for\n`);
    start_response("200 OK", [["Content-Type", "text/plain"]]);
    return [bytes("Hello")];
  };
  const serving = await serve(app, {
    bind: "127.0.0.1:0",
    access_logfile: file("access"),
    access_logformat: "%(m)s %(U)s %(s)s %(B)s",
    error_logfile: file("errors"),
  });
  await get(serving, "/one");
  const written = () => Deno.readTextFileSync(file("access"));
  await until(() => written() !== "");
  for (const name of ["access", "errors"]) {
    await Deno.rename(file(name), file(`${name}.old`));
  }
  serving.reopen_logs();
  await get(serving, "/two");
  await serving.shutdown();
  const expected = {
    "access.old": "GET /one 200 5\n",
    "errors.old": "/one was asked for\n",
    "access": "GET /two 200 5\n",
    "errors": "/two was asked for\n",
  };
  for (const [name, content] of Object.entries(expected)) {
    assertEquals(await Deno.readTextFile(file(name)), content, name);
  }
});

test("serve() logs the stack of an error that a client is not shown", async () => {
  await using folder = await make_folder({});
  const error_logfile = `${folder.path}/errors`;
  const serving = await serve(failing, { ...QUIET, error_logfile });
  await get(serving);
  await serving.shutdown();
  assertMatch(
    await Deno.readTextFile(error_logfile),
    /^\[.+\] \[\d+\] \[ERROR\] error while answering "GET \/ HTTP\/1\.1":\nError: the well is dry\n {4}at .*cli_serve_test\.ts:\d+:\d+\)?\n/,
  );
});

/** The log, its times and the stacks in it left out. */
function plain(log: string): string {
  return log.replace(/^ +at .*\n/gm, "").replaceAll(
    /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[(\d+)\]/gm,
    (_, pid) => `[time] [${Number(pid) === Deno.pid ? "pid" : pid}]`,
  );
}

/** Asks for the path `/` with a query, by any protocol. */
async function ask_query(
  serving: Serving,
  protocol: "http" | keyof typeof gateways,
  query: string,
): Promise<void> {
  if (protocol === "http") return void await get(serving, `/?${query}`);
  const variables = { QUERY_STRING: query, REQUEST_URI: `/?${query}` };
  const request = whole_request(gateways[protocol], variables);
  await exchange(serving.server_address, request);
}

for (const protocol of ["http", "scgi", "fastcgi", "uwsgi"] as const) {
  test(`the error log says when and for which request an error was, from its level on: ${protocol}`, async () => {
    await using folder = await make_folder({});
    const app: WSGIApplication = (environ, start_response) => {
      environ["wsgi.errors"].write("told\n");
      if (environ.QUERY_STRING === "begin") throw new Error("no beginning");
      start_response("200 OK", [["Content-Type", "text/plain"]]);
      const close = () => {
        throw new Error("no end");
      };
      return Object.assign([bytes("x")], { close });
    };
    const line = (query: string) =>
      `[time] [pid] [ERROR] error while answering "GET /?${query} HTTP/1.1":\n`;
    const whole = `told\n${line("begin")}Error: no beginning\n` +
      `told\n${line("end")}Error: no end\n`;
    for (const log_level of ["error", "critical"] as const) {
      for (const debug of [false, true]) {
        const error_logfile = `${folder.path}/${log_level}${debug}`;
        const options = { ...QUIET, protocol, log_level, error_logfile, debug };
        const serving = await serve(app, options);
        for (const query of ["begin", "end"]) {
          await ask_query(serving, protocol, query);
        }
        await serving.shutdown();
        assertEquals(
          plain(await Deno.readTextFile(error_logfile)),
          log_level === "error" ? whole : "told\ntold\n",
        );
      }
    }
  });
}

test("a client cannot forge a line of the error log by its request", async () => {
  await using folder = await make_folder({});
  const error_logfile = `${folder.path}/log`;
  const options = { ...QUIET, protocol: "scgi" as const, error_logfile };
  const serving = await serve(failing, options);
  const variables = { REQUEST_URI: "/\n[forged]\x1b\\" };
  const request = whole_request(scgi, variables);
  await exchange(serving.server_address, request);
  await serving.shutdown();
  assertEquals(
    plain(await Deno.readTextFile(error_logfile)),
    `[time] [pid] [ERROR] error while answering "GET /\\x0a[forged]\\x1b\\\\ HTTP/1.1":
Error: the well is dry
`,
  );
});

const CLOSED =
  `[time] [pid] [ERROR] closed a connection: RangeError: expected a head of at most 65536 bytes, got one of 65537
[time] [pid] [ERROR] closed a connection: TypeError: expected the length of the head and a colon, got "\\\\n:"
`;

test("what a gateway says of a connection is a message as the others, from its level on", async () => {
  await using folder = await make_folder({});
  for (const log_level of ["error", "critical"] as const) {
    const error_logfile = `${folder.path}/${log_level}`;
    const protocol = "scgi";
    const options = { ...QUIET, protocol, log_level, error_logfile } as const;
    const serving = await serve(echo, options);
    const { server_address } = serving;
    assertEquals(await exchange(server_address, bytes("65537:")), bytes(""));
    assertEquals(await exchange(server_address, bytes("\n:")), bytes(""));
    await serving.shutdown();
    assertEquals(
      plain(await Deno.readTextFile(error_logfile)),
      log_level === "critical" ? "" : CLOSED,
    );
  }
});

// Its process

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`examples/serve.ts serves until ${signal}, and logs as JSON`, async () => {
    await using program = await start_server(["examples/serve.ts", "0"]);
    const { child, printed, url } = program;
    assertEquals(await (await fetch(url)).text(), "Hello world!\n");
    child.kill(signal);
    assertEquals((await child.status).code, 0);
    const last = "Everything is answered.\n";
    await until(() => printed.stdout.endsWith(last) && printed.stderr !== "");
    assertEquals(printed.stdout, `Serving at ${url}/\n${last}`);
    const { path, status, size } = JSON.parse(printed.stderr);
    assertEquals({ path, status, size }, { path: "/", status: 200, size: 13 });
  });
}

Deno.test("examples/serve.ts refuses a body of more than 1 MiB", async () => {
  await using program = await start_server(["examples/serve.ts", "0"]);
  for (const [excess, status] of [[0, 200], [1, 413]] as const) {
    const body = new Uint8Array(1024 ** 2 + excess);
    const response = await fetch(program.url, { method: "POST", body });
    await response.body?.cancel();
    assertEquals(response.status, status);
  }
});

Deno.test("serve() leaves signals to the program", async () => {
  const program = source(`const serving = await serve(() => [], QUIET);
console.log("http://" + serving.address);
`);
  await using server = await start_server(program);
  server.child.kill("SIGTERM");
  assertEquals((await server.child.status).signal, "SIGTERM");
});
