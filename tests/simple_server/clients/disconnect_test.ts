/** A client that leaves before it has everything. */

import { assertEquals, assertMatch } from "@std/assert";
import type { WSGIApplication } from "../../../types.ts";
import { bytes, serve, until, write_all } from "../../support/support.ts";
import { get } from "../exchange.ts";

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
