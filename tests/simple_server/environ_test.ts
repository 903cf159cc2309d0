/** The environ that `get_environ()` makes of a request. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { ServerHandler, WSGIRequestHandler } from "../../simple_server.ts";
import {
  bytes,
  raw_request,
  read_all,
  serve,
  write_all,
} from "../support/support.ts";
import { get, hello, Quiet, show } from "./exchange.ts";

/** The environ that the server makes of a raw request. */
async function environ_of(request: string): Promise<Record<string, string>> {
  await using server = serve(show);
  const { body } = await raw_request(server.port, request);
  return JSON.parse(new TextDecoder().decode(bytes(body)));
}

Deno.test("get_environ() has the variables of CGI, and run() those of WSGI", async () => {
  class Handler extends WSGIRequestHandler {
    override handler_class = class extends ServerHandler {
      override os_environ = {};
    };
  }
  await using server = serve(show, Handler);
  const { body } = await raw_request(
    server.port,
    "POST /a%20b/c?d=e%20f HTTP/1.1\r\nHost: h:80\r\nConnection: close\r\n" +
      "Content-Type: text/x\r\nContent-Length: 3\r\nX-A: b\r\n\r\nabc",
  );
  const { REMOTE_PORT, ...environ } = JSON.parse(body);
  assertMatch(REMOTE_PORT, /^[1-9]\d*$/);
  assertEquals(environ, {
    SERVER_NAME: "localhost",
    GATEWAY_INTERFACE: "CGI/1.1",
    SERVER_PORT: String(server.port),
    REMOTE_HOST: "",
    CONTENT_LENGTH: "3",
    SCRIPT_NAME: "",
    SERVER_PROTOCOL: "HTTP/1.1",
    SERVER_SOFTWARE: "WSGIServer/0.2",
    REQUEST_METHOD: "POST",
    REQUEST_URI: "/a%20b/c?d=e%20f",
    PATH_INFO: "/a b/c",
    QUERY_STRING: "d=e%20f",
    REMOTE_ADDR: "127.0.0.1",
    CONTENT_TYPE: "text/x",
    HTTP_HOST: "h:80",
    HTTP_CONNECTION: "close",
    HTTP_X_A: "b",
    "wsgi.version": [1, 0],
    "wsgi.url_scheme": "http",
    "wsgi.multithread": false,
    "wsgi.multiprocess": false,
    "wsgi.run_once": false,
    "wsgi.input": {},
    "wsgi.input_terminated": true,
    "wsgi.errors": { text: "" },
  });
});

Deno.test("get_environ() decodes the path to bytes and keeps the target", async () => {
  const targets: [target: string, path: string, query: string][] = [
    ["/", "/", ""],
    ["/caf%C3%A9", "/caf\xc3\xa9", ""],
    ["/caf\xc3\xa9", "/caf\xc3\xa9", ""],
    ["/a%2Fb", "/a/b", ""],
    ["/a%zz%4", "/a%zz%4", ""],
    ["/a?", "/a", ""],
    ["/a?b?c", "/a", "b?c"],
    ["/a?b=%41", "/a", "b=%41"],
    ["/a/../b/./c", "/a/../b/./c", ""],
    ["//a//b", "/a//b", ""],
    ["///", "/", ""],
    ["/a#b", "/a#b", ""],
    ["/%00%0A%FF", "/\x00\n\xff", ""],
  ];
  for (const [target, path, query] of targets) {
    const environ = await environ_of(get(target));
    assertEquals(
      [environ.PATH_INFO, environ.QUERY_STRING, environ.REQUEST_URI],
      [path, query, target],
    );
  }
});

Deno.test("get_environ() takes path and query of an absolute target", async () => {
  for (
    const [target, path, query] of [
      ["http://other.example/p?q", "/p", "q"],
      ["http://other.example?a/b", "/", "a/b"],
      ["http://other.example", "/", ""],
    ] as const
  ) {
    const environ = await environ_of(get(target));
    assertEquals([environ.PATH_INFO, environ.QUERY_STRING], [path, query]);
  }
});

Deno.test("a Host that is none leaks neither into the environ nor into the log", async () => {
  await using server = serve(() => {
    throw new Error("it was asked");
  });
  const hosts = ["a/b", "a/b/c:80", "caf\xc3\xa9/x", "\xff/x", "", "u@h", "?"];
  for (const host of hosts) {
    const { status, body } = await raw_request(
      server.port,
      `GET /p/q HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    assertEquals([status, body], ["HTTP/1.1 400 Bad Request", "Bad Request"]);
  }
  const line = '"GET /p/q HTTP/1.1" 400 11\n';
  assertEquals(server.log.text, line.repeat(hosts.length));
});

Deno.test("get_environ() has no HTTP_HOST where the client names no host", async () => {
  const none = await environ_of("GET /p/q HTTP/1.0\r\n\r\n");
  assertEquals([none.PATH_INFO, none.HTTP_HOST], ["/p/q", undefined]);
});

Deno.test("get_environ() says what wsgiref says where the client said nothing", async () => {
  const environ = await environ_of(get("/"));
  assertEquals(environ.CONTENT_TYPE, "text/plain");
  assertEquals(environ.CONTENT_LENGTH, "");
  assertEquals(environ.REMOTE_HOST, "");
});

Deno.test("get_environ() keeps header values as bytes", async () => {
  const environ = await environ_of(
    get("/", "X-Latin: caf\xe9", "X-Utf: caf\xc3\xa9", "X-Empty:"),
  );
  assertEquals(environ.HTTP_X_LATIN, "caf\xe9");
  assertEquals(environ.HTTP_X_UTF, "caf\xc3\xa9");
  assertEquals(environ.HTTP_X_EMPTY, "");
});

Deno.test("get_environ() joins repeated headers", async () => {
  const environ = await environ_of(
    get("/", "X-A: 1", "Cookie: a=1", "x-a: 2", "Cookie: b=2"),
  );
  assertEquals(environ.HTTP_X_A, "1, 2");
  assertEquals(environ.HTTP_COOKIE, "a=1; b=2");
});

Deno.test("get_environ() leaves out Proxy and headers with an underscore", async () => {
  const environ = await environ_of(
    get("/", "Proxy: http://evil/", "X_A: 1", "X-A: 2", "Content_Length: 9"),
  );
  assertEquals(environ.HTTP_PROXY, Deno.env.get("HTTP_PROXY"));
  assertEquals(environ.HTTP_X_A, "2");
  assertEquals(environ.CONTENT_LENGTH, "");
});

Deno.test("get_environ() leaves out headers that are named as variables are", async () => {
  const environ = await environ_of(
    get(
      "/p",
      ...["Path-Info: /x", "Remote-Addr: 1.2.3.4", "Remote-Port: 1"],
      "Server-Name: x",
    ),
  );
  assertEquals(environ.PATH_INFO, "/p");
  assertEquals(environ.REMOTE_ADDR, "127.0.0.1");
  const names = ["PATH_INFO", "REMOTE_ADDR", "REMOTE_PORT", "SERVER_NAME"];
  for (const name of names) {
    assertEquals(environ[`HTTP_${name}`], undefined);
  }
});

Deno.test("get_environ() takes a Content-Length that was sent twice for one", async () => {
  await using server = serve(show);
  const { body } = await raw_request(
    server.port,
    "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
  );
  assertEquals(JSON.parse(body).CONTENT_LENGTH, "3");
});

Deno.test("get_environ() knows more header names than it remembers", async () => {
  await using server = serve(show);
  for (let batch = 0; batch < 25; batch++) {
    const headers = Array.from(
      { length: 50 },
      (_, i) => `X-Name-${batch}-${i}: ${i}`,
    );
    const { body } = await raw_request(server.port, get("/", ...headers));
    assertEquals(JSON.parse(body)[`HTTP_X_NAME_${batch}_49`], "49");
  }
});

Deno.test("get_environ() gives a new object each time", async () => {
  const environs: Record<string, unknown>[] = [];
  class Handler extends Quiet {
    override get_environ() {
      environs.push(super.get_environ(), super.get_environ());
      return environs[0]!;
    }
  }
  await using server = serve(hello, Handler);
  await (await fetch(server.url)).text();
  assertEquals(environs[0], environs[1]);
  assert(environs[0] !== environs[1]);
  assert(environs[0] !== server.server.base_environ);
});

Deno.test("the environ is the same whether a subclass has a say in it or not", async () => {
  class Overriding extends WSGIRequestHandler {
    override get_environ() {
      return super.get_environ();
    }
  }
  const request = "POST /a%20b?c HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" +
    "Path: x\r\nHome: y\r\nServer-Name: z\r\nContent-Length: 1\r\n\r\na";
  await using stock = serve(show);
  await using overridden = serve(show, Overriding);
  const environs = [];
  for (const { port, server } of [stock, overridden]) {
    server.base_environ["test.added"] = "after the server was made";
    server.base_environ.SERVER_PORT = "80";
    const { body } = await raw_request(port, request);
    const environ = JSON.parse(new TextDecoder().decode(bytes(body)));
    environs.push({ ...environ, REMOTE_PORT: environ.REMOTE_PORT !== "" });
  }
  assertEquals(environs[0], environs[1]);
  assertEquals(environs[0].HTTP_PATH, "x");
  assertEquals(environs[0].PATH, Deno.env.get("PATH"));
  assertEquals(environs[0]["test.added"], "after the server was made");
});

Deno.test("a change of base_environ reaches the next request", async () => {
  await using server = serve(show);
  const { base_environ } = server.server;
  const added = async () =>
    (await (await fetch(server.url)).json())["test.added"];
  assertEquals(await added(), undefined);
  base_environ["test.added"] = "1";
  assertEquals(await added(), "1");
  base_environ["test.added"] = 2;
  assertEquals(await added(), 2);
  delete base_environ["test.added"];
  assertEquals(await added(), undefined);
});

Deno.test("an application that changes its environ changes no other's", async () => {
  await using server = serve((environ, start_response) => {
    const before = environ["test.seen"];
    environ["test.seen"] = true;
    Object.assign(environ, { PATH: "changed" });
    start_response("200 OK", []);
    return [bytes(String(before))];
  });
  for (let i = 0; i < 2; i++) {
    assertEquals(await (await fetch(server.url)).text(), "undefined");
  }
});

Deno.test("get_environ() has the port of the client", async () => {
  await using server = serve(show);
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await write_all(conn, bytes(get("/")));
  const [, body] = (await read_all(conn)).split("\r\n\r\n");
  assertEquals(JSON.parse(body!).REMOTE_PORT, String(conn.localAddr.port));
});
