/** What a client gets of a response. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { HeaderList } from "../../types.ts";
import { bytes, raw_request, serve, text, until } from "../support/support.ts";
import { get, received } from "./exchange.ts";

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
