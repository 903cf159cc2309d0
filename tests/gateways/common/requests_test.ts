/** A request and its environ, through SCGI, FastCGI and uwsgi. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { bytes, join, root } from "../../support/support.ts";
import { body_of, HELLO, hello, large_request, show } from "./apps.ts";
import { test_each, test_each_transport } from "./each_protocol.ts";
import {
  ask,
  connect,
  exchange,
  open_gateway,
  read_to_end,
  send,
} from "../gateway_clients.ts";
import { type Pairs, request_pairs } from "../heads.ts";

test_each_transport("a request is answered", async (protocol, unix) => {
  await using gateway = await open_gateway(protocol, hello, { unix });
  for (let i = 0; i < 3; i++) {
    const { text, ended } = await ask(protocol, gateway.server);
    assertEquals(text, HELLO);
    assert(ended);
  }
  assertEquals(gateway.log.text, '"GET / HTTP/1.1" 200 5\n'.repeat(3));
});

test_each("the environ has the variables that came", async (protocol) => {
  await using gateway = await open_gateway(protocol, show);
  gateway.server.os_environ = {};
  const sent = {
    REQUEST_METHOD: "POST",
    PATH_INFO: "/caf\xc3\xa9 \xff",
    HTTP_X_EMPTY: "",
    HTTP_X_LONG: "x".repeat(300),
    HTTPS: "on",
  };
  const { text } = await ask(protocol, gateway.server, sent, "abc");
  const environ = JSON.parse(new TextDecoder().decode(bytes(body_of(text))));
  const scgi = protocol.name === "SCGI" ? { SCGI: "1" } : {};
  assertEquals(environ, {
    ...scgi,
    ...Object.fromEntries(request_pairs(sent, bytes("abc"))),
    "wsgi.version": [1, 0],
    "wsgi.url_scheme": "https",
    "wsgi.multithread": false,
    "wsgi.multiprocess": false,
    "wsgi.run_once": false,
    "wsgi.input": {},
    "wsgi.input_terminated": true,
    "wsgi.errors": { text: "" },
  });
});

test_each("the environ has the variables of the process", async (protocol) => {
  await using gateway = await open_gateway(protocol, show);
  const { text } = await ask(protocol, gateway.server, {
    HOME: "/from/the/web/server",
  });
  const environ = JSON.parse(new TextDecoder().decode(bytes(body_of(text))));
  assertEquals(environ.PATH, Deno.env.get("PATH"));
  assertEquals(environ.HOME, "/from/the/web/server");
});

Deno.test("the environment of the process gives no headers", async () => {
  const script = `
    import { serve_scgi } from "./gateways/scgi.ts";
    await using server = serve_scgi(() => [], ["127.0.0.1", 0]);
    console.log(JSON.stringify(server.os_environ));`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", script],
    cwd: root,
    env: { HTTP_PROXY: "http://evil", HTTP_HOST: "evil", TSGI_TEST: "\u00e9" },
  }).output();
  const own = JSON.parse(new TextDecoder().decode(stdout));
  assertEquals(own.TSGI_TEST, "\xc3\xa9");
  const headers = Object.keys(own).filter((name) => name.startsWith("HTTP_"));
  assertEquals(headers, []);
});

test_each("what a client must not set is left out", async (protocol) => {
  await using gateway = await open_gateway(protocol, show);
  const { text } = await ask(protocol, gateway.server, {
    HTTP_PROXY: "http://evil",
    HTTP_CONTENT_TYPE: "text/plain",
    HTTP_CONTENT_LENGTH: "5",
    HTTP_HOST: "example.org",
  });
  const environ = JSON.parse(body_of(text));
  assertEquals(
    Object.keys(environ).filter((name) => name.startsWith("HTTP_")),
    ["HTTP_HOST"],
  );
});

test_each("the last value of a repeated name is taken", async (protocol) => {
  await using gateway = await open_gateway(protocol, show);
  const pairs: Pairs = [...request_pairs({ A: "1", B: "2" }), ["A", "3"]];
  const request = join([
    protocol.head(pairs),
    protocol.end,
  ]);
  const raw = await exchange(gateway.server.server_address, request);
  const environ = JSON.parse(body_of(protocol.answer(raw).text));
  assertEquals([environ.A, environ.B], ["3", "2"]);
});

test_each(
  "what an application does to its environ is its own affair",
  async (protocol) => {
    await using gateway = await open_gateway(
      protocol,
      (environ, start_response) => {
        const variables: Record<string, unknown> = environ;
        for (const name of Object.keys(variables)) delete variables[name];
        environ.REQUEST_METHOD = "EVIL";
        environ["x.seen"] = true;
        return hello(environ, start_response);
      },
    );
    const { server, log } = gateway;
    for (let i = 0; i < 2; i++) {
      const { text } = await ask(protocol, server, { PATH_INFO: "/a" });
      assertEquals(text, HELLO);
    }
    // The log has the variables as they came.
    assertEquals(log.text, '"GET /a HTTP/1.1" 200 5\n'.repeat(2));
    server.set_app(show);
    const { text } = await ask(protocol, server);
    const environ = JSON.parse(body_of(text));
    assertEquals(environ.REQUEST_METHOD, "GET");
    assertEquals(environ["x.seen"], undefined);
  },
);

test_each(
  "a CONTENT_LENGTH that the application changes costs no answer",
  async (protocol) => {
    for (const changed of ["", "0", "1", "99999999"]) {
      await using gateway = await open_gateway(
        protocol,
        (environ, start_response) => {
          environ.CONTENT_LENGTH = changed;
          return hello(environ, start_response);
        },
      );
      const { server } = gateway;
      using conn = await connect(server.server_address);
      await send(conn, join(large_request(protocol)));
      assertEquals(protocol.answer(await read_to_end(conn)).text, HELLO);
    }
  },
);

test_each("handler_class and its hooks may be overridden", async (protocol) => {
  await using gateway = await open_gateway(protocol, show);
  gateway.server.handler_class = class extends gateway.server.handler_class {
    override wsgi_run_once = true;
    override add_cgi_vars() {
      super.add_cgi_vars();
      this.environ!["test.handler"] = "mine";
    }
    override cleanup_headers() {
      super.cleanup_headers();
      this.headers!.set("X-Handler", "mine");
    }
  };
  const { text } = await ask(protocol, gateway.server);
  assertStringIncludes(text, "\r\nX-Handler: mine\r\n");
  const environ = JSON.parse(body_of(text));
  assertEquals(environ["test.handler"], "mine");
  assertEquals(environ["wsgi.run_once"], true);
});
