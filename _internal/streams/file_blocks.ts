/** The blocks of what `FileWrapper` takes, each kind of file read in its own way. */

import type { FileLike, NodeStream, Reader } from "../../types.ts";
import type { MaybePromise } from "../promise.ts";
import { describe } from "../text/check.ts";

/** A file, block by block. */
export interface FileBlocks {
  /** The next block, which is not empty; null at the end. */
  next(): Promise<Uint8Array | null>;
  /** Closes the file. */
  close(): MaybePromise;
}

/**
 * How `filelike` is read, of which nothing is read yet.
 *
 * @param size The size of the blocks, in bytes, where the file does not decide it.
 * @throws {TypeError} If it is no file.
 */
export function file_blocks(filelike: FileLike, size: number): FileBlocks {
  if (filelike instanceof ReadableStream) return new StreamBlocks(filelike);
  // Before what has read(): a stream of Node's has one as well, which takes no buffer.
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
  /** Whether reading has failed: there is nothing left to cancel then. */
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
    // A file that is not there is found out later, and perhaps before anybody reads: that must not end the process. Whoever reads is told.
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

/** How often in a row a file may give no byte before its end, as which it would be waited for without end. */
const MOST_EMPTY = 100;

class ReadBlocks implements FileBlocks {
  #file: Reader;
  #size: number;

  constructor(file: Reader, size: number) {
    this.#file = file;
    this.#size = size;
  }

  async next(): Promise<Uint8Array | null> {
    // A new block each time: the one before may still be on its way.
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

/** How much of `block` has been read, by what read() gave; null at the end. */
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
