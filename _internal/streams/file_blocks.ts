/** The blocks of a file for `FileWrapper`, read in the way of each kind of file. */

import type { FileLike, NodeStream, Reader } from "../../types.ts";
import type { MaybePromise } from "../promise.ts";
import { describe } from "../text/check.ts";

/** A file, block by block. */
export interface FileBlocks {
  /** Reads the next block, which is never empty; null at the end. */
  next(): Promise<Uint8Array | null>;
  /** Closes the file. */
  close(): MaybePromise;
}

/**
 * A reader for `filelike`. Nothing is read yet.
 *
 * @param size The size of the blocks in bytes, unless the file determines it.
 * @throws {TypeError} If it is not a file.
 */
export function file_blocks(filelike: FileLike, size: number): FileBlocks {
  if (filelike instanceof ReadableStream) return new StreamBlocks(filelike);
  // Checked before read(), because Node's streams also have a read(), which takes no buffer.
  if (is_node_stream(filelike)) return new NodeStreamBlocks(filelike);
  if (typeof filelike?.read === "function") {
    return new ReadBlocks(filelike, size);
  }
  throw new TypeError(
    `a file must be a ReadableStream or have read(), got ${describe(filelike)}`,
  );
}

function is_node_stream(filelike: FileLike): filelike is NodeStream {
  const { destroy, on } = (filelike ?? {}) as Partial<NodeStream>;
  return typeof destroy === "function" && typeof on === "function" &&
    Symbol.asyncIterator in filelike;
}

class StreamBlocks implements FileBlocks {
  #stream: ReadableStream<Uint8Array>;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  /** Whether reading has failed, so that there is nothing to cancel. */
  #failed = false;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#stream = stream;
  }

  async next(): Promise<Uint8Array | null> {
    this.#reader ??= this.#stream.getReader();
    try {
      while (true) {
        const { done, value } = await this.#reader.read();
        if (done) return null;
        if (value.length !== 0) return value;
      }
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  close(): MaybePromise {
    if (!this.#failed) return (this.#reader ?? this.#stream).cancel();
  }
}

class NodeStreamBlocks implements FileBlocks {
  #stream: NodeStream;
  #iterator: AsyncIterator<Uint8Array> | null = null;

  constructor(stream: NodeStream) {
    this.#stream = stream;
    // A missing file is reported later, perhaps before the first read. Without a listener that would end the process;
    // the reader gets the error anyway.
    stream.on("error", () => {});
  }

  async next(): Promise<Uint8Array | null> {
    this.#iterator ??= this.#stream[Symbol.asyncIterator]();
    while (true) {
      const { done, value } = await this.#iterator.next();
      if (done) return null;
      if (value.length !== 0) return value;
    }
  }

  close(): void {
    this.#stream.destroy();
  }
}

/** The number of consecutive empty reads after which a file counts as broken, instead of being read for ever. */
const MOST_EMPTY = 100;

class ReadBlocks implements FileBlocks {
  #file: Reader;
  #size: number;

  constructor(file: Reader, size: number) {
    this.#file = file;
    this.#size = size;
  }

  async next(): Promise<Uint8Array | null> {
    // A new block each time, because the previous one may still be in flight.
    const block = new Uint8Array(this.#size);
    for (let reads = 0; reads < MOST_EMPTY; reads++) {
      const length = length_of(await this.#file.read(block), block);
      if (length === null) return null;
      if (length > 0) return block.subarray(0, length);
    }
    throw new Error(
      `a file's read() must give null at the end, got 0 bytes ${MOST_EMPTY} times in a row`,
    );
  }

  async close(): Promise<void> {
    await this.#file.close?.();
  }
}

/** The number of bytes read into `block`, from the result of read(); null at the end. */
function length_of(given: unknown, block: Uint8Array): number | null {
  const { bytesRead } = (given ?? {}) as { bytesRead?: number };
  const length = bytesRead ?? given;
  if (length === null || bytesRead === 0) return null;
  if (
    Number.isInteger(length) && length as number >= 0 &&
    length as number <= block.length
  ) return length as number;
  throw new TypeError(
    `a file's read() must give null or a number from 0 to ${block.length}, got ${
      describe(given)
    }`,
  );
}
