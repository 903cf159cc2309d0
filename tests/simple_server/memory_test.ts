/** 1 GiB goes through, up and down, and the process hardly grows. */

import { assertEquals, fail } from "@std/assert";
import { type ChildServer, start_server } from "../support/support.ts";

const MIB = 1 << 20;
const SIZE = 1024 * MIB;

/** Sends the request and takes the answer, keeping nothing; gives the number of bytes that came. */
async function transfer(url: string, way: string): Promise<number> {
  const block = new Uint8Array(65536);
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent >= SIZE) return controller.close();
      controller.enqueue(block);
      sent += block.length;
    },
  });
  const up = way === "up";
  const response = await fetch(
    `${url}/${way}`,
    up ? { method: "POST", body } : {},
  );
  if (up) return Number(await response.text());
  let length = 0;
  for await (const chunk of response.body!) length += chunk.length;
  return length;
}

/** The most memory that a process has had, and what it has now, in bytes (Linux). */
function memory(pid: number): { peak: number; now: number } {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const field = (name: string) =>
    Number(status.match(new RegExp(`${name}:\\s+(\\d+) kB`))![1]) * 1024;
  return { peak: field("VmHWM"), now: field("VmRSS") };
}

/** How much a fresh server grows while 1 GiB goes through it. */
async function growth(contender: string, way: string, file: string) {
  await using server: ChildServer = await start_server([
    "tests/support/memory_server.ts",
    contender,
    file,
  ]);
  const before = memory(server.child.pid).now;
  assertEquals(await transfer(server.url, way), SIZE);
  return memory(server.child.pid).peak - before;
}

/**
 * When garbage is collected makes a difference of some 50 MiB from one run to the next, with bare Deno.serve as with
 * this package; a body that is kept makes one of 1 GiB.
 */
const ATTEMPTS = 3;

for (const way of ["down", "file", "up"]) {
  Deno.test({
    name: `1 GiB ${way} does not make the process grow`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      const file = await Deno.makeTempFile();
      try {
        await Deno.truncate(file, SIZE); // A hole: it takes no room on the disk.
        let [ours, bare] = [Infinity, 0];
        for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
          ours = Math.min(ours, await growth("ours", way, file));
          if (ours <= 64 * MIB) return;
          bare = Math.max(bare, await growth("bare", way, file));
          if (ours <= bare + 16 * MIB) return;
        }
        const mib = (size: number) => `${Math.round(size / MIB)} MiB`;
        fail(`grew by ${mib(ours)}, bare Deno.serve by ${mib(bare)}`);
      } finally {
        await Deno.remove(file);
      }
    },
  });
}
