/** Workers that are replaced under clients by HTTP/2, whose connections nobody can be told to close by a header. */

import { assert, assertEquals } from "@std/assert";
import { start } from "../../support/command.ts";
import { find_workers } from "../../support/processes.ts";
import { ask_until_gone } from "../../support/http2_client.ts";
import { until } from "../../support/support.ts";
import { make_place, messages, quiet, RELOADED, reloads } from "./workers.ts";

/** Answers with the length of the body, which it waits for. */
const APP = `export default async (environ, start_response) => {
  let length = 0;
  for await (const block of environ["wsgi.input"]) length += block.length;
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [new TextEncoder().encode(\`\${Deno.pid} \${length}\`)];
};`;

/** A request of the load. */
type Send = (url: string, client: Deno.HttpClient) => Promise<Response>;

const post: Send = (url, client) =>
  fetch(url, { client, method: "POST", body: "x".repeat(3000) });

/** An upload of several parts, each of which waits for a moment. */
const upload: Send = (url, client) => {
  let parts = 0;
  const body = new ReadableStream({
    async pull(controller) {
      if (parts++ === 3) return controller.close();
      await new Promise((resolve) => setTimeout(resolve, 5));
      controller.enqueue(new Uint8Array(1000));
    },
  });
  return fetch(url, { client, method: "POST", body });
};

Deno.test("SIGHUP loses no request by HTTP/2 that the server says it has taken", async () => {
  await using place = await make_place({ "app.ts": APP });
  await using command = await start(
    quiet("app.ts", "-w", "2"),
    place.circumstances,
  );
  await find_workers(command.port, 2);
  const all = Array.from({ length: 8 }, () => ask_until_gone(command.port));
  command.child.kill("SIGHUP");
  for (const { answered, lost, was_told } of await Promise.all(all)) {
    assertEquals({ lost, was_told }, { lost: [], was_told: true });
    assert(answered > 0);
  }
  assertEquals((await command.stop()).code, 0);
});

/** How many clients there are, each with a connection of its own, and how many requests each has under way. */
const CLIENTS = 4;
const STREAMS = 3;

for (const [name, send] of Object.entries({ post, upload })) {
  Deno.test(`SIGHUP loses no request by HTTP/2 on a connection that is kept: ${name}`, async () => {
    await using place = await make_place({ "app.ts": APP });
    await using command = await start(
      quiet("app.ts", "-w", "2"),
      place.circumstances,
    );
    await find_workers(command.port, 2);
    const counts: Record<string, number> = {};
    let is_over = false;
    const run = async (client: Deno.HttpClient) => {
      while (!is_over) {
        const outcome = await send(command.address, client).then(
          async (response) => {
            await response.body?.cancel();
            return String(response.status);
          },
          (error) => String((error as Error).cause ?? error),
        );
        counts[outcome] = (counts[outcome] ?? 0) + 1;
      }
    };
    const clients = Array.from(
      { length: CLIENTS },
      () => Deno.createHttpClient({ http1: false, http2: true }),
    );
    const load = clients.flatMap((client) =>
      Array.from({ length: STREAMS }, () => run(client))
    );
    for (const count of [1, 2]) {
      command.child.kill("SIGHUP");
      await until(() => reloads(command) === count);
    }
    is_over = true;
    await Promise.all(load);
    for (const client of clients) client.close();
    const { "200": ok = 0, ...lost } = counts;
    assert(ok > 100, String(ok));
    // The system may reset a connection that is new at the moment at which a worker stops: none of it has come to anybody.
    const count = Object.values(lost).reduce((sum, count) => sum + count, 0);
    assert(count <= CLIENTS * STREAMS, JSON.stringify(counts));
    assertEquals(Object.keys(lost).filter((it) => /^\d/.test(it)), []);
    const { code, stderr } = await command.stop();
    assertEquals(code, 0);
    assertEquals(messages(stderr), [RELOADED, RELOADED]);
  });
}
