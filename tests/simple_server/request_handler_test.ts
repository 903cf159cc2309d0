/** `WSGIRequestHandler`: its strings, and where its log goes. */

import { assertEquals, assertMatch } from "@std/assert";
import {
  make_server,
  WSGIRequestHandler,
  WSGIServer,
} from "../../simple_server.ts";
import type { WSGIApplication } from "../../types.ts";
import {
  bytes,
  Log,
  root,
  run_script,
  serve,
  until,
} from "../support/support.ts";
import { Quiet } from "./exchange.ts";

Deno.test("log_request() is called once for each request, with status and size", async () => {
  await using server = serve((environ, start_response) => {
    start_response("200 OK", []);
    return [bytes("a"), bytes(environ.PATH_INFO)];
  });
  await (await fetch(`${server.url}/x?y`)).text();
  await until(() => server.log.text !== "");
  await (await fetch(`${server.url}//z`)).text();
  await until(() => server.log.text.split("\n").length === 3);
  assertEquals(
    server.log.text,
    '"GET /x?y HTTP/1.1" 200 3\n"GET //z HTTP/1.1" 200 3\n',
  );
});

/** A request handler without a connection behind it. */
function request_handler(url: string): WSGIRequestHandler {
  const request = new Request(url, { headers: { host: "h" } });
  const server = null as unknown as WSGIServer;
  return new WSGIRequestHandler(request, ["127.0.0.1", 50000], server);
}

Deno.test("WSGIRequestHandler's strings are wsgiref's", () => {
  const handler = request_handler("http://h//x?y");
  assertEquals(handler.command, "GET");
  assertEquals(handler.path, "/x?y");
  assertEquals(handler.requestline, "GET //x?y HTTP/1.1");
  assertEquals(handler.request_version, "HTTP/1.1");
  assertEquals(handler.address_string(), "127.0.0.1");
  const version = `WSGIServer/0.2 Deno/${Deno.version.deno}`;
  assertEquals(handler.version_string(), version);
  const date = /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/;
  assertEquals(handler.date_time_string(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  assertMatch(handler.date_time_string(), date);
  const time = /^\d\d\/\w{3}\/\d{4} \d\d:\d\d:\d\d$/;
  assertMatch(handler.log_date_time_string(), time);
});

Deno.test("log_request() and log_error() go through log_message()", () => {
  const lines: unknown[][] = [];
  const handler = request_handler("http://h/x");
  handler.log_message = (...line) => void lines.push(line);
  handler.log_request();
  handler.log_request(200, 12);
  handler.log_error("code %d", 404);
  assertEquals(lines, [
    ['"%s" %s %s', "GET /x HTTP/1.1", "-", "-"],
    ['"%s" %s %s', "GET /x HTTP/1.1", 200, 12],
    ["code %d", 404],
  ]);
});

Deno.test("log_message() writes one line to stderr, control characters escaped", async () => {
  const script = `
    import { WSGIRequestHandler } from "${new URL("simple_server.ts", root)}";
    const request = new Request("http://h/x");
    const handler = new WSGIRequestHandler(request, ["127.0.0.1", 1], null);
    handler.log_date_time_string = () => "21/Nov/2026 00:55:42";
    handler.log_message('"%s" 100%% %d', "a\\nb\\x1b[1m\\\\", 7);
    handler.log_request(200, 12);`;
  const { stderr } = await run_script([
    "--config",
    "deno.json",
    `data:text/javascript,${encodeURIComponent(script)}`,
  ]);
  assertEquals(
    stderr,
    '127.0.0.1 - - [21/Nov/2026 00:55:42] "a\\x0ab\\x1b[1m\\\\" 100% 7\n' +
      '127.0.0.1 - - [21/Nov/2026 00:55:42] "GET /x HTTP/1.1" 200 12\n',
  );
});

Deno.test("get_stderr() is wsgi.errors and takes the tracebacks", async () => {
  const log = new Log();
  class Handler extends Quiet {
    override get_stderr() {
      return log;
    }
  }
  const app: WSGIApplication = (environ) => {
    environ["wsgi.errors"].writelines(["one\n", "two\n"]);
    environ["wsgi.errors"].flush();
    throw new Error("three");
  };
  await using server = make_server("127.0.0.1", 0, app, WSGIServer, Handler);
  server.serve_forever();
  await (await fetch(`http://127.0.0.1:${server.server_port}`)).text();
  assertMatch(log.text, /^one\ntwo\nError: three\n {4}at /);
});

Deno.test("log_exception() of a request handler takes the errors of the application, where it has one", async () => {
  const log = new Log();
  const errors: unknown[] = [];
  class Handler extends Quiet {
    log_exception(error: unknown) {
      errors.push([this.path, error]);
    }
    override get_stderr() {
      return log;
    }
  }
  const failure = new Error("mine");
  const app: WSGIApplication = () => {
    throw failure;
  };
  await using server = make_server("127.0.0.1", 0, app, WSGIServer, Handler);
  server.serve_forever();
  await (await fetch(`http://127.0.0.1:${server.server_port}/x`)).text();
  assertEquals(errors, [["/x", failure]]);
  assertEquals(log.text, "");
});
