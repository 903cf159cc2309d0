/** `FileWrapper` with files of Node's, and with what only seems to be a file. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import type { FileLike } from "../../types.ts";
import { FileWrapper } from "../../util.ts";
import { bytes, text } from "../support/support.ts";

/** The path of a file with a content; removed with the scope. */
async function path_of(content: string) {
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, bytes(content));
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path) };
}

/** The blocks as text; the file is closed. */
async function blocks_of(file: FileLike, blksize?: number): Promise<string[]> {
  const wrapper = new FileWrapper(file, blksize);
  try {
    return (await Array.fromAsync(wrapper)).map(text);
  } finally {
    await wrapper.close();
  }
}

Deno.test("FileWrapper() gives blocks of blksize when the file is a FileHandle", async () => {
  await using file = await path_of("abcdefg");
  const handle = await open(file.path);
  assertEquals(await blocks_of(handle, 3), ["abc", "def", "g"]);
});

Deno.test("FileWrapper() begins at the current offset when the file is a FileHandle", async () => {
  await using file = await path_of("abcdefg");
  const handle = await open(file.path);
  await handle.read(new Uint8Array(4));
  assertEquals(await blocks_of(handle), ["efg"]);
});

Deno.test("FileWrapper.close() closes the file when it is a FileHandle", async () => {
  await using file = await path_of("abc");
  const handle = await open(file.path);
  await new FileWrapper(handle).close();
  await assertRejects(() => handle.stat());
});

Deno.test("FileWrapper() keeps the chunks of a stream of Node's", async () => {
  const chunks = [bytes("abc"), bytes(""), bytes("d")];
  assertEquals(await blocks_of(Readable.from(chunks), 2), ["abc", "d"]);
});

Deno.test("FileWrapper() gives all of a file when that is a stream of Node's", async () => {
  const content = "0123456789".repeat(20_000);
  await using file = await path_of(content);
  const blocks = await blocks_of(createReadStream(file.path));
  assertEquals(blocks.join(""), content);
});

Deno.test("FileWrapper.close() destroys a stream of Node's when nothing of it was read", async () => {
  const stream = Readable.from([bytes("a")]);
  await new FileWrapper(stream).close();
  assert(stream.destroyed);
});

Deno.test("FileWrapper.close() destroys a stream of Node's when the iteration was broken off", async () => {
  const stream = Readable.from([bytes("a"), bytes("b")]);
  const wrapper = new FileWrapper(stream);
  for await (const _ of wrapper) break;
  await wrapper.close();
  assert(stream.destroyed);
});

Deno.test("FileWrapper() throws that there is no file when its stream of Node's is iterated afterwards", async () => {
  const stream = createReadStream("/no/such/file");
  const wrapper = new FileWrapper(stream);
  while (!stream.errored) await new Promise((resolve) => setTimeout(resolve));
  const error = await assertRejects(() => Array.fromAsync(wrapper), Error);
  assertEquals(
    error.message,
    "ENOENT: no such file or directory, open '/no/such/file'",
  );
});

for (
  const [given, came] of [
    [undefined, "undefined"],
    ["abc", '"abc"'],
    [-1, "-1"],
    [1.5, "1.5"],
    [NaN, "NaN"],
    [5, "5"],
    [bytes("abc"), "an object of class Uint8Array"],
    [{ bytesRead: 5 }, "an object of class Object"],
    [{}, "an object of class Object"],
  ] as [unknown, string][]
) {
  Deno.test(`FileWrapper() throws when read of the file gives ${JSON.stringify(given)}`, async () => {
    const file = { read: () => Promise.resolve(given) } as FileLike;
    const error = await assertRejects(() => blocks_of(file, 4), TypeError);
    assertEquals(
      error.message,
      `a file's read() must give null or a number from 0 to 4, got ${came}`,
    );
  });
}

Deno.test("FileWrapper() throws when read of the file gives 0 for ever", async () => {
  const file = { read: () => Promise.resolve(0) };
  const error = await assertRejects(() => blocks_of(file), Error);
  assertEquals(
    error.message,
    "a file's read() must give null at the end, got 0 bytes 100 times in a row",
  );
});
