/** The files that make Python start fast. */

import { assertEquals } from "@std/assert";
import { Cache } from "../../python/interpreter/cache.ts";
import { make_folder } from "../support/command.ts";

async function make_cache() {
  const { path, ...folder } = await make_folder({});
  await Deno.mkdir(`${path}/new`);
  return { ...folder, path, cache: new Cache(`${path}/new`) };
}

const BYTES = new Uint8Array([1, 2, 3]);

Deno.test("Cache.read() returns no files until all have been written", async () => {
  await using made = await make_cache();
  const { cache } = made;
  assertEquals([cache.read(), cache.is_complete], [{}, false]);
  cache.write_library(BYTES);
  assertEquals([cache.read(), cache.is_complete], [{}, false]);
  cache.write_snapshot(BYTES);
  const files = { stdLibURL: cache.library, _loadSnapshot: BYTES };
  assertEquals([cache.read(), cache.is_complete], [files, true]);
});

Deno.test("Cache.claim() is true for one process, and for another if that takes too long", async () => {
  await using made = await make_cache();
  const { cache } = made;
  assertEquals([cache.claim(), cache.claim()], [true, false]);
  const long_ago = new Date(Date.now() - 600_000);
  await Deno.utime(`${cache.folder}/making`, long_ago, long_ago);
  assertEquals([cache.claim(), cache.claim()], [true, false]);
});

Deno.test("Cache.write_snapshot() removes caches that are older than 30 days", async () => {
  await using made = await make_cache();
  const day = 24 * 3600 * 1000;
  for (const [name, age] of [["recent", 29], ["old", 31]] as const) {
    await Deno.mkdir(`${made.path}/${name}`);
    await Deno.writeFile(`${made.path}/${name}/snapshot.bin`, BYTES);
    const time = new Date(Date.now() - age * day);
    await Deno.utime(`${made.path}/${name}`, time, time);
  }
  made.cache.write_snapshot(BYTES);
  const left = Array.from(Deno.readDirSync(made.path), ({ name }) => name);
  assertEquals(left.sort(), ["new", "recent"]);
});
