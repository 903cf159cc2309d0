/** `FileWrapper`, which gives a file or a stream block by block, and closes it. */

import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import type { FileLike, Reader } from "../../types.ts";
import { FileWrapper } from "../../util.ts";
import { bytes, stream_of, text } from "../support/support.ts";

/** A file in memory, which notes what is asked of it. */
class MemoryFile implements Reader {
  #left: Uint8Array;
  /** The size of each buffer that it was to fill. */
  asked: number[] = [];
  closed = 0;

  constructor(content: string) {
    this.#left = bytes(content);
  }

  read(p: Uint8Array): Promise<number | null> {
    this.asked.push(p.byteLength);
    if (this.#left.length === 0) return Promise.resolve(null);
    const part = this.#left.subarray(0, p.byteLength);
    p.set(part);
    this.#left = this.#left.subarray(part.length);
    return Promise.resolve(part.length);
  }

  close(): void {
    this.closed++;
  }
}

/** A file that reads as `lengths` say, in bytes of "x". */
function file_of_lengths(lengths: (number | null)[]): Reader {
  const left = lengths.values();
  return {
    read(p) {
      const length = left.next().value ?? null;
      p.fill("x".charCodeAt(0), 0, length ?? 0);
      return Promise.resolve(length);
    },
  };
}

/** The blocks as text. */
async function blocks_of(
  filelike: FileLike | FileWrapper,
  blksize?: number,
): Promise<string[]> {
  const wrapper = filelike instanceof FileWrapper
    ? filelike
    : new FileWrapper(filelike, blksize);
  return (await Array.fromAsync(wrapper)).map(text);
}

/** A file on disk, opened; closed and removed with the scope. */
async function file_on_disk(content: string) {
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, bytes(content));
  const file = await Deno.open(path);
  return {
    file,
    async [Symbol.asyncDispose]() {
      file[Symbol.dispose]();
      await Deno.remove(path);
    },
  };
}

Deno.test("FileWrapper() keeps what it was given when it is made", () => {
  const file = new MemoryFile("");
  const wrapper = new FileWrapper(file, 7);
  assertStrictEquals(wrapper.filelike, file);
  assertEquals(wrapper.blksize, 7);
});

Deno.test("FileWrapper() takes blocks of 8192 bytes when no size is given", () => {
  assertEquals(new FileWrapper(new MemoryFile("")).blksize, 8192);
});

Deno.test("FileWrapper() reads nothing when it is only made", () => {
  const file = new MemoryFile("a");
  new FileWrapper(file);
  assertEquals(file.asked, []);
});

Deno.test("FileWrapper() leaves a stream unlocked when it is only made", () => {
  const stream = stream_of("a");
  new FileWrapper(stream);
  assertFalse(stream.locked);
});

Deno.test("FileWrapper() gives blocks of blksize when the file is a Reader", async () => {
  const file = new MemoryFile("xyz".repeat(50));
  assertEquals(await blocks_of(file, 120), [
    "xyz".repeat(40),
    "xyz".repeat(10),
  ]);
});

Deno.test("FileWrapper() asks for blksize bytes each time when the file is a Reader", async () => {
  const file = new MemoryFile("abc");
  await blocks_of(file, 2);
  assertEquals(file.asked, [2, 2, 2]);
});

Deno.test("FileWrapper() gives single bytes when blksize is 1", async () => {
  assertEquals(await blocks_of(new MemoryFile("abc"), 1), ["a", "b", "c"]);
});

Deno.test("FileWrapper() gives no block when the Reader is at its end", async () => {
  assertEquals(await blocks_of(new MemoryFile("")), []);
});

Deno.test("FileWrapper() gives a short block when the Reader has no more for now", async () => {
  assertEquals(await blocks_of(file_of_lengths([2, 4, 1]), 4), [
    "xx",
    "xxxx",
    "x",
  ]);
});

Deno.test("FileWrapper() reads on when a Reader gives no byte before its end", async () => {
  assertEquals(await blocks_of(file_of_lengths([0, 1, 0, 0, 2]), 4), [
    "x",
    "xx",
  ]);
});

Deno.test("FileWrapper() leaves a block as it is when the next one is read", async () => {
  const blocks = await Array.fromAsync(
    new FileWrapper(new MemoryFile("abcd"), 2),
  );
  assertFalse(blocks[0]!.buffer === blocks[1]!.buffer);
});

Deno.test("FileWrapper() goes on where it was when a Reader is iterated again", async () => {
  const wrapper = new FileWrapper(new MemoryFile("abcd"), 1);
  for await (const block of wrapper) {
    if (text(block) === "b") break;
  }
  assertEquals(await blocks_of(wrapper), ["c", "d"]);
});

Deno.test("FileWrapper() leaves a Reader open when it has been read to its end", async () => {
  const file = new MemoryFile("a");
  await blocks_of(file);
  assertEquals(file.closed, 0);
});

Deno.test("FileWrapper() leaves a Reader open when the iteration is broken off", async () => {
  const file = new MemoryFile("ab");
  for await (const _ of new FileWrapper(file, 1)) break;
  assertEquals(file.closed, 0);
});

Deno.test("FileWrapper() throws what the Reader threw when it is iterated", async () => {
  const failure = new Deno.errors.Interrupted("gone");
  const file = { read: () => Promise.reject(failure) };
  assertStrictEquals(await assertRejects(() => blocks_of(file)), failure);
});

Deno.test("FileWrapper() keeps the chunks of a stream when blksize is another", async () => {
  assertEquals(await blocks_of(stream_of("abc", "d"), 2), ["abc", "d"]);
});

Deno.test("FileWrapper() gives no block when the stream is empty", async () => {
  assertEquals(await blocks_of(stream_of()), []);
});

Deno.test("FileWrapper() leaves out a chunk when it is empty", async () => {
  assertEquals(await blocks_of(stream_of("", "a", "", "b", "")), ["a", "b"]);
});

Deno.test("FileWrapper() throws what the stream failed with when it is iterated", async () => {
  const failure = new Deno.errors.Interrupted("gone");
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.error(failure),
  });
  assertStrictEquals(await assertRejects(() => blocks_of(stream)), failure);
});

Deno.test("FileWrapper() gives blocks of blksize when the file is a Deno.FsFile", async () => {
  await using disk = await file_on_disk("abcdefg");
  assertEquals(await blocks_of(disk.file, 3), ["abc", "def", "g"]);
});

Deno.test("FileWrapper() begins at the current offset when the file is a Deno.FsFile", async () => {
  await using disk = await file_on_disk("abcdefg");
  await disk.file.seek(4, Deno.SeekMode.Start);
  assertEquals(await blocks_of(disk.file), ["efg"]);
});

Deno.test("FileWrapper() leaves a Deno.FsFile open when it has been read to its end", async () => {
  await using disk = await file_on_disk("abc");
  await blocks_of(disk.file);
  assertEquals(await disk.file.seek(0, Deno.SeekMode.Current), 3);
});

Deno.test("FileWrapper.close() closes the file when it is a Deno.FsFile", async () => {
  await using disk = await file_on_disk("abc");
  await new FileWrapper(disk.file).close();
  await assertRejects(
    () => disk.file.read(new Uint8Array(1)),
    Deno.errors.BadResource,
  );
});

Deno.test("FileWrapper.close() calls close() of a Reader once when it is called", async () => {
  const file = new MemoryFile("a");
  await new FileWrapper(file).close();
  assertEquals(file.closed, 1);
});

Deno.test("FileWrapper.close() waits for close() of a Reader when that takes its time", async () => {
  let closed = false;
  const file = {
    read: () => Promise.resolve(null),
    async close() {
      await new Promise((resolve) => setTimeout(resolve));
      closed = true;
    },
  };
  await new FileWrapper(file).close();
  assert(closed);
});

Deno.test("FileWrapper.close() rejects when close() of a Reader throws", async () => {
  const failure = new Error("disk full");
  const file: Reader = {
    read: () => Promise.resolve(null),
    close() {
      throw failure;
    },
  };
  const wrapper = new FileWrapper(file);
  assertStrictEquals(await assertRejects(() => wrapper.close()), failure);
});

Deno.test("FileWrapper.close() does nothing when a Reader has no close()", async () => {
  await new FileWrapper({ read: () => Promise.resolve(null) }).close();
});

/** A stream that stays open, and counts its cancellations. */
function open_stream() {
  const seen = { cancelled: 0 };
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(bytes("a")),
    cancel() {
      seen.cancelled++;
    },
  });
  return { stream, seen };
}

Deno.test("FileWrapper.close() cancels a stream when nothing of it was read", async () => {
  const { stream, seen } = open_stream();
  await new FileWrapper(stream).close();
  assertEquals(seen.cancelled, 1);
});

Deno.test("FileWrapper.close() cancels a stream once when the iteration was broken off", async () => {
  const { stream, seen } = open_stream();
  const wrapper = new FileWrapper(stream);
  for await (const _ of wrapper) break;
  await wrapper.close();
  assertEquals(seen.cancelled, 1);
});

Deno.test("FileWrapper.close() cancels a stream when it is under iteration", async () => {
  const { stream, seen } = open_stream();
  const wrapper = new FileWrapper(stream);
  await wrapper[Symbol.asyncIterator]().next();
  await wrapper.close();
  assertEquals(seen.cancelled, 1);
});

Deno.test("FileWrapper.close() cancels nothing when the stream has ended", async () => {
  const wrapper = new FileWrapper(stream_of("a"));
  await blocks_of(wrapper);
  await wrapper.close();
});

for (
  const [filelike, came] of [
    [null, "null"],
    [undefined, "undefined"],
    ["abc", '"abc"'],
    [5, "5"],
    [{}, "an object of class Object"],
    [new Uint8Array(2), "an object of class Uint8Array"],
    [new Blob(["a"]), "an object of class Blob"],
    [[1, 2], "an array of 2"],
    [() => {}, "a function"],
  ] as [unknown, string][]
) {
  Deno.test(`FileWrapper() throws when the file is ${came}`, () => {
    const error = assertThrows(
      () => new FileWrapper(filelike as FileLike),
      TypeError,
    );
    assertEquals(
      error.message,
      `a file must be a ReadableStream or have read(), got ${came}`,
    );
  });
}

Deno.test("FileWrapper() throws when read of the file is no function", () => {
  const error = assertThrows(
    () => new FileWrapper({ read: "no" } as unknown as FileLike),
    TypeError,
  );
  assertEquals(
    error.message,
    "a file must be a ReadableStream or have read(), got an object of class Object",
  );
});

for (
  const [blksize, came] of [
    [0, "0"],
    [-1, "-1"],
    [1.5, "1.5"],
    [NaN, "NaN"],
    [Infinity, "Infinity"],
    ["8", '"8"'],
    [null, "null"],
  ] as [unknown, string][]
) {
  Deno.test(`FileWrapper() throws when blksize is ${came}`, () => {
    const error = assertThrows(
      () => new FileWrapper(stream_of(), blksize as number),
      RangeError,
    );
    assertEquals(
      error.message,
      `blksize must be a whole number above 0, got ${came}`,
    );
  });
}
