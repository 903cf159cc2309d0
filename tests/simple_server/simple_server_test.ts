import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { TextLineStream, toText } from "@std/streams";
import {
  demo_app,
  make_server,
  ServerHandler,
  WSGIRequestHandler,
  WSGIServer,
} from "../../simple_server.ts";
import type {
  HeaderList,
  StartResponse,
  WSGIApplication,
  WSGIEnvironment,
} from "../../types.ts";
import {
  bytes,
  Log,
  raw_request,
  read_all,
  root,
  run_script,
  serve,
  stream_of,
  text,
  until,
  write_all,
} from "../support/support.ts";

const hello: WSGIApplication = (_environ, start_response) => {
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [bytes("Hello")];
};

/** Answers with the environ as JSON. */
const show: WSGIApplication = (environ, start_response) => {
  start_response("200 OK", [["Content-Type", "application/json"]]);
  return [new TextEncoder().encode(JSON.stringify(environ))];
};

/** The environ that the server makes of a raw request. */
async function environ_of(request: string): Promise<Record<string, string>> {
  await using server = serve(show);
  const { body } = await raw_request(server.port, request);
  return JSON.parse(new TextDecoder().decode(bytes(body)));
}

/** A raw GET. */
function get(target: string, ...headers: string[]): string {
  const lines = [`GET ${target} HTTP/1.1`, "Host: h", "Connection: close"];
  return [...lines, ...headers, "", ""].join("\r\n");
}

/** The headers that a client got, in lower case and sorted, without Date. */
function received({ headers }: { headers: string[] }): string[] {
  return headers.map((line) => line.toLowerCase())
    .filter((line) => !line.startsWith("date:")).sort();
}

class Quiet extends WSGIRequestHandler {
  override log_message(): void {}
}

/** Whether `promise` is still pending after a while. */
async function is_pending(
  promise: Promise<unknown>,
  milliseconds = 50,
): Promise<boolean> {
  const pending = new Promise((resolve) =>
    setTimeout(resolve, milliseconds, "pending")
  );
  return await Promise.race([promise, pending]) === "pending";
}

// make_server and WSGIServer

Deno.test("make_server() gives a WSGIServer that listens", async () => {
  await using server = make_server("127.0.0.1", 0, demo_app);
  const port = server.server_port;
  assertInstanceOf(server, WSGIServer);
  assertStrictEquals(server.get_app(), demo_app);
  assertEquals(server.server_address, ["127.0.0.1", port]);
  (await Deno.connect({ hostname: "127.0.0.1", port })).close();
});

Deno.test("make_server() uses the classes that it is given", async () => {
  class Server extends WSGIServer {
    override setup_environ() {
      super.setup_environ();
      this.base_environ["test.server"] = "mine";
    }
  }
  class Handler extends Quiet {
    override get_environ() {
      return { ...super.get_environ(), "test.handler": "mine" };
    }
  }
  await using server = make_server("127.0.0.1", 0, show, Server, Handler);
  assertInstanceOf(server, Server);
  server.serve_forever();
  const response = await fetch(`http://127.0.0.1:${server.server_port}/a`);
  const environ = await response.json();
  assertEquals(environ["test.server"], "mine");
  assertEquals(environ["test.handler"], "mine");
});

Deno.test("WSGIServer says that a port is taken", async () => {
  await using server = make_server("127.0.0.1", 0, hello);
  assertThrows(
    () => make_server("127.0.0.1", server.server_port, hello),
    Deno.errors.AddrInUse,
  );
});

Deno.test("WSGIServer ends when the signal of its options is given", async () => {
  const controller = new AbortController();
  const server = new WSGIServer(["127.0.0.1", 0], Quiet, {
    signal: controller.signal,
  });
  const served = server.serve_forever();
  controller.abort();
  await served;
});

Deno.test("WSGIServer listens at every address when the host is empty", async () => {
  await using server = make_server("", 0, hello, WSGIServer, Quiet);
  server.serve_forever();
  assertEquals(server.server_address[0], "0.0.0.0");
  const response = await fetch(`http://127.0.0.1:${server.server_port}`);
  assertEquals(await response.text(), "Hello");
});

Deno.test("WSGIServer listens at a Unix socket, where REMOTE_ADDR is empty", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/a b.sock`;
  const server = new WSGIServer(path, Quiet);
  server.set_app(show);
  server.serve_forever();
  assertEquals(server.server_address, path);
  using conn = await Deno.connect({ transport: "unix", path });
  await write_all(conn, bytes(get("/x%2Fy?q", "X-A: b")));
  const [, body] = (await read_all(conn)).split("\r\n\r\n");
  const environ = JSON.parse(body!);
  assertEquals(environ.REMOTE_ADDR, "");
  assertEquals(environ.PATH_INFO, "/x/y");
  assertEquals(environ.REQUEST_URI, "/x%2Fy?q");
  await server.shutdown();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("setup_environ() fills base_environ", async () => {
  await using server = make_server("127.0.0.1", 0, hello);
  assertEquals(server.base_environ, {
    SERVER_NAME: "localhost",
    GATEWAY_INTERFACE: "CGI/1.1",
    SERVER_PORT: String(server.server_port),
    REMOTE_HOST: "",
    CONTENT_LENGTH: "",
    SCRIPT_NAME: "",
  });
});

Deno.test("set_app() sets the application, get_app() gets it", async () => {
  await using server = new WSGIServer(["127.0.0.1", 0], Quiet);
  assertThrows(
    () => server.get_app(),
    Error,
    "the server has no application: call set_app() first",
  );
  server.set_app(hello);
  assertStrictEquals(server.get_app(), hello);
});

Deno.test("requests wait until serve_forever() is called", async () => {
  await using server = make_server("127.0.0.1", 0, hello, WSGIServer, Quiet);
  const url = `http://127.0.0.1:${server.server_port}`;
  const requests = [fetch(url), fetch(url)];
  assert(await is_pending(Promise.race(requests)));
  server.serve_forever();
  for (const request of requests) {
    assertEquals(await (await request).text(), "Hello");
  }
});

Deno.test("handle_request() handles exactly one request", async () => {
  await using server = make_server("127.0.0.1", 0, show, WSGIServer, Quiet);
  const url = `http://127.0.0.1:${server.server_port}`;
  const handled = server.handle_request();
  const first = await fetch(`${url}/1`);
  assertEquals((await first.json()).PATH_INFO, "/1");
  await handled;
  const second = fetch(`${url}/2`);
  assert(await is_pending(second));
  await server.handle_request();
  assertEquals((await (await second).json()).PATH_INFO, "/2");
});

Deno.test("handle_request() resolves when the response is complete", async () => {
  const gate = Promise.withResolvers<void>();
  await using server = make_server(
    "127.0.0.1",
    0,
    async function* (_environ, start_response) {
      start_response("200 OK", []);
      yield bytes("a");
      await gate.promise;
      yield bytes("b");
    },
    WSGIServer,
    Quiet,
  );
  const handled = server.handle_request();
  const response = await fetch(`http://127.0.0.1:${server.server_port}`);
  assert(await is_pending(handled));
  gate.resolve();
  assertEquals(await response.text(), "ab");
  await handled;
});

Deno.test("handle_request() is refused while serve_forever() runs", async () => {
  await using server = make_server("127.0.0.1", 0, hello);
  server.serve_forever();
  await assertRejects(
    () => server.handle_request(),
    Error,
    "serve_forever() handles all requests",
  );
});

Deno.test("shutdown() lets requests finish and settles serve_forever()", async () => {
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const server = make_server(
    "127.0.0.1",
    0,
    async (_environ, start_response) => {
      started.resolve();
      await gate.promise;
      start_response("200 OK", []);
      return [bytes("finished")];
    },
    WSGIServer,
    Quiet,
  );
  const port = server.server_port;
  const served = server.serve_forever();
  const response = fetch(`http://127.0.0.1:${port}`);
  await started.promise;
  const down = server.shutdown();
  await assertRejects(() => Deno.connect({ hostname: "127.0.0.1", port }));
  gate.resolve();
  assertEquals(await (await response).text(), "finished");
  await Promise.all([down, served]);
});

Deno.test("shutdown() closes idle connections", async () => {
  await using server = serve(hello);
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await write_all(conn, bytes("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  await conn.read(new Uint8Array(4096));
  await server.server.shutdown();
  assertEquals(await conn.read(new Uint8Array(1)), null);
});

Deno.test("shutdown() turns away requests that nobody handles", async () => {
  const server = make_server("127.0.0.1", 0, hello);
  const response = fetch(`http://127.0.0.1:${server.server_port}`);
  assert(await is_pending(response, 1000)); // Long enough for it to arrive.
  await server.shutdown();
  assertEquals((await response).status, 503);
  await server.handle_request(); // Nothing will come: it resolves at once.
});

Deno.test("server_close() breaks off what is under way, and closes results", async () => {
  let closed = 0;
  await using server = serve((_environ, start_response) => {
    start_response("200 OK", []);
    return {
      async *[Symbol.asyncIterator]() {
        yield bytes("x");
        await new Promise(() => {});
      },
      close: () => void closed++,
    };
  });
  const response = await fetch(server.url);
  await server.server.server_close();
  await assertRejects(() => response.text());
  await until(() => closed > 0);
  assertEquals(closed, 1);
});

Deno.test("a server without an application answers 500 and says why", async () => {
  await using server = serve(hello);
  server.server.application = null;
  const response = await fetch(server.url);
  assertEquals([response.status, await response.text()], [500, ""]);
  assertEquals(
    server.log.text,
    "unhandled: Error: the server has no application: call set_app() first\n",
  );
});

Deno.test("finish_request() and handle_error() may be overridden", async () => {
  const errors: unknown[] = [];
  class Server extends WSGIServer {
    override finish_request(
      ...args: Parameters<WSGIServer["finish_request"]>
    ): Response | Promise<Response> {
      if (args[0].url.endsWith("/fail")) throw new Error("no handler");
      return super.finish_request(...args);
    }
    override handle_error(error: unknown): Response {
      errors.push(error);
      return new Response("sorry", { status: 502 });
    }
  }
  await using server = make_server("127.0.0.1", 0, hello, Server, Quiet);
  server.serve_forever();
  const url = `http://127.0.0.1:${server.server_port}`;
  assertEquals(await (await fetch(url)).text(), "Hello");
  const failed = await fetch(`${url}/fail`);
  assertEquals([failed.status, await failed.text()], [502, "sorry"]);
  assertEquals(errors.map(String), ["Error: no handler"]);
});

// get_environ

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
  assertEquals(JSON.parse(body), {
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

Deno.test("get_environ() lets no Host header leak into the path", async () => {
  for (
    const host of ["a/b", "a/b/c:80", "caf\xc3\xa9/x", "\xff/x", "", "u@h", "?"]
  ) {
    const environ = await environ_of(
      `GET /p/q HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    assertEquals([environ.PATH_INFO, environ.HTTP_HOST], ["/p/q", host]);
  }
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
    get("/p", "Path-Info: /x", "Remote-Addr: 1.2.3.4", "Server-Name: x"),
  );
  assertEquals(environ.PATH_INFO, "/p");
  assertEquals(environ.REMOTE_ADDR, "127.0.0.1");
  for (const name of ["PATH_INFO", "REMOTE_ADDR", "SERVER_NAME"]) {
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
    environs.push(JSON.parse(new TextDecoder().decode(bytes(body))));
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
    environ.PATH = "changed";
    start_response("200 OK", []);
    return [bytes(String(before))];
  });
  for (let i = 0; i < 2; i++) {
    assertEquals(await (await fetch(server.url)).text(), "undefined");
  }
});

// wsgi.input

const echo: WSGIApplication = async (environ, start_response) => {
  const body = await toText(environ["wsgi.input"]);
  start_response("200 OK", [["X-Length", environ.CONTENT_LENGTH || "none"]]);
  return [bytes(`${environ.REQUEST_METHOD} ${body.length} ${body}`)];
};

Deno.test("wsgi.input is the body, with a length or chunked", async () => {
  await using server = serve(echo);
  const with_length = await fetch(server.url, { method: "POST", body: "abc" });
  assertEquals(with_length.headers.get("x-length"), "3");
  assertEquals(await with_length.text(), "POST 3 abc");
  const body = stream_of("ab", "c");
  const chunked = await fetch(server.url, { method: "PUT", body });
  assertEquals(chunked.headers.get("x-length"), "none");
  assertEquals(await chunked.text(), "PUT 3 abc");
});

Deno.test("wsgi.input is an empty stream when there is no body", async () => {
  await using server = serve(echo);
  for (const method of ["GET", "POST", "DELETE"]) {
    const response = await fetch(server.url, { method });
    assertEquals(await response.text(), `${method} 0 `);
  }
});

Deno.test("wsgi.input can be read in every way that a stream can", async () => {
  type Way = (input: ReadableStream<Uint8Array>) => Promise<string>;
  const ways: Record<string, Way> = {
    json: async (input) => JSON.stringify(await new Response(input).json()),
    text: (input) => toText(input),
    chunks: async (input) => {
      let all = "";
      for await (const chunk of input) all += text(chunk);
      return all;
    },
    lines: async (input) => {
      const lines = input.pipeThrough(new TextDecoderStream())
        .pipeThrough(new TextLineStream());
      return (await Array.fromAsync(lines)).join("");
    },
  };
  await using server = serve(async (environ, start_response) => {
    const way = ways[environ.PATH_INFO.slice(1)]!;
    const answer = await way(environ["wsgi.input"]);
    start_response("200 OK", []);
    return [bytes(answer)];
  });
  for (const way of Object.keys(ways)) {
    const body = '{"a":"b"}\n';
    const response = await fetch(`${server.url}/${way}`, {
      method: "POST",
      body,
    });
    assertEquals([way, (await response.text()).trim()], [way, '{"a":"b"}']);
  }
});

Deno.test("a body that ends early makes wsgi.input fail, which is no error of the application", async () => {
  let started = 0;
  const failures: unknown[] = [];
  await using server = serve(async (environ, start_response) => {
    started++;
    try {
      await toText(environ["wsgi.input"]);
    } catch (error) {
      failures.push(error);
      throw error;
    }
    start_response("200 OK", []);
    return [];
  });
  for (const head of ["Content-Length: 100", "Transfer-Encoding: chunked"]) {
    const before = started;
    const conn = await Deno.connect({
      hostname: "127.0.0.1",
      port: server.port,
    });
    await write_all(
      conn,
      bytes(`POST / HTTP/1.1\r\nHost: h\r\n${head}\r\n\r\n3\r\nabc`),
    );
    await until(() => started > before);
    conn.close();
  }
  await until(() => server.log.text.split("\n").length === 3);
  assertEquals(failures.length, 2);
  assertEquals(
    server.log.text,
    '"POST / HTTP/1.1" 500 0\n"POST / HTTP/1.1" 500 0\n',
  );
});

Deno.test("an application may answer without reading the body", async () => {
  await using server = serve(hello);
  const body = new Uint8Array(1 << 20);
  const response = await fetch(server.url, { method: "POST", body });
  assertEquals(await response.text(), "Hello");
});

Deno.test("an application may answer when it has read a part of the body", async () => {
  await using server = serve(async (environ, start_response) => {
    const reader = environ["wsgi.input"].getReader();
    await reader.read();
    reader.releaseLock();
    start_response("200 OK", []);
    return [bytes("enough")];
  });
  const size = 1 << 20;
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const head =
    `POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`;
  const [answer] = await Promise.all([
    read_all(conn),
    write_all(conn, bytes(head)).then(() =>
      write_all(conn, new Uint8Array(size))
    ),
  ]);
  assertStringIncludes(answer, "\r\n\r\nenough");
});

// The response

Deno.test("a response has the application's headers, Server and Content-Length", async () => {
  await using server = serve((_environ, start_response) => {
    start_response("200 OK", [
      ["Content-Type", "text/plain"],
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", "b=2"],
      ["X-Latin", "caf\xe9"],
    ]);
    return [bytes("Hello")];
  });
  const answer = await raw_request(server.port, get("/"));
  assertEquals(answer.status, "HTTP/1.1 200 OK");
  assertEquals(received(answer), [
    "connection: close",
    "content-length: 5",
    "content-type: text/plain",
    `server: wsgiserver/0.2 deno/${Deno.version.deno}`,
    "set-cookie: a=1",
    "set-cookie: b=2",
    "x-latin: caf\xe9",
  ]);
  assertEquals(answer.headers.filter((line) => /^date:/i.test(line)).length, 1);
  assertEquals(answer.body, "Hello");
});

Deno.test("a response keeps the Server and the Date of the application", async () => {
  await using server = serve((_environ, start_response) => {
    start_response("200 OK", [
      ["Server", "mine"],
      ["Date", "Mon, 05 Jun 2006 18:49:54 GMT"],
    ]);
    return [];
  });
  const answer = await raw_request(server.port, get("/"));
  assertEquals(received(answer), [
    "connection: close",
    "content-length: 0",
    "server: mine",
  ]);
  assertStringIncludes(answer.raw, "Mon, 05 Jun 2006 18:49:54 GMT");
});

Deno.test("a status without a body is sent without one, whatever the application returns", async () => {
  for (
    const status of ["204 No Content", "205 Reset Content", "304 Not Modified"]
  ) {
    for (const blocks of [[], ["body"], ["bo", "dy"]]) {
      await using server = serve((_environ, start_response) => {
        start_response(status, [["Server", "s"]]);
        return blocks.map(bytes);
      });
      const answer = await raw_request(server.port, get("/"));
      assertEquals(answer.status, `HTTP/1.1 ${status}`);
      assertEquals(received(answer), ["connection: close", "server: s"]);
      assertEquals(answer.body, "");
      assertEquals(
        server.log.text,
        `"GET / HTTP/1.1" ${status.slice(0, 3)} 0\n`,
      );
    }
  }
});

Deno.test("HEAD has the headers of GET and no body, whatever the application returns", async () => {
  const results: Record<string, [HeaderList, string[], string[]]> = {
    "/one": [[], ["hello"], ["content-length: 5"]],
    "/several": [[], ["he", "llo"], []],
    "/none": [[], [], []],
    "/declared": [[["Content-Length", "7"]], [], ["content-length: 7"]],
    "/both": [[["Content-Length", "5"]], ["hello"], ["content-length: 5"]],
  };
  await using server = serve((environ, start_response) => {
    const [headers, blocks] = results[environ.PATH_INFO]!;
    start_response("200 OK", [["Server", "s"], ...headers]);
    return blocks.map(bytes);
  });
  for (const [path, [, , expected]] of Object.entries(results)) {
    const request = get(path).replace("GET", "HEAD");
    const answer = await raw_request(server.port, request);
    assertEquals(received(answer), [
      "connection: close",
      ...expected,
      "server: s",
    ]);
    assertEquals(answer.body, "");
  }
});

Deno.test("a status from 200 to 599 is sent, any other is an error", async () => {
  await using server = serve((environ, start_response) => {
    start_response(decodeURIComponent(environ.QUERY_STRING), []);
    return [];
  });
  const answer = async (status: string) => {
    const target = `/?${encodeURIComponent(status)}`;
    return (await raw_request(server.port, get(target))).status;
  };
  for (const code of [200, 201, 299, 302, 404, 418, 500, 599]) {
    assertStringIncludes(await answer(`${code} x`), `HTTP/1.1 ${code} `);
  }
  server.log.text = "";
  for (const status of ["600 Beyond", "100 Continue", "99 Odd"]) {
    assertStringIncludes(await answer(status), "HTTP/1.1 500 ");
  }
  assertStringIncludes(
    server.log.text,
    'RangeError: the status must be from 200 to 599, got "600 Beyond"',
  );
});

Deno.test("a result of several blocks is sent block by block", async () => {
  const gates = [0, 1, 2].map(() => Promise.withResolvers<void>());
  await using server = serve(async function* (_environ, start_response) {
    start_response("200 OK", []);
    for (const [i, { promise }] of gates.entries()) {
      await promise;
      yield bytes(`block ${i}`);
    }
  });
  gates[0]!.resolve();
  const response = await fetch(server.url);
  const reader = response.body!.getReader();
  for (const i of [0, 1, 2]) {
    assertEquals(text((await reader.read()).value!), `block ${i}`);
    gates[i + 1]?.resolve();
  }
  assertEquals((await reader.read()).done, true);
  await until(() => server.log.text !== "");
  assertEquals(server.log.text, '"GET / HTTP/1.1" 200 21\n');
});

Deno.test("write() sends at once, and its promises settle", async () => {
  const gate = Promise.withResolvers<void>();
  await using server = serve(async (_environ, start_response) => {
    const write = start_response("200 OK", []);
    await Promise.all([write(bytes("a")), write(bytes("b"))]);
    await gate.promise;
    await write(bytes("c"));
    return [bytes("d")];
  });
  const reader = (await fetch(server.url)).body!.getReader();
  let all = "";
  while (all.length < 2) all += text((await reader.read()).value!);
  assertEquals(all, "ab");
  gate.resolve();
  while (all.length < 4) all += text((await reader.read()).value!);
  assertEquals([all, (await reader.read()).done], ["abcd", true]);
});

/** Waits until `count()` stands still. */
async function standstill(count: () => number): Promise<number> {
  let before = -1;
  while (count() === 0 || count() !== before) {
    before = count();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return before;
}

Deno.test("the application is not asked for more than the client takes", async () => {
  let made = 0;
  await using server = serve(function* (_environ, start_response) {
    start_response("200 OK", []);
    while (true) {
      made++;
      yield new Uint8Array(65536);
    }
  });
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await write_all(conn, bytes(get("/")));
  const blocks = await standstill(() => made);
  assert(blocks < 1000, `${blocks} blocks were made that nobody takes`);
});

Deno.test("the client is not asked for more than the application takes", async () => {
  const gate = Promise.withResolvers<void>();
  await using server = serve(async (environ, start_response) => {
    await gate.promise;
    let length = 0;
    for await (const chunk of environ["wsgi.input"]) length += chunk.length;
    start_response("200 OK", []);
    return [bytes(String(length))];
  });
  let made = 0;
  const total = 2000;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (made++ < total) controller.enqueue(new Uint8Array(65536));
      else controller.close();
    },
  });
  const response = fetch(server.url, { method: "POST", body });
  const blocks = await standstill(() => made);
  assert(blocks < 1000, `${blocks} blocks were taken that nobody reads`);
  gate.resolve();
  assertEquals(await (await response).text(), String(total * 65536));
});

// Errors

Deno.test("an error before the headers is a 500 with the fixed body, and is logged once", async () => {
  await using server = serve(() => {
    throw new Error("the well is dry");
  });
  const response = await fetch(server.url);
  assertEquals(response.status, 500);
  assertEquals(response.headers.get("content-type"), "text/plain");
  assertEquals(
    await response.text(),
    "A server error occurred.  Please contact the administrator.",
  );
  await until(() => server.log.text.endsWith("59\n"));
  assertMatch(
    server.log.text,
    /^Error: the well is dry\n {4}at .*\n[^]*"GET \/ HTTP\/1\.1" 500 59\n$/,
  );
  assertEquals(server.log.text.split("the well is dry").length, 2);
});

Deno.test("an error after the headers breaks the connection off, and is logged once", async () => {
  for (const headers of [[], [["Content-Length", "100"]]] as HeaderList[]) {
    await using server = serve(function* (_environ, start_response) {
      start_response("200 OK", headers);
      yield bytes("some");
      throw new Error("too late");
    });
    const response = await fetch(server.url);
    assertEquals(response.status, 200);
    await assertRejects(() => response.text(), TypeError);
    await until(() => server.log.text.endsWith("4\n"));
    assertEquals(server.log.text.split("too late").length, 2);
    assertEquals(server.log.text.split("\n").at(-2), '"GET / HTTP/1.1" 200 4');
    assertEquals((await fetch(server.url)).status, 200); // The server goes on.
  }
});

Deno.test("a body that is shorter than its Content-Length is never a whole one", async () => {
  for (const blocks of [[], ["abc"], ["a", "b"]]) {
    await using server = serve((_environ, start_response) => {
      start_response("200 OK", [["Content-Length", "10"]]);
      return blocks.map(bytes);
    });
    await assertRejects(async () => await (await fetch(server.url)).text());
    await until(() => server.log.text.includes('"GET'));
    const length = blocks.join("").length;
    assertStringIncludes(
      server.log.text,
      `RangeError: the application declared a Content-Length of 10, but gave ${length} bytes`,
    );
  }
});

Deno.test("a body that is longer than its Content-Length is cut there, and logged", async () => {
  await using server = serve((_environ, start_response) => {
    start_response("200 OK", [["Content-Length", "3"]]);
    return [bytes("hello")];
  });
  assertEquals(await (await fetch(server.url)).text(), "hel");
  assertStringIncludes(
    server.log.text,
    "RangeError: the application declared a Content-Length of 3, but gave more",
  );
});

Deno.test("when the error page fails as well the client gets a bare 500, and the server goes on", async () => {
  class Handler extends WSGIRequestHandler {
    override handler_class = class extends ServerHandler {
      override error_output(): never {
        throw new Error("the page failed");
      }
    };
  }
  await using server = serve((environ, start_response) => {
    if (environ.PATH_INFO === "/fail") throw new Error("the app failed");
    return hello(environ, start_response);
  }, Handler);
  const response = await fetch(`${server.url}/fail`);
  assertEquals([response.status, await response.text()], [500, ""]);
  assertStringIncludes(server.log.text, "Error: the app failed");
  assertStringIncludes(server.log.text, "unhandled: Error: the page failed\n");
  assertEquals(await (await fetch(server.url)).text(), "Hello");
});

// The client leaves

const never = new Promise<never>(() => {});
const LEFT: Record<string, (left: () => void) => WSGIApplication> = {
  "between blocks": (left) => (_environ, start_response) => {
    start_response("200 OK", []);
    return {
      *[Symbol.iterator]() {
        while (true) yield new Uint8Array(65536);
      },
      close: left,
    };
  },
  "while the next block is awaited": (left) => (_environ, start_response) => {
    start_response("200 OK", []);
    return {
      async *[Symbol.asyncIterator]() {
        yield bytes("x");
        await never;
      },
      close: left,
    };
  },
  "during a stream": (left) => (_environ, start_response) => {
    start_response("200 OK", []);
    return new ReadableStream({
      start: (controller) => controller.enqueue(bytes("x")),
      cancel: left,
    });
  },
  "during a file": (left) => (environ, start_response) => {
    start_response("200 OK", []);
    return environ["wsgi.file_wrapper"]!({
      read: (p) => Promise.resolve(p.length),
      close: left,
    });
  },
  "in write()": (left) => async (_environ, start_response) => {
    const write = start_response("200 OK", []);
    try {
      while (true) await write(new Uint8Array(65536));
    } finally {
      left();
    }
  },
  "in a generator": (left) =>
    async function* (_environ, start_response) {
      start_response("200 OK", []);
      try {
        while (true) yield new Uint8Array(65536);
      } finally {
        left();
      }
    },
};

for (const [when, make] of Object.entries(LEFT)) {
  Deno.test(`a client that leaves ${when} ends the response quietly, and the result is closed once`, async () => {
    let left = 0;
    await using server = serve(make(() => void left++));
    const conn = await Deno.connect({
      hostname: "127.0.0.1",
      port: server.port,
    });
    await write_all(conn, bytes(get("/")));
    await conn.read(new Uint8Array(1000));
    conn.close();
    await until(() => left > 0 && server.log.text !== "");
    assertMatch(server.log.text, /^"GET \/ HTTP\/1\.1" 200 \d+\n$/);
    assertEquals(left, 1);
  });
}

Deno.test("a client that leaves before the answer has the result closed", async () => {
  const arrived = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  let closed = 0;
  await using server = serve(async (_environ, start_response) => {
    arrived.resolve();
    await gone.promise;
    start_response("200 OK", []);
    return {
      async *[Symbol.asyncIterator]() {
        while (true) yield new Uint8Array(65536);
      },
      close: () => void closed++,
    };
  });
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await write_all(conn, bytes(get("/")));
  await arrived.promise;
  conn.close();
  gone.resolve();
  await until(() => closed > 0 && server.log.text !== "");
  assertEquals(closed, 1);
});

// The log

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

Deno.test("error_output() of a subclass answers errors over HTTP", async () => {
  class Handler extends WSGIRequestHandler {
    override handler_class = class extends ServerHandler {
      override error_output(
        environ: WSGIEnvironment,
        start_response: StartResponse,
      ) {
        start_response("503 Busy", [["Retry-After", "1"]], this.exc_info);
        return [bytes(`Sorry: ${environ.PATH_INFO}`)];
      }
    };
  }
  await using server = serve(() => {
    throw new Error("no");
  }, Handler);
  const response = await fetch(`${server.url}/x`);
  assertEquals(response.status, 503);
  assertEquals(response.headers.get("retry-after"), "1");
  assertEquals(await response.text(), "Sorry: /x");
});

// demo_app

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

Deno.test("an error after the headers breaks off though a part of the body was not read", async () => {
  await using server = serve(async function* (environ, start_response) {
    start_response("200 OK", [["Content-Type", "text/plain"]]);
    const reader = environ["wsgi.input"].getReader();
    yield (await reader.read()).value!;
    await reader.read();
    reader.releaseLock();
    throw new Error("on purpose");
  });
  using conn = await Deno.connect({ port: server.port });
  const head =
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  await write_all(conn, bytes(`${head}5\r\nhello\r\n`));
  const buffer = new Uint8Array(1024);
  let answer = "";
  while (!answer.includes("hello")) {
    answer += text(buffer.subarray(0, (await conn.read(buffer))!));
  }
  await write_all(conn, bytes("1\r\n!\r\n0\r\n\r\n"));
  assertEquals(await read_all(conn), ""); // Not the last chunk.
});
