/** serve(): the command's settings in a program. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { serve, type ServeOptions } from "../cli/mod.ts";
import type { WSGIApplication } from "../types.ts";
import {
  exchange,
  fastcgi,
  scgi,
  uwsgi,
  whole_request,
} from "./gateway_clients.ts";
import { bytes } from "./support.ts";

const QUIET: ServeOptions = { bind: "127.0.0.1:0", access_logfile: "none" };

const hello: WSGIApplication = (environ, start_response) => {
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [bytes(`Hello ${environ.PATH_INFO}`)];
};

Deno.test("serve() serves by HTTP until it is shut down", async () => {
  await using serving = await serve(hello, QUIET);
  const [host, port] = serving.server_address;
  assertEquals(serving.address, `${host}:${port}`);
  const url = `http://${serving.address}/x`;
  assertEquals(await (await fetch(url)).text(), "Hello /x");
  await serving.shutdown();
  await serving.finished;
  await assertRejects(() => fetch(url), TypeError);
});

Deno.test("serve() lets a request under way finish", async () => {
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const app: WSGIApplication = async (environ, start_response) => {
    reached.resolve();
    await gate.promise;
    return hello(environ, start_response);
  };
  await using serving = await serve(app, QUIET);
  const answer = fetch(`http://${serving.address}/slow`);
  await reached.promise;
  const stopped = serving.shutdown();
  gate.resolve();
  assertEquals(await (await answer).text(), "Hello /slow");
  await stopped;
});

for (const [name, protocol] of Object.entries({ scgi, fastcgi, uwsgi })) {
  Deno.test(`serve() serves by ${name} at a Unix socket`, async () => {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/socket`;
    await using serving = await serve(hello, {
      ...QUIET,
      protocol: name as ServeOptions["protocol"],
      bind: `unix:${path}`,
    });
    assertEquals(serving.address, `unix:${path}`);
    const request = whole_request(protocol, { PATH_INFO: "/y" });
    const { text } = protocol.answer(await exchange(path, request));
    assertStringIncludes(text, "\r\n\r\nHello /y");
    await serving.server_close();
    await Deno.remove(folder, { recursive: true });
  });
}

Deno.test("serve() writes its logs by the time it has ended", async () => {
  const folder = await Deno.makeTempDir();
  const access_logfile = `${folder}/access`;
  const serving = await serve(hello, {
    bind: "127.0.0.1:0",
    access_logfile,
    access_logformat: "%(m)s %(U)s %(s)s",
  });
  await (await fetch(`http://${serving.address}/z`)).text();
  await serving.shutdown();
  assertEquals(await Deno.readTextFile(access_logfile), "GET /z 200\n");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("serve() puts the limits around the application", async () => {
  await using serving = await serve(hello, { ...QUIET, limit_request_body: 2 });
  const response = await fetch(`http://${serving.address}/`, {
    method: "POST",
    body: "abc",
  });
  assertEquals(response.status, 413);
  await response.body?.cancel();
});

Deno.test("serve() refuses what it cannot do, by a TypeError", async () => {
  const refused: [options: Record<string, unknown>, message: string][] = [
    [{ workers: 2 }, "serve() leaves its process alone, got workers"],
    [{ bnd: ":1" }, "serve() takes the options protocol, bind, "],
    [{ timeout: "long" }, "timeout takes a number of seconds"],
    [{ protocol: "cgi", bind: undefined }, "CGIHandler answers the request"],
    [{ debug: 1 }, "debug takes true or false, got 1"],
    [{ keyfile: "x" }, "keyfile needs certfile"],
  ];
  for (const [options, message] of refused) {
    const error = await assertRejects(() => serve(hello, options), TypeError);
    assertStringIncludes(error.message, message);
  }
  await assertRejects(
    () => serve(null as unknown as WSGIApplication, QUIET),
    TypeError,
    "serve() takes an application, which is a function, got null",
  );
});

Deno.test("serve() rejects where somebody else listens", async () => {
  await using serving = await serve(hello, QUIET);
  const bind = serving.address;
  const error = await assertRejects(
    () => serve(hello, { ...QUIET, bind }),
    Error,
    `cannot listen at ${bind}: the address is in use`,
  );
  assertEquals(error instanceof Deno.errors.AddrInUse, true);
});
