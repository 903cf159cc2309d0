/** Errors of the application and of hooks, through SCGI, FastCGI and uwsgi. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import type { WSGIApplication, WSGIEnvironment } from "../../../types.ts";
import { bytes } from "../../support/support.ts";
import { ERROR_PAGE, HELLO, hello } from "./apps.ts";
import { test_each } from "./each_protocol.ts";
import { ask, fastcgi, open_gateway } from "../gateway_clients.ts";

test_each(
  "an application that throws is answered by the error page",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, () => {
      throw new TypeError("mine");
    });
    const { text, ended } = await ask(protocol, gateway.server);
    assertEquals(text, ERROR_PAGE);
    assert(ended);
    assertMatch(
      gateway.log.text,
      /^TypeError: mine\n {4}at [^]*\n"GET \/ HTTP\/1.1" 500 59\n$/,
    );
  },
);

test_each(
  "a response that fails on its way is broken off",
  async (protocol) => {
    await using gateway = await open_gateway(
      protocol,
      async function* (_environ, start_response) {
        start_response("200 OK", [["Content-Length", "10"]]);
        yield bytes("first");
        throw new Error("mine");
      },
    );
    const { text, ended } = await ask(protocol, gateway.server);
    assertEquals(text, "200 OK\r\nContent-Length: 10\r\n\r\nfirst");
    assertEquals(ended, protocol !== fastcgi);
    assertMatch(
      gateway.log.text,
      /^Error: mine\n[^]*\n"GET \/ HTTP\/1.1" 200 5\n$/,
    );
  },
);

test_each("an error page that fails makes a bare 500", async (protocol) => {
  await using gateway = await open_gateway(protocol, () => {
    throw new Error("first");
  });
  const { server, log } = gateway;
  server.handler_class = class extends server.handler_class {
    override error_output(): never {
      throw new Error("no page");
    }
  };
  for (let i = 0; i < 2; i++) {
    const { text, ended } = await ask(protocol, server);
    assertEquals(text, "500 Internal Server Error\r\n\r\n");
    assert(ended);
  }
  assertEquals(
    log.text.split("\n").filter((line) => !line.startsWith("    at ")),
    [
      "Error: first",
      '"GET / HTTP/1.1" 500 0',
      "Exception while handling a request: Error: no page",
      "Error: first",
      '"GET / HTTP/1.1" 500 0',
      "Exception while handling a request: Error: no page",
      "",
    ],
  );
});

test_each(
  "an error page that fails on its way is broken off",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, () => {
      throw new Error("first");
    });
    const { server, log } = gateway;
    server.handler_class = class extends server.handler_class {
      override error_output(
        _environ: WSGIEnvironment,
        start_response: Parameters<WSGIApplication>[1],
      ) {
        start_response("503 Service Unavailable", [], this.exc_info);
        return function* () {
          yield bytes("sorry");
          throw new Error("second");
        }();
      }
    };
    const { text, ended } = await ask(protocol, server);
    assertEquals(text, "503 Service Unavailable\r\n\r\nsorry");
    assertEquals(ended, protocol !== fastcgi);
    assertStringIncludes(log.text, '"GET / HTTP/1.1" 503 5\n');
  },
);

test_each(
  "a server without an application answers a bare 500 and says why",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, hello);
    const { server, log } = gateway;
    server.application = null;
    assertEquals(
      (await ask(protocol, server)).text,
      "500 Internal Server Error\r\n\r\n",
    );
    assertMatch(
      log.text,
      /^Exception while handling a request: Error: the server has no application: call set_app\(\) first\n/,
    );
    server.set_app(hello);
    assertEquals((await ask(protocol, server)).text, HELLO);
  },
);

test_each(
  "an error of log_request() is logged, and costs no response",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, hello);
    const { server, log } = gateway;
    server.log_request = () => {
      throw new Error("no log");
    };
    const { text, ended } = await ask(protocol, server);
    assertEquals(text, HELLO);
    assert(ended);
    assertMatch(log.text, /^Error: no log\n {4}at [^]*$/);
  },
);

test_each(
  "an error of handle_error() closes the connection, and no other",
  async (protocol) => {
    await using gateway = await open_gateway(
      protocol,
      (environ, start_response) => {
        if (environ.PATH_INFO === "/fail") throw new Error("first");
        return hello(environ, start_response);
      },
    );
    const { server, log } = gateway;
    server.handler_class = class extends server.handler_class {
      override error_output(): never {
        throw new Error("no page");
      }
    };
    server.handle_error = () => {
      throw new Error("no log");
    };
    const { text } = await ask(protocol, server, { PATH_INFO: "/fail" });
    assertEquals(text, "");
    assertMatch(log.text, /\nclosed a connection: Error: no log\n$/);
    assertEquals((await ask(protocol, server)).text, HELLO);
  },
);

test_each("handle_error() may be overridden", async (protocol) => {
  await using gateway = await open_gateway(protocol, hello);
  const { server } = gateway;
  const errors: unknown[] = [];
  server.handle_error = (error) => void errors.push(error);
  server.application = null;
  await ask(protocol, server);
  assertEquals(
    errors.map(String),
    ["Error: the server has no application: call set_app() first"],
  );
});
