/** The logs of `serve()`: their files, and the lines of the error log by every protocol. */

import { assertEquals, assertMatch } from "@std/assert";
import { serve, type Serving } from "../../cli/mod.ts";
import type { WSGIApplication } from "../../types.ts";
import { make_folder } from "../support/command.ts";
import { exchange, scgi, whole_request } from "../gateways/gateway_clients.ts";
import { bytes, until } from "../support/support.ts";
import { echo, failing, gateways, get, QUIET, test } from "./serving.ts";

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
    /^\[.+\] \[\d+\] \[ERROR\] error while answering "GET \/ HTTP\/1\.1":\nError: the well is dry\n {4}at .*serving\.ts:\d+:\d+\)?\n/,
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
