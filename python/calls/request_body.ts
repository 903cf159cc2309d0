/** Receives a request body before Python is called: into memory, or a long one into a temporary file. */

import { MOST_IN_MEMORY, TemporaryFile } from "./temporary_file.ts";

/** A complete body. */
export interface RequestBody {
  /** Its length in bytes. */
  readonly size: number;
  /** Reads the next bytes into `block`; returns how many, 0 at the end. */
  take(block: Uint8Array): number;
  /** Releases it. */
  close(): void;
}

/**
 * Receives a body.
 *
 * @param folder The folder for the temporary file.
 * @throws The error of the stream; `Deno.errors.NotCapable` if the body is long and `folder` may not be used.
 */
export async function receive_body(
  stream: ReadableStream<Uint8Array>,
  folder: string,
): Promise<RequestBody> {
  const blocks: Uint8Array[] = [];
  let size = 0;
  let file: TemporaryFile | null = null;
  try {
    for await (const block of stream) {
      size += block.length;
      if (!file && size > MOST_IN_MEMORY) {
        file = new TemporaryFile(folder);
        for (const block of blocks) file.put(block);
        blocks.length = 0;
      }
      if (file) file.put(block);
      else blocks.push(block);
    }
  } catch (error) {
    file?.close();
    throw error;
  }
  return file ? new FileBody(file) : new MemoryBody(blocks, size);
}

class MemoryBody implements RequestBody {
  readonly size: number;
  #blocks: Uint8Array[];
  #next = 0;
  #offset = 0;

  constructor(blocks: Uint8Array[], size: number) {
    this.size = size;
    this.#blocks = blocks;
  }

  take(block: Uint8Array): number {
    let taken = 0;
    while (taken < block.length && this.#next < this.#blocks.length) {
      const current = this.#blocks[this.#next]!;
      const end = this.#offset + block.length - taken;
      const part = current.subarray(this.#offset, end);
      block.set(part, taken);
      taken += part.length;
      this.#offset += part.length;
      if (this.#offset === current.length) {
        this.#next++;
        this.#offset = 0;
      }
    }
    return taken;
  }

  close(): void {
    this.#blocks.length = 0;
  }
}

class FileBody implements RequestBody {
  readonly size: number;
  #file: TemporaryFile;

  constructor(file: TemporaryFile) {
    this.size = file.left;
    this.#file = file;
  }

  take(block: Uint8Array): number {
    return this.#file.take(block);
  }

  close(): void {
    this.#file.close();
  }
}
