/** What a handler puts into the environ, and where it takes it from. */

import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { BaseCGIHandler, SimpleHandler } from "../../handlers.ts";
import type { WSGIApplication } from "../../types.ts";
import { FileWrapper } from "../../util.ts";
import { make_folder } from "../support/command.ts";
import {
  bytes,
  Log,
  root,
  run_app,
  Sink,
  stream_of,
  text,
} from "../support/support.ts";
import { PLAIN } from "./answers.ts";
import { SynchronousHandler } from "./synchronous_handler.ts";

Deno.test("setup_environ() puts the attributes of the handler into environ", () => {
  const handler = new SimpleHandler(stream_of(), new Sink(), new Log(), {});
  handler.wsgi_version = [1, 0];
  handler.wsgi_multithread = false;
  handler.wsgi_multiprocess = true;
  handler.wsgi_run_once = true;
  handler.setup_environ();
  const environ = handler.environ!;
  assertStrictEquals(environ["wsgi.version"], handler.wsgi_version);
  assertEquals(environ["wsgi.multithread"], false);
  assertEquals(environ["wsgi.multiprocess"], true);
  assertEquals(environ["wsgi.run_once"], true);
  assertEquals(environ["wsgi.input_terminated"], true);
  assertStrictEquals(environ["wsgi.errors"], handler.stderr);
  assert(environ["wsgi.input"] instanceof ReadableStream);
  assert(
    environ["wsgi.file_wrapper"]!(stream_of()) instanceof FileWrapper,
  );
});

Deno.test("setup_environ() starts from os_environ, which base_env overrides", () => {
  const handler = new SimpleHandler(stream_of(), new Sink(), new Log(), {
    B: "request",
    "x.object": [1],
  });
  handler.os_environ = { A: "process", B: "process" };
  handler.setup_environ();
  const environ: Record<string, unknown> = handler.environ!;
  assertEquals(environ.A, "process");
  assertEquals(environ.B, "request");
  assertEquals(environ["x.object"], [1]);
  assertEquals(handler.os_environ, { A: "process", B: "process" });
});

Deno.test("setup_environ() makes a plain object with own enumerable keys", () => {
  const handler = new SimpleHandler(stream_of(), new Sink(), new Log(), {
    REQUEST_METHOD: "GET",
  });
  handler.setup_environ();
  const environ = handler.environ!;
  assertStrictEquals(Object.getPrototypeOf(environ), Object.prototype);
  assertEquals({ ...environ }, environ);
  for (
    const [key, { writable, enumerable, configurable, get }] of Object.entries(
      Object.getOwnPropertyDescriptors(environ),
    )
  ) {
    assertEquals([key, writable, enumerable, configurable, get], [
      key,
      true,
      true,
      true,
      undefined,
    ]);
  }
});

Deno.test("setup_environ() leaves wsgi.file_wrapper out when wsgi_file_wrapper is null", () => {
  const handler = new SimpleHandler(stream_of(), new Sink(), new Log(), {});
  handler.wsgi_file_wrapper = null;
  handler.setup_environ();
  assert(!("wsgi.file_wrapper" in handler.environ!));
});

Deno.test("setup_environ() makes wsgi.file_wrapper of the handler's class", () => {
  class Wrapper extends FileWrapper {}
  const handler = new SimpleHandler(stream_of(), new Sink(), new Log(), {});
  handler.wsgi_file_wrapper = Wrapper;
  handler.setup_environ();
  const wrapped = handler.environ!["wsgi.file_wrapper"]!(stream_of(), 100);
  assert(wrapped instanceof Wrapper);
  assertEquals(wrapped.blksize, 100);
});

Deno.test("setup_environ() sets SERVER_SOFTWARE for an origin server that has one", () => {
  const software = (origin_server: boolean, base_env = {}) => {
    const handler = new SimpleHandler(
      stream_of(),
      new Sink(),
      new Log(),
      base_env,
    );
    handler.origin_server = origin_server;
    handler.server_software = "test/1.0";
    handler.os_environ = {};
    handler.setup_environ();
    return handler.environ!.SERVER_SOFTWARE;
  };
  assertEquals(software(true), "test/1.0");
  assertEquals(software(true, { SERVER_SOFTWARE: "front" }), "front");
  assertEquals(software(false), undefined);
});

Deno.test("get_scheme() is https when HTTPS says so", () => {
  for (const [https, scheme] of [["on", "https"], ["off", "http"]]) {
    const handler = new BaseCGIHandler(stream_of(), new Sink(), new Log(), {
      HTTPS: https,
    });
    handler.setup_environ();
    assertEquals(handler.environ!["wsgi.url_scheme"], scheme);
  }
});

Deno.test("setup_environ() may be overridden by an asynchronous method", async () => {
  class Handler extends BaseCGIHandler {
    override async setup_environ() {
      await Promise.resolve();
      super.setup_environ();
      this.environ!.REMOTE_USER = "alice";
    }
  }
  const { output } = await run_app((environ, start_response) => {
    start_response("200 OK", []);
    return [bytes(environ.REMOTE_USER!)];
  }, { handler_class: Handler });
  assertEquals(output, "Status: 200 OK\r\nContent-Length: 5\r\n\r\nalice");
});

Deno.test("wsgi.version is one for all requests, which nobody can change", async () => {
  const versions: unknown[] = [];
  const app: WSGIApplication = (environ, start_response) => {
    const version = environ["wsgi.version"];
    versions.push(version);
    assertThrows(() => version[0] = 2, TypeError);
    start_response("200 OK", PLAIN);
    return [];
  };
  await new SynchronousHandler().run(app);
  await new SynchronousHandler().run(app);
  assertEquals(versions, [[1, 0], [1, 0]]);
});

Deno.test("every handler shares one os_environ, also where it may not be read", async () => {
  const url = new URL("handlers.ts", root);
  const source = `
    import { BaseHandler, read_environ } from "${url}";
    const [one, other] = [new BaseHandler(), new BaseHandler()];
    console.log(one.os_environ === other.os_environ);
    console.log(read_environ() !== read_environ());
    console.log(Object.keys(one.os_environ).length > 0);
  `;
  await using folder = await make_folder({ "script.ts": source });
  for (const allowed of [true, false]) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", "--config"],
        new URL("deno.json", root).pathname,
        ...allowed ? ["--allow-env"] : [],
        `${folder.path}/script.ts`,
      ],
    }).output();
    assertEquals(text(stdout), `true\ntrue\n${allowed}\n`);
  }
});
