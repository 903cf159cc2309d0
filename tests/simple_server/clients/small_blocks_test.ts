/** Request bodies of which a client makes as many blocks as can be, or whose end it puts off. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { toText } from "@std/streams";
import { to_fetch } from "../../../gateways/fetch.ts";
import { limit_time } from "../../../middleware/mod.ts";
import type { WSGIApplication } from "../../../types.ts";
import { bytes, serve, text, write_all } from "../../support/support.ts";

/** How many blocks there are: many times as many as are read at once. */
const BLOCKS = 2000;

/** A body in blocks of one byte, each of which is there when it is asked for, and is held in more memory, as Deno does. */
function ready_blocks(): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = BLOCKS;
  return new ReadableStream({
    pull(controller) {
      if (left-- === 0) return controller.close();
      controller.enqueue(new Uint8Array(65536).subarray(0, 1));
    },
  }, { highWaterMark: 0 });
}

/** Has an application read those blocks. */
async function read_by(app: WSGIApplication): Promise<Response> {
  const request = new Request("http://localhost/", {
    method: "POST",
    body: ready_blocks(),
  });
  return await to_fetch(app)(request);
}

Deno.test("wsgi.input lets others have their turn when all blocks of a body are there", async () => {
  let turns = 0;
  let reading = true;
  const take_turns = () => {
    turns++;
    if (reading) setTimeout(take_turns);
  };
  setTimeout(take_turns);
  await read_by(async (environ, start_response) => {
    const blocks = await Array.fromAsync(environ["wsgi.input"]);
    assertEquals(blocks.length, BLOCKS);
    reading = false;
    start_response("200 OK", []);
    return [];
  });
  assert(turns > 1, `${turns} turns`);
});

Deno.test("wsgi.input holds no more memory than its blocks have when these are short", async () => {
  const response = await read_by(async (environ, start_response) => {
    let held = 0;
    for await (const block of environ["wsgi.input"]) {
      held += block.buffer.byteLength;
    }
    start_response("200 OK", []);
    return [bytes(String(held))];
  });
  assertEquals(await response.text(), String(BLOCKS));
});

Deno.test("a request is answered before another one's body of many small chunks has been read", async () => {
  let blocks = 0;
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  await using server = serve(async (environ, start_response) => {
    start_response("200 OK", []);
    if (environ.REQUEST_METHOD === "GET") return [bytes(String(blocks))];
    for await (const _block of environ["wsgi.input"]) {
      if (++blocks === 1) resolve();
    }
    return [];
  });
  const url = `http://127.0.0.1:${server.port}/`;
  using conn = await Deno.connect({ port: server.port });
  const head =
    "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  const sending = write_all(conn, bytes(head + "1\r\na\r\n".repeat(50_000)));
  await begun;
  const seen = Number(await (await fetch(url)).text());
  assert(seen < 50_000, `answered behind ${seen} chunks`);
  conn.close();
  await sending.catch(() => {}); // The connection is closed.
});

Deno.test("the connection of a body without end is closed when its application is given up", async () => {
  const app: WSGIApplication = async (environ, start_response) => {
    const body = await toText(environ["wsgi.input"]);
    start_response("200 OK", []);
    return [bytes(body)];
  };
  const messages: string[] = [];
  const log = (message: string) => void messages.push(message);
  await using server = serve(limit_time(app, { timeout: 0.05, log }));
  using conn = await Deno.connect({ port: server.port });
  const head = "POST / HTTP/1.1\r\nHost: localhost\r\n" +
    "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n";
  await write_all(conn, bytes(head));
  const buffer = new Uint8Array(1000);
  const answered = conn.read(buffer);
  assertEquals(await send_for_ever(conn, `x: ${"y".repeat(1000)}\r\n`), "left");
  const answer = text(buffer.subarray(0, (await answered) ?? 0));
  assertMatch(answer, /^HTTP\/1.1 503 /);
  assertEquals(messages, [
    '"POST / HTTP/1.1" was not answered within 0.05 s: 503',
  ]);
});

/** Sends a line again and again: "left" when nobody takes it any more, "taken" where that goes on and on. */
async function send_for_ever(conn: Deno.Conn, line: string): Promise<string> {
  const data = bytes(line);
  try {
    for (let sent = 0; sent < 20_000; sent++) {
      await write_all(conn, data);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return "taken";
  } catch (error) {
    const has_left = error instanceof Deno.errors.BrokenPipe ||
      error instanceof Deno.errors.ConnectionReset;
    if (has_left) return "left";
    throw error;
  }
}
