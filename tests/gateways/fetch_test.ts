import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { toText } from "@std/streams";
import {
  type FetchHandler,
  type FetchInfo,
  from_fetch,
  to_fetch,
  type WSGIFetchInfo,
} from "../../gateways/fetch.ts";
import { ResponseHandler } from "../../handlers.ts";
import type {
  HeaderList,
  WSGIApplication,
  WSGIEnvironment,
  WSGIResult,
} from "../../types.ts";
import { setup_testing_defaults, shift_path_info } from "../../util.ts";
import { validator } from "../../validate.ts";
import {
  bytes,
  Log,
  raw_request,
  root,
  run_app,
  serve,
  stream_of,
  text,
  until,
  write_all,
} from "../support/support.ts";

const PLAIN: HeaderList = [["Content-Type", "text/plain"]];

const hello: WSGIApplication = (_environ, start_response) => {
  start_response("200 OK", PLAIN);
  return [bytes("Hello")];
};

/** Answers with the environ as JSON, which leaves the objects of `wsgi.*` empty. */
const show: WSGIApplication = (environ, start_response) => {
  start_response("200 OK", [["Content-Type", "application/json"]]);
  return [new TextEncoder().encode(JSON.stringify(environ))];
};

/** The environ that `to_fetch` makes of a request. */
async function environ_of(
  request: Request,
  info?: FetchInfo,
): Promise<Record<string, unknown>> {
  return await (await to_fetch(show)(request, info)).json();
}

/** Serves a fetch handler at a free port; the errors that came out of it in `log`. */
function serve_fetch(
  handler: (request: Request, info: FetchInfo) => Promise<Response>,
) {
  const log: unknown[] = [];
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen() {},
    onError(error) {
      log.push(error);
      return new Response(null, { status: 500 });
    },
  }, handler);
  return {
    port: server.addr.port,
    log,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

// to_fetch

Deno.test("to_fetch() makes the environ of a Request that a program made", async () => {
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

Deno.test("to_fetch() has no CONTENT_TYPE where the client sent none", async () => {
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

Deno.test("to_fetch() gets the target as it was sent, whatever the Host header holds", async () => {
  await using server = serve_fetch(to_fetch(show));
  const seen = async (target: string, host: string) => {
    const answer = await raw_request(
      server.port,
      `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
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
  assertEquals(await seen("/x", "a/b"), ["a", "80", "/x", "/x"]);
  assertEquals(await seen("/x", "[::"), ["localhost", "80", "/x", "/x"]);
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

Deno.test("to_fetch() gives the body of a request of any method", async () => {
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

Deno.test("to_fetch() drops what the application left of the body", async () => {
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

Deno.test("to_fetch() leaves a body alone that was read to its end or cancelled", async () => {
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

Deno.test("to_fetch() gives the error of the body as it is", async () => {
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

Deno.test("to_fetch() gives the response as soon as it begins", async () => {
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

Deno.test("to_fetch() answers an error with a 500, and logs it to stderr", async () => {
  const log = new Log();
  const handler = to_fetch(() => {
    throw new Error("mine");
  }, { stderr: log });
  const response = await handler(new Request("http://h/"));
  assertEquals(response.status, 500);
  assertMatch(await response.text(), /^A server error occurred/);
  assertMatch(log.text, /^Error: mine\n\s+at /);
});

Deno.test("to_fetch() has the body fail when the application fails later", async () => {
  const log = new Log();
  const handler = to_fetch(function* (_environ, start_response) {
    start_response("200 OK", PLAIN);
    yield bytes("a");
    throw new Error("mine");
  }, { stderr: log });
  const response = await handler(new Request("http://h/"));
  assertEquals(response.status, 200);
  await assertRejects(() => response.text(), Error, "broken off");
  assertStringIncludes(log.text, "Error: mine");
});

Deno.test("to_fetch() gives what is written to wsgi.errors to stderr", async () => {
  const log = new Log();
  const handler = to_fetch((environ, start_response) => {
    environ["wsgi.errors"].write("noted\n");
    return hello(environ, start_response);
  }, { stderr: log });
  await handler(new Request("http://h/"));
  assertEquals(log.text, "noted\n");
});

Deno.test("to_fetch() refuses what is no function", () => {
  assertThrows(
    () => to_fetch(undefined as unknown as WSGIApplication),
    TypeError,
    "the application must be a function, got undefined",
  );
});

Deno.test("to_fetch() can be given to Deno.serve and mounted by shift_path_info()", async () => {
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

// from_fetch: the request

/** What a fetch handler sees of a request, as JSON. */
const describe_request: FetchHandler = async (request) =>
  Response.json({
    method: request.method,
    url: request.url,
    headers: Object.fromEntries(request.headers),
    body: request.body === null ? null : await request.text(),
  });

/** The request that `from_fetch` makes of an environ. */
async function request_of(
  environ: Record<string, unknown>,
  body = "",
): Promise<Record<string, unknown>> {
  const { output, errors } = await run_app(from_fetch(describe_request), {
    environ,
    body,
  });
  assertEquals(errors, "");
  const page = bytes(output.slice(output.indexOf("\r\n\r\n")));
  return JSON.parse(new TextDecoder().decode(page));
}

async function url_of(environ: Record<string, unknown>): Promise<unknown> {
  return (await request_of({ HTTP_HOST: "h", ...environ })).url;
}

Deno.test("from_fetch() makes a Request of the environ", async () => {
  const request = await request_of({
    REQUEST_METHOD: "PUT",
    HTTP_HOST: "example.com:8080",
    HTTP_X_CUSTOM: "caf\xe9",
    HTTP_COOKIE: "a=1; b=2",
    CONTENT_TYPE: "text/csv",
    CONTENT_LENGTH: "5",
    SCRIPT_NAME: "/app",
    PATH_INFO: "/x",
    QUERY_STRING: "y=1",
  }, "Hello and more");
  assertEquals(request, {
    method: "PUT",
    url: "http://example.com:8080/app/x?y=1",
    headers: {
      "content-length": "5",
      "content-type": "text/csv",
      "cookie": "a=1; b=2",
      "host": "example.com:8080",
      "x-custom": "caf\xe9",
    },
    body: "Hello",
  });
});

Deno.test("from_fetch() gives GET and HEAD no body, and every other method a stream", async () => {
  const seen = async (REQUEST_METHOD: string) => {
    const environ = { REQUEST_METHOD, CONTENT_LENGTH: "2" };
    let body;
    const app = from_fetch((request) => {
      body = request.body;
      return new Response();
    });
    await run_app(app, { environ, body: "ab" });
    return body;
  };
  assertStrictEquals(await seen("GET"), null);
  assertStrictEquals(await seen("HEAD"), null);
  for (const method of ["POST", "DELETE", "OPTIONS", "BREW"]) {
    assertInstanceOf(await seen(method), ReadableStream);
  }
});

Deno.test("from_fetch() encodes the path byte for byte", async () => {
  for (
    const [path, expected] of [
      ["/caf\u00c3\u00a9", "/caf%C3%A9"],
      ["/caf\xe9", "/caf%E9"],
      ["/a b", "/a%20b"],
      ["/100%", "/100%25"],
      ["/%2F", "/%252F"],
      ["/a?b#c", "/a%3Fb%23c"],
      ["/a\\b", "/a%5Cb"],
      ["/a\0\n\tb", "/a%00%0A%09b"],
      ["/a:b@c;d=e,f+g!$&'()*~-._", "/a:b@c;d=e,f+g!$&'()*~-._"],
      ["/a//b", "/a//b"],
      ["//a", "//a"],
      ["", "/"],
      ["*", "/*"],
    ]
  ) {
    assertEquals(
      await url_of({ SCRIPT_NAME: "", PATH_INFO: path }),
      `http://h${expected}`,
      path,
    );
  }
});

Deno.test("from_fetch() has the URL begin with SCRIPT_NAME", async () => {
  assertEquals(
    await url_of({ SCRIPT_NAME: "/a b", PATH_INFO: "/c" }),
    "http://h/a%20b/c",
  );
  assertEquals(
    await url_of({ SCRIPT_NAME: "/app", PATH_INFO: "" }),
    "http://h/app",
  );
});

Deno.test("from_fetch() leaves the query as it was sent, but for what could not stand in a URL", async () => {
  const path = { SCRIPT_NAME: "", PATH_INFO: "/" };
  for (
    const [query, expected] of [
      ["a=1&b=%2F+%C3%A9&c", "a=1&b=%2F+%C3%A9&c"],
      ["a?b/c", "a?b/c"],
      ["a#b", "a%23b"],
      ["a=\xe9", "a=%E9"],
      ["a\tb\n", "a%09b%0A"],
      [" a ", "%20a%20"],
    ]
  ) {
    assertEquals(
      await url_of({ ...path, QUERY_STRING: query }),
      `http://h/?${expected}`,
      query,
    );
  }
});

Deno.test("from_fetch() takes the spelling of REQUEST_URI where it still says the same", async () => {
  const environ = {
    SCRIPT_NAME: "",
    PATH_INFO: "/a/b:c",
    QUERY_STRING: "d",
    REQUEST_URI: "/a%2Fb%3ac?d",
  };
  assertEquals(await url_of(environ), "http://h/a%2Fb%3ac?d");
  // A middleware has moved a segment, which leaves the whole the same.
  assertEquals(
    await url_of({ ...environ, SCRIPT_NAME: "/a", PATH_INFO: "/b:c" }),
    "http://h/a%2Fb%3ac?d",
  );
  // It has changed the path, or the query.
  assertEquals(await url_of({ ...environ, PATH_INFO: "/x" }), "http://h/x?d");
  assertEquals(
    await url_of({ ...environ, QUERY_STRING: "e" }),
    "http://h/a/b:c?e",
  );
  const asterisk = { REQUEST_METHOD: "OPTIONS", SCRIPT_NAME: "" };
  assertEquals(
    await url_of({ ...asterisk, PATH_INFO: "*", REQUEST_URI: "*" }),
    "http://h/*",
  );
  // Several slashes in front, which PATH_INFO has as one; a question mark without a query; raw bytes.
  const path = { SCRIPT_NAME: "", PATH_INFO: "/a" };
  assertEquals(await url_of({ ...path, REQUEST_URI: "//a" }), "http://h//a");
  assertEquals(await url_of({ ...path, REQUEST_URI: "/a?" }), "http://h/a?");
  assertEquals(
    await url_of({
      SCRIPT_NAME: "",
      PATH_INFO: "/\xe9\\",
      REQUEST_URI: "/\xe9\\",
    }),
    "http://h/%E9%5C",
  );
});

Deno.test("from_fetch() lets no Host header reach beyond its place in the URL", async () => {
  const path = { SCRIPT_NAME: "", PATH_INFO: "/x" };
  const server = { SERVER_NAME: "s", SERVER_PORT: "81" };
  for (
    const host of ["a/b", "a?b", "a#b", "u@a", "a\\b", "[::", "a b", "a:b", ""]
  ) {
    assertEquals(
      await url_of({ ...path, ...server, HTTP_HOST: host }),
      "http://s:81/x",
      host,
    );
  }
  const nobody = { SERVER_NAME: "[", HTTP_HOST: "]" };
  assertEquals(await url_of({ ...path, ...nobody }), "http://localhost/x");
});

Deno.test("from_fetch() makes an https URL where the scheme says so", async () => {
  const environ = { SCRIPT_NAME: "", PATH_INFO: "/", HTTPS: "on" };
  assertEquals(await url_of(environ), "https://h/");
});

Deno.test("from_fetch() answers CONNECT and TRACE with a 501", async () => {
  for (const REQUEST_METHOD of ["CONNECT", "TRACE", "track"]) {
    const app = validator(from_fetch(() => new Response("no")));
    const { output } = await run_app(app, { environ: { REQUEST_METHOD } });
    assertMatch(output, /^Status: 501 Not Implemented\r\n.*501 Not Imp/s);
  }
});

Deno.test("from_fetch() gives its handler the info of Deno.serve, and the environ", async () => {
  let seen;
  const handler: Deno.ServeHandler<Deno.NetAddr> = (_request, info) => {
    seen = info;
    return new Response();
  };
  const seen_of = async (environ: Record<string, unknown>) => {
    await run_app(from_fetch(handler), { environ });
    return seen!;
  };
  const environ = { REMOTE_ADDR: "192.0.2.1", REMOTE_PORT: "4711", "x.y": 1 };
  const { remoteAddr, environ: given } = await seen_of(environ);
  assertEquals(remoteAddr, {
    transport: "tcp",
    hostname: "192.0.2.1",
    port: 4711,
  });
  assertEquals(given["x.y"], 1);
  assertEquals((await seen_of({})).remoteAddr, {
    transport: "tcp",
    hostname: "",
    port: 0,
  });
});

// from_fetch: the response

/** The head and the body that a CGI-like handler writes for a response. */
async function output_of(
  handler: FetchHandler,
  environ: Record<string, unknown> = {},
): Promise<string> {
  const { output, errors } = await run_app(from_fetch(handler), { environ });
  assertEquals(errors, "");
  return output;
}

Deno.test("from_fetch() hands status, headers and body on", async () => {
  const response = () =>
    new Response("Hello", {
      status: 201,
      headers: [
        ["Content-Type", "text/plain"],
        ["Set-Cookie", "a=1"],
        ["Set-Cookie", "b=2"],
        ["X-Name", "caf\xe9"],
      ],
    });
  assertEquals(
    await output_of(response),
    "Status: 201 Created\r\ncontent-type: text/plain\r\n" +
      "set-cookie: a=1\r\nset-cookie: b=2\r\nx-name: caf\xe9\r\n\r\nHello",
  );
});

Deno.test("from_fetch() gives the registered reason where the response has none", async () => {
  const status = async (init: ResponseInit) =>
    (await output_of(() => new Response(null, init))).split("\r\n")[0];
  assertEquals(await status({ status: 418 }), "Status: 418 I'm a teapot");
  assertEquals(await status({ status: 299 }), "Status: 299 ");
  assertEquals(
    await status({ status: 200, statusText: "Fine" }),
    "Status: 200 Fine",
  );
});

Deno.test("from_fetch() leaves hop-by-hop headers out", async () => {
  const headers = {
    "Connection": "close",
    "Keep-Alive": "timeout=5",
    "Transfer-Encoding": "chunked",
    "X-A": "b",
  };
  assertEquals(
    await output_of(() => new Response(null, { headers })),
    "Status: 200 OK\r\nx-a: b\r\nContent-Length: 0\r\n\r\n",
  );
});

Deno.test("from_fetch() makes an empty result of a null body", async () => {
  assertEquals(
    await output_of(() => new Response(null, { status: 404 })),
    "Status: 404 Not Found\r\nContent-Length: 0\r\n\r\n",
  );
  assertEquals(
    await output_of(() => new Response(null, { status: 204 })),
    "Status: 204 No Content\r\n\r\n",
  );
});

Deno.test("from_fetch() gives no body to a HEAD, and cancels it", async () => {
  let cancelled = 0;
  let signal: AbortSignal;
  const handler: FetchHandler = (request) => {
    signal = request.signal;
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(bytes("a")),
      cancel() {
        cancelled++;
      },
    });
    return new Response(body, {
      headers: { "Content-Type": "text/plain", "Content-Length": "3" },
    });
  };
  const environ = { REQUEST_METHOD: "HEAD" };
  const { output, errors } = await run_app(validator(from_fetch(handler)), {
    environ,
  });
  assertEquals(
    output,
    "Status: 200 OK\r\ncontent-length: 3\r\ncontent-type: text/plain\r\n\r\n",
  );
  assertEquals(errors, "");
  assertEquals(cancelled, 1);
  assertFalse(signal!.aborted);
});

Deno.test("from_fetch() streams both ways, chunk by chunk", async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const handler = to_fetch(
    validator(
      from_fetch((request) =>
        new Response(request.body, {
          headers: { "Content-Type": "text/plain" },
        })
      ),
    ),
  );
  const init = { method: "POST", body: readable, duplex: "half" };
  const writer = writable.getWriter();
  let written = writer.write(bytes("0")); // The response begins with it.
  const { body } = await handler(new Request("http://h/", init as RequestInit));
  const reader = body!.getReader();
  for (let i = 0; i < 3; i++) {
    assertEquals(text((await reader.read()).value!), String(i));
    await written;
    written = writer.write(bytes(String(i + 1)));
  }
  assertEquals(text((await reader.read()).value!), "3");
  const closed = writer.close();
  assert((await reader.read()).done);
  await closed;
});

Deno.test("from_fetch() asks the response for no more than the server takes", async () => {
  let pulled = 0;
  const body = () =>
    new ReadableStream({
      pull(controller) {
        pulled++;
        controller.enqueue(bytes("x"));
      },
    }, { highWaterMark: 0 });
  const response = await to_fetch(from_fetch(() => new Response(body())))(
    new Request("http://h/"),
  );
  const reader = response.body!.getReader();
  for (let i = 0; i < 3; i++) await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert(pulled <= 5, `${pulled} pulled`);
  await reader.cancel();
});

Deno.test("from_fetch() has what its handler throws come out as an error of the application", async () => {
  const throwing: FetchHandler[] = [
    () => {
      throw new Error("mine");
    },
    () => Promise.reject(new Error("mine")),
    () =>
      new Response(
        new ReadableStream<Uint8Array<ArrayBuffer>>({
          pull: (controller) => controller.error(new Error("mine")),
        }),
      ),
  ];
  for (const handler of throwing) {
    const { output, errors } = await run_app(from_fetch(handler));
    assertMatch(output, /^Status: 500 Internal Server Error\r\n/);
    assertEquals(errors.match(/Error: mine/g)?.length, 1);
  }
});

Deno.test("from_fetch() says what came instead of a Response", async () => {
  const { errors } = await run_app(
    from_fetch((() => "Hello") as unknown as FetchHandler),
  );
  assertMatch(
    errors,
    /^TypeError: a fetch handler must return a Response, got "Hello"\n/,
  );
  assertThrows(
    () => from_fetch({} as unknown as FetchHandler),
    TypeError,
    "the fetch handler must be a function, got an object of class Object",
  );
});

Deno.test("from_fetch() refuses a response that the platform alone could send", async () => {
  const { output, errors } = await run_app(from_fetch(() => Response.error()));
  assertMatch(output, /^Status: 500/);
  assertMatch(errors, /^TypeError: the status must be .*, got "0 "/);
});

// from_fetch: the end of it

/** Calls `from_fetch(handler)` by hand, and gives its result with the request that the handler got. */
function call(handler: FetchHandler, environ: Record<string, unknown> = {}) {
  setup_testing_defaults(environ);
  let request: Request | undefined;
  let completed: Promise<void> | undefined;
  const app = from_fetch((given, info) => {
    request = given;
    completed = info.completed;
    return handler(given, info);
  });
  const result = app(environ as WSGIEnvironment, () => async () => {});
  const iterator = (result as AsyncIterable<Uint8Array>)
    [Symbol.asyncIterator]();
  return {
    result: result as WSGIResult,
    iterator,
    signal: () => request!.signal,
    completed: () => completed!,
  };
}

const two_blocks: FetchHandler = () => new Response(stream_of("a", "b"));

Deno.test("request.signal is aborted when the result is closed before its end", async () => {
  const { iterator, result, signal, completed } = call(two_blocks);
  await iterator.next();
  assertFalse(signal().aborted);
  await result.close!();
  assertEquals(signal().reason.name, "AbortError");
  await assertRejects(completed, DOMException);
});

Deno.test("request.signal is not aborted when the result was taken to its end", async () => {
  const { iterator, result, signal, completed } = call(two_blocks);
  while (!(await iterator.next()).done);
  await result.close!();
  await completed();
  assertFalse(signal().aborted);
});

Deno.test("request.signal is not aborted when the Content-Length has been taken", async () => {
  let cancelled = 0;
  const body = () =>
    new ReadableStream({
      start: (controller) => controller.enqueue(bytes("abc")),
      cancel() {
        cancelled++;
      },
    });
  const headers = { "Content-Length": "3" };
  const { iterator, result, signal, completed } = call(() =>
    new Response(body(), { headers })
  );
  assertEquals(text((await iterator.next()).value!), "abc");
  await result.close!();
  await completed();
  assertFalse(signal().aborted);
  assertEquals(cancelled, 1);
});

Deno.test("request.signal is not aborted when there is no body to take", async () => {
  const { iterator, result, signal } = call(() => new Response(null));
  assert((await iterator.next()).done);
  await result.close!();
  assertFalse(signal().aborted);
});

Deno.test("request.signal is aborted when the handler or its body failed", async () => {
  const failing = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => controller.error(new Error("mine")),
  });
  for (
    const handler of [
      () => Promise.reject(new Error("mine")),
      () => new Response(failing),
    ]
  ) {
    const { iterator, result, signal } = call(handler);
    await assertRejects(() => iterator.next(), Error, "mine");
    await result.close!();
    assert(signal().aborted);
  }
});

Deno.test("request.signal is aborted while the handler is still at work", async () => {
  let signal: AbortSignal | undefined;
  let cancelled = 0;
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const app = from_fetch(async (request) => {
    signal = request.signal;
    signal.addEventListener("abort", () => resolve());
    await aborted;
    return new Response(
      new ReadableStream({
        cancel() {
          cancelled++;
        },
      }),
    );
  });
  const environ = {};
  setup_testing_defaults(environ);
  const log = new Log();
  const handler = new ResponseHandler(stream_of(), log, environ);
  const response = handler.respond(app);
  await until(() => signal !== undefined);
  handler.abort();
  await response;
  assert(signal!.aborted);
  await until(() => cancelled > 0);
  assertEquals(log.text, "");
});

Deno.test("a handler whose result was closed unread is never called", async () => {
  let calls = 0;
  const { result } = call(() => {
    calls++;
    return new Response();
  });
  await result.close!();
  assertEquals(calls, 0);
});

Deno.test("the body of the response is cancelled, though a block of it is awaited", async () => {
  let cancelled = 0;
  const { iterator, result } = call(() =>
    new Response(
      new ReadableStream({
        cancel() {
          cancelled++;
        },
      }),
    )
  );
  const next = iterator.next();
  await new Promise((resolve) => setTimeout(resolve));
  await result.close!();
  assertEquals(cancelled, 1);
  assert((await next).done);
});

Deno.test("a middleware that leaves its loop over the result closes it", async () => {
  const { result, signal } = call(two_blocks);
  for await (const block of result) {
    assertEquals(text(block), "a");
    break;
  }
  assert(signal().aborted);
  await result.close!();
});

Deno.test("a middleware may change the environ once the application has returned", async () => {
  const inner = from_fetch((request) => new Response(request.url));
  const app: WSGIApplication = (environ, start_response) => {
    const result = inner(environ, start_response);
    environ.PATH_INFO = "/changed";
    return result;
  };
  const { output } = await run_app(app, { environ: { PATH_INFO: "/x" } });
  assertMatch(output, /\/x$/);
});

Deno.test("request.signal is aborted when a client of the simple server leaves", async () => {
  let signal: AbortSignal | undefined;
  await using server = serve(from_fetch((request) => {
    signal = request.signal;
    return new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(bytes("a")),
      }),
    );
  }));
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await write_all(conn, bytes("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  await conn.read(new Uint8Array(1000));
  assertFalse(signal!.aborted);
  conn.close();
  await until(() => signal!.aborted);
});

// The round trip

/** What a client sees of a response. */
async function seen(response: Response | Promise<Response>) {
  const { status, statusText, headers, body } = await response;
  return {
    status,
    statusText,
    headers: [...headers].filter(([name]) => name !== "content-length"),
    body: body === null ? "" : await toText(body),
  };
}

const round_trips: [
  name: string,
  handler: FetchHandler,
  request?: () => Request,
][] = [
  ["an empty response", () => new Response(null, { statusText: "OK" })],
  ["a text", () => new Response("Hello", { statusText: "OK" })],
  [
    "no content",
    () => new Response(null, { status: 204, statusText: "No Content" }),
  ],
  ["a redirect", () =>
    new Response(null, {
      status: 302,
      statusText: "Found",
      headers: { Location: "/there" },
    })],
  [
    "a reason of its own",
    () => new Response("x", { status: 200, statusText: "Fine" }),
  ],
  ["cookies and bytes in headers", () =>
    new Response("x", {
      statusText: "OK",
      headers: [
        ["Set-Cookie", "a=1"],
        ["Set-Cookie", "b=2"],
        ["X-A", "caf\xe9"],
        ["X-B", "1"],
        ["X-B", "2"],
      ],
    })],
  [
    "a stream",
    () => new Response(stream_of("a", "", "b"), { statusText: "OK" }),
  ],
  [
    "a request with everything",
    async (request) =>
      new Response(
        JSON.stringify([
          request.method,
          request.url,
          [...request.headers],
          await request.text(),
        ]),
        { statusText: "OK" },
      ),
    () =>
      new Request("https://example.com:8443/caf%C3%A9/%2F//x%zz?a=%20&b?#c", {
        method: "POST",
        body: "caf\u00e9",
        headers: [
          ["Content-Type", "text/csv"],
          ["Cookie", "a=1; b=2"],
          ["X-A", "caf\xe9"],
          ["X-B", "1"],
          ["X-B", "2"],
        ],
      }),
  ],
  [
    "a request without headers",
    (request) =>
      new Response(JSON.stringify([request.url, [...request.headers]]), {
        statusText: "OK",
      }),
    () => new Request("http://[::1]/?"),
  ],
];

Deno.test("to_fetch(from_fetch(handler)) behaves as the handler does", async (t) => {
  for (const [name, handler, request] of round_trips) {
    await t.step(name, async () => {
      const make = request ?? (() => new Request("http://h/x"));
      // A fragment never gets as far as a server.
      const received = new Request(make().url.replace(/#.*/, ""), make());
      const info = {} as WSGIFetchInfo;
      assertEquals(
        await seen(to_fetch(from_fetch(handler))(make())),
        await seen(handler(received, info)),
      );
    });
  }
});

Deno.test("to_fetch(from_fetch(handler)) cancels the handler's body when its own is cancelled", async () => {
  let cancelled = 0;
  let signal: AbortSignal | undefined;
  const handler = to_fetch(from_fetch((request) => {
    signal = request.signal;
    return new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(bytes("a")),
        cancel() {
          cancelled++;
        },
      }),
    );
  }));
  const { body } = await handler(new Request("http://h/"));
  const reader = body!.getReader();
  await reader.read();
  await reader.cancel();
  await until(() => cancelled > 0);
  assertEquals(cancelled, 1);
  assert(signal!.aborted);
});

Deno.test("to_fetch(from_fetch(handler)) answers a handler that throws with a 500", async () => {
  const log = new Log();
  const handler = to_fetch(
    from_fetch(() => {
      throw new Error("mine");
    }),
    { stderr: log },
  );
  assertEquals((await handler(new Request("http://h/"))).status, 500);
  assertStringIncludes(log.text, "mine");
});

Deno.test("from_fetch() serves Deno.serve's handlers through make_server()", async () => {
  const handler: Deno.ServeHandler<Deno.NetAddr> = async (
    request,
    { remoteAddr },
  ) =>
    Response.json([
      new URL(request.url).pathname,
      await request.text(),
      remoteAddr.hostname,
    ]);
  await using server = serve(validator(from_fetch(handler)));
  const response = await fetch(`${server.url}/a%2Fb`, {
    method: "POST",
    body: "Hello",
  });
  assertEquals(await response.json(), ["/a%2Fb", "Hello", "127.0.0.1"]);
});

// The example

Deno.test("examples/deploy.ts is served by deno serve, and does not show the environment", async () => {
  const secret = "s3cret-of-the-process";
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "serve",
      "--allow-env",
      "--port",
      "0",
      "--host",
      "127.0.0.1",
      "examples/deploy.ts",
    ],
    cwd: root,
    env: { NO_COLOR: "1", MY_SECRET: secret },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const printed = { text: "" };
  const drained = Promise.all(
    [child.stdout, child.stderr].map(async (stream) => {
      for await (const part of stream.pipeThrough(new TextDecoderStream())) {
        printed.text += part;
      }
    }),
  );
  try {
    let ended = false;
    child.status.then(() => ended = true);
    const url = () => printed.text.match(/http:\/\/127\.0\.0\.1:\d+/)?.[0];
    await until(() => ended || url() !== undefined);
    assertFalse(ended, printed.text);
    const response = await fetch(`${url()}/some/where?x=1`);
    const page = await response.text();
    assertMatch(page, /^Hello world!\n\nCONTENT_LENGTH = ''\n/);
    assertStringIncludes(page, "\nPATH_INFO = '/some/where'\n");
    assertStringIncludes(page, "\nQUERY_STRING = 'x=1'\n");
    assertStringIncludes(page, "\nREMOTE_ADDR = '127.0.0.1'\n");
    assertFalse(page.includes(secret));
    assertFalse(page.includes("MY_SECRET"));
  } finally {
    child.kill("SIGTERM");
    await child.status;
    await drained;
  }
  assertFalse(printed.text.includes("signal"), printed.text);
});
