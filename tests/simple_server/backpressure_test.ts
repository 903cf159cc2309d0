/** Neither side is asked for more than the other takes. */

import { assert, assertEquals } from "@std/assert";
import { bytes, serve, write_all } from "../support/support.ts";
import { get } from "./exchange.ts";

/** Waits until `count()` stands still. */
async function standstill(count: () => number): Promise<number> {
  let before = -1;
  while (count() === 0 || count() !== before) {
    before = count();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return before;
}

Deno.test("the application is not asked for more than the client takes", async () => {
  let made = 0;
  await using server = serve(function* (_environ, start_response) {
    start_response("200 OK", []);
    while (true) {
      made++;
      yield new Uint8Array(65536);
    }
  });
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await write_all(conn, bytes(get("/")));
  const blocks = await standstill(() => made);
  assert(blocks < 1000, `${blocks} blocks were made that nobody takes`);
});

Deno.test("the client is not asked for more than the application takes", async () => {
  const gate = Promise.withResolvers<void>();
  await using server = serve(async (environ, start_response) => {
    await gate.promise;
    let length = 0;
    for await (const chunk of environ["wsgi.input"]) length += chunk.length;
    start_response("200 OK", []);
    return [bytes(String(length))];
  });
  let made = 0;
  const total = 2000;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (made++ < total) controller.enqueue(new Uint8Array(65536));
      else controller.close();
    },
  });
  const response = fetch(server.url, { method: "POST", body });
  const blocks = await standstill(() => made);
  assert(blocks < 1000, `${blocks} blocks were taken that nobody reads`);
  gate.resolve();
  assertEquals(await (await response).text(), String(total * 65536));
});
