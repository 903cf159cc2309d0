/** Errors of an application: what the client gets, and what is logged. */

import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { ServerHandler, WSGIRequestHandler } from "../../simple_server.ts";
import type {
  HeaderList,
  StartResponse,
  WSGIEnvironment,
} from "../../types.ts";
import {
  bytes,
  read_all,
  serve,
  text,
  until,
  write_all,
} from "../support/support.ts";
import { hello } from "./exchange.ts";

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
      `RangeError: the application declared a Content-Length of 10, but produced ${length} bytes`,
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
    "RangeError: the application declared a Content-Length of 3, but produced more",
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
