/** What a subclass may override: attributes and hooks, and what they are by default. */

import {
  assertEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { BaseCGIHandler, BaseHandler, read_environ } from "../../handlers.ts";
import { Headers } from "../../headers.ts";
import type { WSGIApplication } from "../../types.ts";
import { FileWrapper } from "../../util.ts";
import { bytes, run_app, stream_of, text } from "../support/support.ts";
import { answering, ERROR_BODY, PLAIN } from "./answers.ts";

Deno.test("BaseHandler's attributes have the defaults of wsgiref", () => {
  const handler = new BaseHandler();
  assertEquals(handler.wsgi_version, [1, 0]);
  assertEquals(handler.wsgi_multithread, true);
  assertEquals(handler.wsgi_multiprocess, true);
  assertEquals(handler.wsgi_run_once, false);
  assertEquals(handler.origin_server, true);
  assertEquals(handler.http_version, "1.0");
  assertEquals(handler.server_software, null);
  assertStrictEquals(handler.wsgi_file_wrapper, FileWrapper);
  assertStrictEquals(handler.headers_class, Headers);
  assertEquals(handler.traceback_limit, null);
  assertEquals(handler.error_status, "500 Internal Server Error");
  assertEquals(handler.error_headers, PLAIN);
  assertEquals(text(handler.error_body), ERROR_BODY);
  assertEquals(handler.os_environ, read_environ());
  for (
    const state of ["status", "result", "headers", "environ", "exc_info"]
  ) assertEquals(handler[state as "status"], null);
  assertEquals(handler.headers_sent, false);
  assertEquals(handler.bytes_sent, 0);
});

Deno.test("BaseHandler's abstract methods throw until overridden", () => {
  const handler = new BaseHandler();
  const message = (name: string) =>
    `a subclass of BaseHandler must override ${name}()`;
  assertThrows(() => handler._write(bytes("x")), Error, message("_write"));
  assertThrows(() => handler._flush(), Error, message("_flush"));
  assertThrows(() => handler.get_stdin(), Error, message("get_stdin"));
  assertThrows(() => handler.get_stderr(), Error, message("get_stderr"));
  assertThrows(() => handler.add_cgi_vars(), Error, message("add_cgi_vars"));
});

Deno.test("run() awaits what overridden hooks return", async () => {
  const order: string[] = [];
  const later = async (step: string) => {
    await Promise.resolve();
    order.push(step);
  };
  class Handler extends BaseCGIHandler {
    override async send_headers() {
      await later("send_headers");
      await super.send_headers();
    }
    override async send_preamble() {
      await later("send_preamble");
      await super.send_preamble();
    }
    override async _write(data: Uint8Array) {
      await later(`_write ${text(data).split("\r\n")[0]}`);
      await super._write(data);
    }
    override async _flush() {
      await later("_flush");
      await super._flush();
    }
    override async close() {
      await later("close");
      await super.close();
    }
  }
  const { output } = await run_app(answering(["x"], []), {
    handler_class: Handler,
  });
  assertEquals(
    output,
    "Status: 200 OK\r\nContent-Length: 1\r\n\r\nx",
  );
  assertEquals(order, [
    "send_headers",
    "send_preamble",
    "_write Status: 200 OK",
    "_write Content-Length: 1",
    "_write x",
    "_flush",
    "close",
  ]);
});

Deno.test("sendfile() sends a file when it is overridden, and only a file", async () => {
  const sent: unknown[] = [];
  class Handler extends BaseCGIHandler {
    override async sendfile() {
      sent.push((this.result as unknown as FileWrapper).filelike);
      await this.write(bytes("by sendfile"));
      return true;
    }
  }
  const file = stream_of("by blocks");
  const app: WSGIApplication = (environ, start_response) => {
    start_response("200 OK", []);
    return environ.PATH_INFO === "/file"
      ? environ["wsgi.file_wrapper"]!(file)
      : [bytes("by hand")];
  };
  const run = (PATH_INFO: string) =>
    run_app(app, { handler_class: Handler, environ: { PATH_INFO } });
  assertStringIncludes((await run("/file")).output, "\r\n\r\nby sendfile");
  assertStringIncludes((await run("/other")).output, "\r\n\r\nby hand");
  assertEquals(sent, [file]);
});

Deno.test("cleanup_headers() and set_content_length() may be overridden", async () => {
  class Handler extends BaseCGIHandler {
    override set_content_length() {
      if (!Array.isArray(this.result)) return;
      const length = this.result.reduce((sum, { length }) => sum + length, 0);
      this.headers!.set("Content-Length", String(length));
    }
    override cleanup_headers() {
      super.cleanup_headers();
      this.headers!.set("X-Frame-Options", "DENY");
    }
  }
  const { output } = await run_app(answering(["a", "b"], []), {
    handler_class: Handler,
  });
  assertEquals(
    output,
    "Status: 200 OK\r\nContent-Length: 2\r\nX-Frame-Options: DENY\r\n\r\nab",
  );
});

Deno.test("headers_class is the class of the response's headers", async () => {
  class Shouting extends Headers {
    override toString() {
      return super.toString().toUpperCase();
    }
  }
  const { output } = await run_app(answering(["x"], [["X-A", "b"]]), {
    adapt: (handler) => void (handler.headers_class = Shouting),
  });
  assertStringIncludes(output, "X-A: B\r\nCONTENT-LENGTH: 1\r\n");
});
