/** `make_server()` and `WSGIServer`: how it listens, handles requests and ends. */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { demo_app, make_server, WSGIServer } from "../../simple_server.ts";
import {
  bytes,
  read_all,
  serve,
  until,
  write_all,
} from "../support/support.ts";
import { get, hello, Quiet, show } from "./exchange.ts";

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

Deno.test("WSGIServer listens at a Unix socket, where REMOTE_ADDR and REMOTE_PORT are empty", async () => {
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
  assertEquals([environ.REMOTE_ADDR, environ.REMOTE_PORT], ["", ""]);
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
  await server.server_close();
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
