/** What a web server says nothing of: every environ has the variables that PEP 3333 promises. */

import { assertEquals } from "@std/assert";
import type { Variables } from "../../_internal/request/variables.ts";
import type { WSGIApplication, WSGIEnvironment } from "../../types.ts";
import { validator } from "../../validate.ts";
import { exchange, open_gateway, type Protocol } from "./gateway_clients.ts";
import { bytes, join, run_script } from "../support/support.ts";
import { body_of } from "./common/apps.ts";
import { test_each } from "./common/each_protocol.ts";

/** What an environ says of these, each as a string, which the types promise. */
function said(environ: WSGIEnvironment): unknown[] {
  const { REQUEST_METHOD, SCRIPT_NAME, PATH_INFO, QUERY_STRING } = environ;
  const { SERVER_NAME, SERVER_PORT, SERVER_PROTOCOL, HTTP_HOST } = environ;
  return [
    ...[REQUEST_METHOD, SCRIPT_NAME, PATH_INFO, QUERY_STRING],
    ...[SERVER_NAME, SERVER_PORT, SERVER_PROTOCOL].map((it) => it.trim()),
    HTTP_HOST ?? null,
  ];
}

const tell: WSGIApplication = (environ, start_response) => {
  start_response("200 OK", [["Content-Type", "application/json"]]);
  return [bytes(JSON.stringify(said(environ)))];
};

/** What the application is told of a request with no more than these variables. */
async function told(
  protocol: Protocol,
  variables: Variables,
  app = tell,
): Promise<unknown> {
  await using gateway = await open_gateway(protocol, app);
  const head = protocol.head([
    ["CONTENT_LENGTH", "0"],
    ...Object.entries(variables),
  ]);
  const request = join([head, protocol.end]);
  const raw = await exchange(gateway.server.server_address, request);
  return JSON.parse(body_of(protocol.answer(raw).text));
}

const NOTHING = ["GET", "", "", "", "localhost", "80", "HTTP/1.0", null];

test_each(
  "a request of which nothing is said has them all",
  async (protocol) => {
    assertEquals(await told(protocol, {}), NOTHING);
  },
);

test_each("what is empty is what is not said", async (protocol) => {
  const names = ["REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING"];
  names.push("SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "HTTP_HOST");
  const empty = Object.fromEntries(names.map((name) => [name, ""]));
  assertEquals(await told(protocol, empty), NOTHING);
});

test_each(
  "SERVER_NAME is the server's address where it has no name",
  async (protocol) => {
    for (
      const [address, name] of [
        ["192.0.2.1", "192.0.2.1"],
        ["::1", "[::1]"],
        ["2001:db8:0::1", "[2001:db8::1]"],
      ] as const
    ) {
      const variables = { SERVER_ADDR: address, HTTPS: "on", PATH_INFO: "/" };
      const expected = ["GET", "", "/", "", name, "443", "HTTP/1.0", null];
      assertEquals(await told(protocol, variables, validator(tell)), expected);
      const unnamed = { ...variables, SERVER_NAME: "" };
      assertEquals(await told(protocol, unnamed), expected);
      const unbracketed = { ...variables, SERVER_NAME: address };
      assertEquals(await told(protocol, unbracketed), expected);
    }
  },
);

test_each(
  "what is said stays as it is, and is logged as it came",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, tell);
    const variables = {
      REQUEST_METHOD: "BREW",
      SCRIPT_NAME: "/a",
      SERVER_NAME: "Example.org",
      SERVER_PORT: "8080",
      SERVER_PROTOCOL: "INCLUDED",
      HTTP_HOST: "h:81",
    };
    const head = protocol.head([
      ["CONTENT_LENGTH", "0"],
      ...Object.entries(variables),
    ]);
    const request = join([head, protocol.end]);
    const raw = await exchange(gateway.server.server_address, request);
    assertEquals(
      JSON.parse(body_of(protocol.answer(raw).text)),
      ["BREW", "/a", "", "", "Example.org", "8080", "INCLUDED", "h:81"],
    );
    const { length } = body_of(protocol.answer(raw).text);
    assertEquals(gateway.log.text, `"BREW /a INCLUDED" 200 ${length}\n`);
  },
);

Deno.test("CGIHandler has them where the environment of its process has none", async () => {
  const { stdout, stderr } = await run_script(["-"], {
    stdin: `
      import { CGIHandler, read_environ } from "./handlers.ts";
      await new CGIHandler().run((environ, start_response) => {
        start_response("200 OK", []);
        const { SCRIPT_NAME, PATH_INFO, QUERY_STRING, SERVER_NAME } = environ;
        const told = [SCRIPT_NAME, PATH_INFO, QUERY_STRING, SERVER_NAME];
        const read = "PATH_INFO" in read_environ();
        return [new TextEncoder().encode(JSON.stringify([...told, read]))];
      });
    `,
    env: { GATEWAY_INTERFACE: "CGI/1.1", SERVER_NAME: "" },
  });
  assertEquals(stderr, "");
  assertEquals(body_of(stdout), '["","","","localhost",false]');
});
