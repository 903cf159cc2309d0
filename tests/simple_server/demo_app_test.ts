/** `demo_app()`, called and served. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { demo_app } from "../../simple_server.ts";
import type { WSGIEnvironment } from "../../types.ts";
import { run_script, serve } from "../support/support.ts";

Deno.test("demo_app() prints Hello world! and the sorted environ", () => {
  const environ = {
    B: "it's",
    A: 'say "hi"',
    C: "caf\xc3\xa9\n\\",
    "wsgi.version": [1, 0],
  } as unknown as WSGIEnvironment;
  const calls: unknown[] = [];
  const page = demo_app(environ, (...args) => {
    calls.push(args);
    return async () => {};
  });
  assertEquals(calls, [[
    "200 OK",
    [["Content-Type", "text/plain; charset=utf-8"]],
  ]]);
  assertEquals(page.length, 1);
  assertEquals(
    new TextDecoder().decode(page[0]),
    "Hello world!\n\nA = 'say \"hi\"'\nB = \"it's\"\nC = 'caf\xc3\xa9\\n\\\\'\nwsgi.version = [ 1, 0 ]\n",
  );
});

Deno.test("demo_app() is served", async () => {
  await using server = serve(demo_app);
  const response = await fetch(`${server.url}/caf%C3%A9`);
  const page = await response.text();
  assertMatch(page, /^Hello world!\n\n/);
  assertStringIncludes(page, "PATH_INFO = '/caf\xc3\xa9'\n");
  const keys = page.trimEnd().split("\n").slice(2)
    .map((line) => line.split(" = ")[0]!);
  assertEquals(keys, [...keys].sort());
});

/** What demo_app answers to a request with these variables: its headers, and its page. */
function answer(environ: Record<string, unknown>) {
  const answered = { headers: [] as [string, string][], page: "" };
  const [page] = demo_app(
    environ as unknown as WSGIEnvironment,
    (_status, headers) => {
      answered.headers = headers;
      return async () => {};
    },
  );
  answered.page = new TextDecoder().decode(page);
  return answered;
}

/** A request for `/`, of a client on this machine. */
const LOCAL = {
  HTTP_HOST: "localhost:8000",
  PATH_INFO: "/",
  REMOTE_ADDR: "127.0.0.1",
  REQUEST_METHOD: "GET",
  ...Deno.env.toObject(),
};

/** The names of the variables in a page of text. */
function names_in(page: string): string[] {
  return page.split("\n").filter((line) => line.includes(" = "))
    .map((line) => line.split(" = ")[0]!);
}

Deno.test("demo_app() shows variables of the process to clients on its machine", () => {
  for (
    const local of [
      {},
      { REMOTE_ADDR: "::1", HTTP_HOST: "[::1]:8000" },
      { REMOTE_ADDR: "::ffff:127.0.0.1", HTTP_HOST: "app.localhost" },
    ]
  ) {
    const environ = { ...LOCAL, ...local };
    const { page } = answer(environ);
    assertEquals(names_in(page), Object.keys(environ).sort());
  }
});

Deno.test("demo_app() hides variables of the process from anybody else", () => {
  for (
    const other of [
      { REMOTE_ADDR: "192.0.2.1" },
      { REMOTE_ADDR: "" },
      { HTTP_HOST: "evil.example" },
      { HTTP_HOST: "127.0.0.1.evil.example" },
      { HTTP_X_FORWARDED_FOR: "192.0.2.1" },
      { HTTP_FORWARDED: "for=192.0.2.1" },
      { HTTP_VIA: "1.1 proxy" },
    ]
  ) {
    const request: Record<string, unknown> = { ...LOCAL, ...other };
    const { page } = answer({ ...request, "wsgi.version": [1, 0] });
    const process = Object.keys(Deno.env.toObject());
    const shown = Object.keys(request).filter((name) =>
      !process.includes(name)
    );
    assertEquals(names_in(page), [...shown, "wsgi.version"].sort());
    assertStringIncludes(
      page,
      `\n\nVariables of the process, hidden from other machines: ${process.length}\n`,
    );
  }
});

Deno.test("demo_app() shows variables of the process to anybody if one of them says so", () => {
  const environ = {
    ...LOCAL,
    REMOTE_ADDR: "192.0.2.1",
    DEMO_APP_ENVIRON: "all",
  };
  const { page } = answer(environ);
  assertEquals(names_in(page), Object.keys(environ).sort());
});

Deno.test("demo_app() as a CGI script shows the variables of its request", async () => {
  const { stdout } = await run_script(["mod.ts", "--protocol", "cgi"], {
    env: {
      GATEWAY_INTERFACE: "CGI/1.1",
      HTTP_HOST: "example.com",
      PATH_INFO: "/x",
      REMOTE_ADDR: "192.0.2.1",
      REQUEST_METHOD: "GET",
      SECRET: "secret",
    },
  });
  const names = names_in(stdout);
  assertEquals(names.includes("SECRET"), false);
  for (const name of ["GATEWAY_INTERFACE", "HTTP_HOST", "PATH_INFO"]) {
    assertEquals([name, names.includes(name)], [name, true]);
  }
});

Deno.test("demo_app() answers a browser with HTML, in which everything is escaped", () => {
  const { headers, page } = answer({
    ...LOCAL,
    HTTP_ACCEPT: "text/html,application/xhtml+xml,*/*;q=0.8",
    PATH_INFO: "/<b>caf\xc3\xa9",
    QUERY_STRING: "<script>",
  });
  const [type, , policy, vary] = headers;
  assertEquals(type, ["Content-Type", "text/html; charset=utf-8"]);
  assertMatch(
    policy!.join(": "),
    /^Content-Security-Policy: default-src 'none'/,
  );
  assertEquals(vary, ["Vary", "Accept"]);
  assertMatch(page, /^<!doctype html>\n/);
  assertStringIncludes(page, "<code>GET /&#60;b&#62;café</code>");
  assertStringIncludes(
    page,
    '<tr><th scope="row">QUERY_STRING<td>&#39;&#60;script&#62;&#39;\n',
  );
});

Deno.test("demo_app() answers with text whoever does not ask for HTML first", () => {
  for (
    const HTTP_ACCEPT of [
      "*/*",
      "text/plain, text/html;q=0.5",
      "",
      "text/html;q=0",
    ]
  ) {
    const { headers, page } = answer({ ...LOCAL, HTTP_ACCEPT });
    assertEquals(headers, [["Content-Type", "text/plain; charset=utf-8"]]);
    assertMatch(page, /^Hello world!\n\n/);
  }
});
