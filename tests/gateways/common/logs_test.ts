/** What the servers of SCGI, FastCGI and uwsgi log: requests, errors, and `wsgi.errors`. */

import { assertEquals, assertMatch } from "@std/assert";
import {
  request_line,
  type Variables,
} from "../../../_internal/request/variables.ts";
import { bytes, Log, text } from "../../support/support.ts";
import { hello } from "./apps.ts";
import { test_each } from "./each_protocol.ts";
import {
  ask,
  exchange,
  open_gateway,
  scgi,
  uwsgi,
} from "../gateway_clients.ts";

test_each("what came cannot forge a line of the log", async (protocol) => {
  await using gateway = await open_gateway(protocol, hello);
  const { log } = gateway;
  gateway.server.log_request =
    Object.getPrototypeOf(gateway.server).log_request;
  const lines = await stderr_of(async () => {
    await ask(protocol, gateway.server, {
      REQUEST_METHOD: "G\nET",
      REQUEST_URI: '/a"\r\x1b[0m\\',
      SERVER_PROTOCOL: "\x7f",
      REMOTE_ADDR: "1\n2 - -",
    });
  });
  assertMatch(
    lines,
    /^1\\x0a2 - - - - \[\d\d\/\w{3}\/\d{4} \d\d:\d\d:\d\d\] "G\\x0aET \/a"\\x0d\\x1b\[0m\\\\ \\x7f" 200 5\n$/,
  );
  assertEquals(log.text, "");
});

test_each("log_request() writes a line to stderr", async (protocol) => {
  await using gateway = await open_gateway(protocol, hello);
  gateway.server.log_request =
    Object.getPrototypeOf(gateway.server).log_request;
  const line = async (variables: Variables) =>
    (await stderr_of(async () => {
      await ask(protocol, gateway.server, variables);
    })).replace(/\[.*?\]/, "[time]");
  assertEquals(
    await line({
      REMOTE_ADDR: "192.0.2.1",
      REQUEST_METHOD: "POST",
      REQUEST_URI: "/a%20b?c=%20",
    }),
    '192.0.2.1 - - [time] "POST /a%20b?c=%20 HTTP/1.1" 200 5\n',
  );
  // Without the target as it was sent it is made of what there is.
  assertEquals(
    await line({
      SCRIPT_NAME: "/app",
      PATH_INFO: "/caf\xc3\xa9 x",
      QUERY_STRING: "a=b",
    }),
    '- - - [time] "GET /app/caf%C3%A9%20x?a=b HTTP/1.1" 200 5\n',
  );
});

Deno.test("request_line() tells what there is", () => {
  assertEquals(request_line({}), "-  -");
  assertEquals(
    request_line({ REQUEST_METHOD: "GET", REQUEST_URI: "/x" }),
    "GET /x -",
  );
});

test_each(
  "stderr takes wsgi.errors and the errors of the server",
  async (protocol) => {
    const log = new Log();
    await using gateway = await open_gateway(
      protocol,
      (environ, start_response) => {
        environ["wsgi.errors"].write("note\n");
        return hello(environ, start_response);
      },
      { stderr: log },
    );
    await ask(protocol, gateway.server);
    await exchange(gateway.server.server_address, bytes("\xff"));
    assertMatch(log.text, /^note\nclosed a connection: TypeError: [^\n]*\n$/);
  },
);

test_each(
  "without stderr the errors of the server go to the process's",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, hello, {
      stderr: undefined,
    });
    const written = await stderr_of(async () => {
      await exchange(gateway.server.server_address, bytes("\xff"));
      await ask(protocol, gateway.server);
    });
    assertMatch(written, /^closed a connection: TypeError: [^\n]*\n$/);
  },
);

test_each("wsgi.errors goes to the process's stderr", async (protocol) => {
  await using gateway = await open_gateway(
    protocol,
    (environ, start_response) => {
      environ["wsgi.errors"].write("note\n");
      return hello(environ, start_response);
    },
    { stderr: undefined },
  );
  const written = await stderr_of(async () => {
    await ask(protocol, gateway.server);
  });
  assertEquals(written, "note\n");
}, [scgi, uwsgi]);

/** What is written to the process's stderr while `fn` runs. */
async function stderr_of(fn: () => Promise<void>): Promise<string> {
  const { writeSync } = Deno.stderr;
  let written = "";
  Deno.stderr.writeSync = (data) => {
    written += text(data);
    return data.length;
  };
  try {
    await fn();
  } finally {
    Deno.stderr.writeSync = writeSync;
  }
  return written;
}
