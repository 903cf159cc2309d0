/** `to_fetch()`, which turns an application into a fetch handler. */

import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { toText } from "@std/streams";
import {
  type FetchInfo,
  from_fetch,
  to_fetch,
} from "../../../gateways/fetch.ts";
import type { WSGIApplication, WSGIEnvironment } from "../../../types.ts";
import { request_uri, shift_path_info } from "../../../util.ts";
import { validator } from "../../../validate.ts";
import {
  bytes,
  Log,
  raw_request,
  serve,
  stream_of,
  text,
  until,
  write_all,
} from "../../support/support.ts";
import {
  environ_of,
  hello,
  PLAIN,
  serve_fetch,
  show,
} from "./fetch_handlers.ts";

Deno.test("to_fetch() creates an environ for a Request created by a program", async () => {
  const request = new Request("http://example.com/caf%C3%A9%2Fx//y?a=%20b", {
    method: "POST",
    headers: { "X-Custom": "caf\xe9", "Content-Type": "text/csv" },
    body: "abc",
  });
  const { "wsgi.errors": _, ...environ } = await environ_of(request);
  assertEquals(environ, {
    SERVER_NAME: "example.com",
    SERVER_PORT: "80",
    GATEWAY_INTERFACE: "CGI/1.1",
    SERVER_PROTOCOL: "HTTP/1.1",
    SCRIPT_NAME: "",
    CONTENT_LENGTH: "",
    REMOTE_ADDR: "",
    REMOTE_HOST: "",
    REMOTE_PORT: "",
    REQUEST_METHOD: "POST",
    PATH_INFO: "/caf\u00c3\u00a9/x//y",
    QUERY_STRING: "a=%20b",
    CONTENT_TYPE: "text/csv",
    HTTP_X_CUSTOM: "caf\xe9",
    REQUEST_URI: "/caf%C3%A9%2Fx//y?a=%20b",
    "wsgi.input": {},
    "wsgi.input_terminated": true,
    "wsgi.version": [1, 0],
    "wsgi.run_once": false,
    "wsgi.url_scheme": "http",
    "wsgi.multithread": false,
    "wsgi.multiprocess": true,
  });
});

Deno.test("to_fetch() takes scheme, name and port from the URL", async () => {
  const seen = async (url: string) => {
    const environ = await environ_of(new Request(url));
    return [
      environ["wsgi.url_scheme"],
      environ.HTTPS,
      environ.SERVER_NAME,
      environ.SERVER_PORT,
    ];
  };
  assertEquals(await seen("http://h"), ["http", undefined, "h", "80"]);
  assertEquals(await seen("http://h:81"), ["http", undefined, "h", "81"]);
  assertEquals(await seen("https://h"), ["https", "on", "h", "443"]);
  assertEquals(await seen("https://h:8443"), ["https", "on", "h", "8443"]);
  assertEquals(await seen("http://[::1]"), ["http", undefined, "[::1]", "80"]);
});

Deno.test("to_fetch() leaves the fragment of a URL out", async () => {
  const environ = await environ_of(new Request("http://h/a?b#c?d"));
  assertEquals(environ.PATH_INFO, "/a");
  assertEquals(environ.QUERY_STRING, "b");
  assertEquals(environ.REQUEST_URI, "/a?b");
});

Deno.test("to_fetch() sets no CONTENT_TYPE if the client sent none", async () => {
  assertFalse("CONTENT_TYPE" in await environ_of(new Request("http://h/")));
});

Deno.test("to_fetch() takes REMOTE_ADDR and REMOTE_PORT from remoteAddr", async () => {
  const seen = async (info?: FetchInfo) => {
    const environ = await environ_of(new Request("http://h/"), info);
    return [environ.REMOTE_ADDR, environ.REMOTE_PORT, environ.REMOTE_HOST];
  };
  const tcp = { transport: "tcp", hostname: "192.0.2.1", port: 4711 } as const;
  const unix = { transport: "unix", path: "/x" } as const;
  assertEquals(await seen({ remoteAddr: tcp }), ["192.0.2.1", "4711", ""]);
  assertEquals(await seen({ remoteAddr: unix }), ["", "", ""]);
  const of_proxy = { transport: "tcp", hostname: "192.0.2.1" };
  assertEquals(await seen({ remoteAddr: of_proxy }), ["192.0.2.1", "", ""]);
  assertEquals(await seen({}), ["", "", ""]);
  assertEquals(await seen(), ["", "", ""]);
});

Deno.test("to_fetch() never shows the environment of the process", async () => {
  const environ = await environ_of(new Request("http://h/"));
  for (const name of Object.keys(Deno.env.toObject())) {
    assertFalse(name in environ, name);
  }
});

Deno.test("to_fetch() filters request headers as the simple server does", async () => {
  const request = [
    "GET /x HTTP/1.1",
    "Host: h",
    "Proxy: evil",
    "X_Custom: evil",
    "X-Custom: good",
    "Server-Name: evil",
    "Remote-Addr: evil",
    "Content-Length: 0",
    "Cookie: a=1",
    "Cookie: b=2",
    "Connection: close",
    "",
    "",
  ].join("\r\n");
  const headers = async (port: number) => {
    const { body } = await raw_request(port, request);
    return Object.entries(JSON.parse(body))
      .filter(([name]) => name.startsWith("HTTP_")).sort();
  };
  await using ours = serve_fetch(to_fetch(show));
  await using simple = serve(show);
  const seen = await headers(ours.port);
  assertEquals(seen, await headers(simple.port));
  assertEquals(Object.fromEntries(seen), {
    HTTP_CONNECTION: "close",
    HTTP_COOKIE: "a=1; b=2",
    HTTP_HOST: "h",
    HTTP_X_CUSTOM: "good",
  });
});

Deno.test("to_fetch() keeps the target as it was sent, whatever the Host header is", async () => {
  await using server = serve_fetch(to_fetch(show));
  const seen = async (target: string, host: string) => {
    const answer = await raw_request(
      server.port,
      `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    if (answer.status !== "HTTP/1.1 200 OK") return answer.body;
    const environ = JSON.parse(answer.body);
    const { SERVER_NAME, SERVER_PORT, PATH_INFO, REQUEST_URI } = environ;
    return [SERVER_NAME, SERVER_PORT, PATH_INFO, REQUEST_URI];
  };
  assertEquals(await seen("/a/../b%2Fc", "h:81"), [
    "h",
    "81",
    "/a/../b/c",
    "/a/../b%2Fc",
  ]);
  assertEquals(await seen("//a?b", "h"), ["h", "80", "/a", "//a?b"]);
  assertEquals(await seen("/x", "a/b"), "Bad Request");
  assertEquals(await seen("/x", "[::"), "Bad Request");
});

Deno.test("to_fetch() uses the host of an absolute target instead of the Host header", async () => {
  await using server = serve_fetch(to_fetch(show));
  for (
    const [target, expected] of [
      ["http://good.example:81/x", ["good.example:81", "good.example", "81"]],
      ["HTTP://Good.example/x", ["Good.example", "good.example", "80"]],
      ["/x", ["evil.example", "evil.example", "80"]],
    ] as const
  ) {
    const { body } = await raw_request(
      server.port,
      `GET ${target} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`,
    );
    const { HTTP_HOST, SERVER_NAME, SERVER_PORT, PATH_INFO } = JSON.parse(body);
    assertEquals([HTTP_HOST, SERVER_NAME, SERVER_PORT], expected);
    assertEquals(PATH_INFO, "/x");
  }
});

Deno.test("to_fetch() works behind a Unix socket", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/s`;
  const server = Deno.serve({ path, onListen() {} }, to_fetch(show));
  try {
    using conn = await Deno.connect({ transport: "unix", path });
    const request = "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    await write_all(conn, bytes(request));
    const answer = await toText(conn.readable);
    const environ = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4));
    assertEquals(environ.SERVER_NAME, "localhost");
    assertEquals(environ.SERVER_PORT, "80");
    assertEquals(environ.REMOTE_ADDR, "");
    assertEquals(environ.PATH_INFO, "/x");
    assertEquals(environ["wsgi.url_scheme"], "http");
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("to_fetch() passes on the body of a request with any method", async () => {
  const handler = to_fetch((environ, start_response) => {
    start_response("200 OK", PLAIN);
    return environ["wsgi.input"];
  });
  const body = () => stream_of("ab", "", "c") as ReadableStream<Uint8Array>;
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "BREW"]) {
    const init = { method, body: body(), duplex: "half" } as RequestInit;
    const response = await handler(new Request("http://h/", init));
    assertEquals(await response.text(), "abc", method);
  }
  const response = await handler(new Request("http://h/"));
  assertEquals(await response.text(), "");
});

Deno.test("to_fetch() drops the unread rest of the request body", async () => {
  let cancelled = 0;
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(bytes("a")),
    cancel() {
      cancelled++;
    },
  }, { highWaterMark: 0 });
  const handler = to_fetch(async (environ, start_response) => {
    const reader = environ["wsgi.input"].getReader();
    await reader.read();
    reader.releaseLock();
    return hello(environ, start_response);
  });
  const init = { method: "POST", body, duplex: "half" } as RequestInit;
  const response = await handler(new Request("http://h/", init));
  assertEquals(await response.text(), "Hello");
  await until(() => cancelled > 0);
  assertEquals(cancelled, 1);
});

Deno.test("to_fetch() does nothing to a request body that was read to its end or cancelled", async () => {
  const log = new Log();
  const requests: ((input: ReadableStream) => Promise<unknown>)[] = [
    (input) => toText(input),
    (input) => input.cancel(),
  ];
  for (const read of requests) {
    const handler = to_fetch(async (environ, start_response) => {
      await read(environ["wsgi.input"]);
      return hello(environ, start_response);
    }, { stderr: log });
    const init = { method: "POST", body: "abc" };
    const response = await handler(new Request("http://h/", init));
    assertEquals(await response.text(), "Hello");
  }
  assertEquals(log.text, "");
});

Deno.test("to_fetch() passes on the error of a request body", async () => {
  const body = new ReadableStream({
    pull: (controller) => controller.error(new Error("mine")),
  });
  const handler = to_fetch(async (environ, start_response) => {
    await assertRejects(() => toText(environ["wsgi.input"]), Error, "mine");
    return hello(environ, start_response);
  });
  const init = { method: "POST", body, duplex: "half" } as RequestInit;
  const response = await handler(new Request("http://h/", init));
  assertEquals(response.status, 200);
});

Deno.test("to_fetch() resolves as soon as the response begins", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const handler = to_fetch(async function* (_environ, start_response) {
    start_response("200 OK", PLAIN);
    yield bytes("a");
    await promise;
    yield bytes("b");
  });
  const { body } = await handler(new Request("http://h/"));
  const reader = body!.getReader();
  assertEquals(text((await reader.read()).value!), "a");
  resolve();
  assertEquals(text((await reader.read()).value!), "b");
  assert((await reader.read()).done);
});

Deno.test("to_fetch() closes the result when the body is cancelled", async () => {
  let closed = 0;
  const handler = to_fetch((_environ, start_response) => {
    start_response("200 OK", PLAIN);
    return {
      [Symbol.iterator]: () => [bytes("a"), bytes("b")].values(),
      close() {
        closed++;
      },
    };
  });
  const { body } = await handler(new Request("http://h/"));
  const reader = body!.getReader();
  await reader.read();
  assertEquals(closed, 0);
  await reader.cancel();
  await until(() => closed > 0);
  assertEquals(closed, 1);
});

Deno.test("to_fetch() responds to an error with a 500, and logs it to stderr", async () => {
  const log = new Log();
  const handler = to_fetch(() => {
    throw new Error("mine");
  }, { stderr: log });
  const response = await handler(new Request("http://h/"));
  assertEquals(response.status, 500);
  assertMatch(await response.text(), /^A server error occurred/);
  assertMatch(log.text, /^Error: mine\n\s+at /);
});

Deno.test("to_fetch() makes the body fail if the application fails later", async () => {
  const log = new Log();
  const handler = to_fetch(function* (_environ, start_response) {
    start_response("200 OK", PLAIN);
    yield bytes("a");
    throw new Error("mine");
  }, { stderr: log });
  const response = await handler(new Request("http://h/"));
  assertEquals(response.status, 200);
  await assertRejects(() => response.text(), Error, "was aborted");
  assertStringIncludes(log.text, "Error: mine");
});

Deno.test("to_fetch() writes wsgi.errors to stderr", async () => {
  const log = new Log();
  const handler = to_fetch((environ, start_response) => {
    environ["wsgi.errors"].write("noted\n");
    return hello(environ, start_response);
  }, { stderr: log });
  await handler(new Request("http://h/"));
  assertEquals(log.text, "noted\n");
});

Deno.test("to_fetch() refuses anything but a function", () => {
  assertThrows(
    () => to_fetch(undefined as unknown as WSGIApplication),
    TypeError,
    "the application must be a function, got undefined",
  );
});

Deno.test("to_fetch() works under Deno.serve, with an application mounted by shift_path_info()", async () => {
  const mounted: WSGIApplication = (environ, start_response) => {
    shift_path_info(environ);
    return show(environ, start_response);
  };
  await using server = serve_fetch(to_fetch(validator(mounted)));
  const response = await fetch(`http://127.0.0.1:${server.port}/wsgi/x`);
  const environ = await response.json();
  assertEquals(environ.SCRIPT_NAME, "/wsgi");
  assertEquals(environ.PATH_INFO, "/x");
  assertEquals(environ.REMOTE_ADDR, "127.0.0.1");
});

Deno.test("to_fetch() adds script_name to SCRIPT_NAME and REQUEST_URI", async () => {
  let seen: WSGIEnvironment | undefined;
  const app: WSGIApplication = (environ, start_response) => {
    seen = environ;
    return hello(environ, start_response);
  };
  const handler = to_fetch(validator(app), { script_name: "/a/b" });
  await (await handler(new Request("http://h/x%2Fy//z?q"))).text();
  const { SCRIPT_NAME, PATH_INFO, REQUEST_URI } = seen!;
  assertEquals(
    [SCRIPT_NAME, PATH_INFO, REQUEST_URI],
    ["/a/b", "/x/y//z", "/a/b/x%2Fy//z?q"],
  );
  assertEquals(request_uri(seen!), "http://h/a/b/x/y//z?q");
});

Deno.test("to_fetch() with a script_name lets from_fetch() keep the original spelling of the URL", async () => {
  const app = from_fetch(({ url }) => new Response(url), {
    keep_script_name: true,
  });
  const handler = to_fetch(app, { script_name: "/a" });
  const response = await handler(new Request("http://h/x%2Fy?q"));
  assertEquals(await response.text(), "http://h/a/x%2Fy?q");
});

Deno.test("to_fetch() refuses a script_name that is not a valid path", () => {
  const cases: [unknown, string][] = [
    ["a", '"a"'],
    ["/", '"/"'],
    ["/a/", '"/a/"'],
    ["/a b", '"/a b"'],
    ["/..", '"/.."'],
    [null, "null"],
    [1, "1"],
  ];
  for (const [script_name, got] of cases) {
    assertThrows(
      () => to_fetch(hello, { script_name } as { script_name: string }),
      TypeError,
      `script_name takes a path such as /prefix, with a leading slash, no trailing slash, and no character that a URL encodes, got ${got}`,
    );
  }
});

Deno.test("to_fetch() accepts a body whose reader returns blocks without promises", async () => {
  const blocks = [bytes("a"), bytes("b")];
  const read = () => {
    const value = blocks.shift();
    return { done: value === undefined, value };
  };
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>();
  Object.assign(body, { getReader: () => ({ read, cancel() {} }) });
  const request = new Request("http://h/", {
    method: "POST",
    headers: { "Content-Length": "2" },
    body: "ab",
  });
  Object.defineProperty(request, "body", { get: () => body });
  const handler = to_fetch(async (environ, start_response) => {
    start_response("200 OK", PLAIN);
    const parts: Uint8Array[] = [];
    for await (const block of environ["wsgi.input"]) parts.push(block);
    return parts;
  });
  assertEquals(await (await handler(request)).text(), "ab");
});
