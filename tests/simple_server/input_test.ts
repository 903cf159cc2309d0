/** `wsgi.input`, the body of a request. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { TextLineStream, toText } from "@std/streams";
import type { WSGIApplication } from "../../types.ts";
import {
  bytes,
  read_all,
  serve,
  stream_of,
  text,
  until,
  write_all,
} from "../support/support.ts";
import { hello } from "./exchange.ts";

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
    '"POST / HTTP/1.1" 400 11\n"POST / HTTP/1.1" 400 11\n',
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
