/** What `serve()` refuses, and with which error. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { serve } from "../../cli/mod.ts";
import { make_folder } from "../support/command.ts";
import {
  echo,
  EVERY,
  gateways,
  get,
  OF_A_PROCESS,
  QUIET,
  test,
} from "./serving.ts";

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
      "serve() takes an application (a WSGI function, or an object with a " +
        `method fetch), got ${got}`,
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
    [{ bnd: ":1" }, "serve() has no option bnd: did you mean bind?"],
    [
      { port: 8000 },
      'serve() has no option port: did you mean "bind": ":8000"?',
    ],
    [{ help: true }, `serve() has no option help: it takes ${names}`],
    [
      { accessLogfile: "-" },
      "serve() has no option accessLogfile: did you mean access_logfile?",
    ],
    [
      { bind: "localhost" },
      'bind takes HOST:PORT, :PORT, [::1]:PORT or unix:/path with a port up to 65535, got "localhost": did you mean localhost:8000?',
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
      "error_logfile takes a file, or - for stderr, got none: to drop errors, use /dev/null",
    ],
    [
      { debug: true, bind: ":0" },
      "debug is for loopback addresses only, got bind :0: use debug_anywhere to show errors to everyone",
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
      `serve() does not control its process: ${name} is for the command`,
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
      `cannot listen at unix:${folder.path}/file: the file there is not a socket`,
    );
  }
  assertEquals(await get(http), "GET||/|127.0.0.1|");
  for (const serving of [http, unix]) await serving.shutdown();
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
    /^cannot open access_logfile: .+/,
  );
  await assert_refused(
    { error_logfile: missing },
    NotFound,
    /^cannot open error_logfile: .+/,
  );
  const certfile = `${folder.path}/broken.pem`;
  await assert_refused(
    { certfile },
    InvalidData,
    `cannot use certfile ${certfile}: expected a certificate in PEM (-----BEGIN ...), got none`,
  );
});
