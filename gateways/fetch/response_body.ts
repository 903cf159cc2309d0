/** The body of a response. What is available at once is read before the response begins, so that its length may be known. */

import type { MaybePromise } from "../../_internal/promise.ts";

type Step = ReadableStreamReadResult<Uint8Array>;

const DONE: Step = { done: true, value: undefined };

/** The maximum number of bytes to read before the first one is sent. */
const MOST = 1024 * 1024;

/** The blocks of a body. */
export interface ResponseBody {
  /** Whether a block is available. */
  readonly has_block: boolean;
  /** The next block. */
  read(): Step | Promise<Step>;
  /** Cancels what has not been read. */
  cancel(): MaybePromise;
}

/** The body of a response that is complete. */
export class WholeBody implements ResponseBody {
  #data: Uint8Array | null;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  get has_block(): boolean {
    return this.#data !== null;
  }

  read(): Step {
    const value = this.#data;
    if (!value) return DONE;
    this.#data = null;
    return { done: false, value };
  }

  cancel(): void {}
}

/** A body that is read from a stream. */
export class StreamedBody implements ResponseBody {
  #stream: ReadableStream<Uint8Array>;
  #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Blocks that have been read, but not returned yet. */
  #blocks: Uint8Array[] = [];
  /** The read after those, if it has been started. */
  #next: Step | Promise<Step> | null = null;
  /** Whether the stream has failed, so that there is nothing to cancel. */
  #has_failed = false;

  /** @throws {TypeError} If the stream is locked. */
  constructor(stream: ReadableStream<Uint8Array>) {
    this.#stream = stream;
    this.#reader = stream.getReader();
  }

  /**
   * Reads what is available. Text, bytes and what is made of them are one block, followed by the end; a `Blob` and a
   * form are byte streams whose blocks are all available. From any other stream at most two blocks are requested,
   * because it may have to wait.
   *
   * @returns The number of bytes, if that is the whole body.
   * @throws What the stream fails with.
   */
  async take_ready(): Promise<number | null> {
    let size = 0;
    while (this.#blocks.length < 2 || size <= MOST && this.#is_of_bytes()) {
      const next = this.#next = this.#reader.read();
      if (!await is_settled(next)) return null;
      const step = await this.#followed(next);
      if (step.done) {
        this.#next = DONE;
        return size;
      }
      this.#next = null;
      this.#blocks.push(step.value);
      size += step.value.length;
    }
    return null;
  }

  /** Whether the body is a byte stream. Checking that takes as long as everything else, and is rarely needed. */
  #is_of_bytes(): boolean {
    this.#reader.releaseLock();
    const is_byte_stream = is_of_bytes(this.#stream);
    this.#reader = this.#stream.getReader();
    return is_byte_stream;
  }

  get has_block(): boolean {
    return this.#blocks.length > 0;
  }

  read(): Step | Promise<Step> {
    const value = this.#blocks.shift();
    if (value) return { done: false, value };
    const next = this.#next ?? this.#reader.read();
    if (next === DONE) return DONE;
    this.#next = null;
    return this.#followed(next as Promise<Step>);
  }

  /** Not if the stream has ended or failed. */
  cancel(): MaybePromise {
    const has_ended = this.#has_failed || this.#next === DONE;
    if (!has_ended) return this.#reader.cancel();
  }

  async #followed(step: Promise<Step>): Promise<Step> {
    try {
      return await step;
    } catch (error) {
      this.#has_failed = true;
      throw error;
    }
  }
}

function is_of_bytes(stream: ReadableStream): boolean {
  try {
    stream.getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}

/** The maximum number of microtask turns for an available block: on Deno it takes nine. */
const TURNS = 20;

/** Whether a promise settles without I/O. */
async function is_settled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = () => void (settled = true);
  promise.then(settle, settle);
  for (let turn = 0; turn < TURNS && !settled; turn++) await null;
  return settled;
}
