/** The handlers for CGI: their flags and their environment. */

import { assertEquals } from "@std/assert";
import {
  BaseCGIHandler,
  CGIHandler,
  IISCGIHandler,
  read_environ,
} from "../../../handlers.ts";
import { Log, Sink, stream_of } from "../../support/support.ts";

Deno.test("BaseCGIHandler leaves out what does not belong into environ", () => {
  const handler = new BaseCGIHandler(stream_of(), new Sink(), new Log(), {
    HTTP_CONTENT_TYPE: "a",
    HTTP_CONTENT_LENGTH: "1",
    HTTP_PROXY: "http://evil/",
    HTTP_HOST: "h",
  });
  handler.os_environ = {};
  handler.setup_environ();
  const names = Object.keys(handler.environ!)
    .filter((key) => key.startsWith("HTTP_"));
  assertEquals(names, ["HTTP_HOST"]);
});

Deno.test("CGIHandler has the flags and the environment of a CGI script", () => {
  const handler = new CGIHandler();
  assertEquals(handler.wsgi_run_once, true);
  assertEquals(handler.wsgi_multithread, false);
  assertEquals(handler.wsgi_multiprocess, true);
  assertEquals(handler.origin_server, false);
  assertEquals(handler.os_environ, {});
  assertEquals(handler.base_env, read_environ());
});

Deno.test("IISCGIHandler takes SCRIPT_NAME from the beginning of PATH_INFO", () => {
  const path_info = (PATH_INFO: string, SCRIPT_NAME: string) => {
    Deno.env.set("PATH_INFO", PATH_INFO);
    Deno.env.set("SCRIPT_NAME", SCRIPT_NAME);
    try {
      return new IISCGIHandler().base_env.PATH_INFO;
    } finally {
      Deno.env.delete("PATH_INFO");
      Deno.env.delete("SCRIPT_NAME");
    }
  };
  assertEquals(path_info("/app.cgi/x/y", "/app.cgi"), "/x/y");
  assertEquals(path_info("/app.cgi", "/app.cgi"), "");
  assertEquals(path_info("/app.cgix/y", "/app.cgi"), "/app.cgix/y");
  assertEquals(path_info("/x", ""), "/x");
});
