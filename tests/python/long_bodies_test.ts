/** Long bodies pass through Python without the process growing. */

import { assert, assertEquals } from "@std/assert";
import { type Running, start } from "../support/command.ts";
import { root } from "../support/support.ts";
import { python_test } from "./support.ts";

const APPS = new URL("tests/python/apps", root).pathname;
const MEBIBYTE = 1 << 20;

/** The length of each body in MiB; `deno test -A tests/python/long_bodies_test.ts -- 1024` sets another. */
const LENGTH = Number(Deno.args[0] ?? 256);
/** By how many MiB the process may grow, because V8 has not collected them yet. */
const ROOM = LENGTH * 3 / 4;

function start_server(): Promise<Running> {
  // On a busy machine it may take longer than the default of 30 s.
  const limits = ["--limit-request-body", "0", "--timeout", "0"];
  return start([...limits, "behaviour.py"], { cwd: APPS });
}

/** The memory of a process in MiB. */
function memory_of({ child: { pid } }: Running): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(status.match(/RssAnon:\s+(\d+)/)![1]) / 1024;
}

/** By how many MiB the memory of a process grows at most during `work`. */
async function growth_during(
  server: Running,
  work: () => Promise<void>,
): Promise<number> {
  const before = memory_of(server);
  let most = before;
  const timer = setInterval(
    () => most = Math.max(most, memory_of(server)),
    20,
  );
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return most - before;
}

async function fetched_length(url: string): Promise<number> {
  let length = 0;
  for await (const block of (await fetch(url)).body!) length += block.length;
  return length;
}

function long_body(): ReadableStream<Uint8Array> {
  const block = new Uint8Array(MEBIBYTE);
  let left = LENGTH;
  return new ReadableStream({
    pull(controller) {
      if (left-- > 0) controller.enqueue(block.slice());
      else controller.close();
    },
  });
}

async function check(
  work: (address: string) => Promise<void>,
): Promise<void> {
  await using server = await start_server();
  const address = server.address.replace(/\/$/, "");
  // So that what a process needs only once does not count.
  await fetched_length(`${address}/yields?8`);
  const growth = await growth_during(server, () => work(address));
  const said = `${LENGTH} MiB: the process grew by ${Math.round(growth)} MiB`;
  if (Deno.args[0]) console.log(said);
  assert(growth < ROOM, said);
}

for (const [path, rest] of [["yields", 0], ["writes", 3]] as const) {
  python_test(
    `a long response body is not kept in memory: ${path}`,
    () =>
      check(async (address) => {
        const url = `${address}/${path}?${LENGTH}`;
        assertEquals(await fetched_length(url), LENGTH * MEBIBYTE + rest);
      }),
  );
}

python_test(
  "a long request body is not kept in memory",
  () =>
    check(async (address) => {
      const response = await fetch(`${address}/count`, {
        method: "POST",
        body: long_body(),
      });
      assertEquals(await response.text(), String(LENGTH * MEBIBYTE));
    }),
);
