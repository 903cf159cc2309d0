/** Request bodies: an empty one, all of a stream, or a number of bytes from a stream that may continue. */

import { platform } from "../platform.ts";
import type { MaybePromise } from "../promise.ts";
import { BodySource, has_source } from "./body_source.ts";
import { disconnected } from "./disconnect.ts";
import { stand_in } from "./own_request.ts";

const DIGITS = /^[0-9]+$/;

/** The number of bytes that `CONTENT_LENGTH` declares (RFC 3875, section 4.1.2); null unless it is digits. */
export function parse_length(
  content_length: string | undefined,
): number | null {
  return content_length !== undefined && DIGITS.test(content_length)
    ? Number(content_length)
    : null;
}

const EMPTY: UnderlyingDefaultSource<Uint8Array> = {
  start: (controller) => controller.close(),
};

interface EmptyBodyClass {
  new (): ReadableStream<Uint8Array>;
  prototype: ReadableStream<Uint8Array>;
}

/** The class of empty bodies, created with the first one: Deno takes 2.5 ms to load its streams, which not every importer of this module needs. */
let EmptyBody: EmptyBodyClass | null = null;

/** An empty body, recognised by `is_empty_body`. */
export function empty_body(): ReadableStream<Uint8Array> {
  EmptyBody ??= heirs_of_one() ?? streams_of_their_own();
  return new EmptyBody();
}

function streams_of_their_own(): EmptyBodyClass {
  return class extends ReadableStream<Uint8Array> {
    constructor() {
      super(EMPTY);
    }
  };
}

/**
 * A class whose instances inherit from a single stream that has ended. Deno keeps the state of a stream in its
 * properties, so the whole platform takes each instance for a stream, and what is done to one of them changes only that
 * one. Creating one costs a hundredth of a real stream. Null on a platform that keeps the state elsewhere, where the
 * instances would share it or would not be streams.
 */
function heirs_of_one(): EmptyBodyClass | null {
  const ended = new ReadableStream<Uint8Array>(EMPTY);
  const Heir = function () {} as unknown as EmptyBodyClass;
  Heir.prototype = ended;
  try {
    const body = new Heir();
    const reader = body.getReader();
    const is_apart = body.locked && !ended.locked && !new Heir().locked;
    reader.releaseLock();
    return is_apart && !body.locked ? Heir : null;
  } catch {
    return null;
  }
}

/** Whether a body was made by `empty_body`. */
export function is_empty_body(body: ReadableStream): boolean {
  return EmptyBody !== null && body instanceof EmptyBody;
}

/**
 * All of `source`, which contains nothing but the body. If the client cancels an HTTP/2 stream, `Deno.serve` just ends
 * the body. So the returned stream fails with `Deno.errors.UnexpectedEof` if it ends before a given `content_length`,
 * and as after a disconnect if the signal of a given `request` is aborted at its end.
 */
export function whole_body(
  source: ReadableStream<Uint8Array>,
  content_length?: string,
  request: Request | null = null,
): ReadableStream<Uint8Array> {
  if (is_empty_body(source) || has_source(source)) return source;
  const expected = parse_length(content_length) ?? 0;
  const { stream } = new WholeSource(source, expected, request);
  stand_in(stream, source);
  return stream;
}

/**
 * The first `content_length` bytes of `source`, as a stream that ends there.
 *
 * No more than these bytes are read from `source`, which may stay open: its end is not awaited, and it is neither
 * closed nor cancelled. The stream fails with `Deno.errors.UnexpectedEof` if `source` ends before. Without a length the
 * body is empty.
 *
 * @param on_taken Called when a body that is not empty has been read completely.
 */
export function body_of(
  source: ReadableStream<Uint8Array>,
  content_length: string | undefined,
  on_taken: () => void = () => {},
): ReadableStream<Uint8Array> {
  const length = parse_length(content_length);
  if (!length) return empty_body();
  return new LimitedSource(source, length, on_taken).stream;
}

function cut_short(came: number, expected: number): Error {
  return new platform.errors.UnexpectedEof(
    `the request body ended after ${came} of ${expected} bytes`,
  );
}

/**
 * After a disconnect, `Deno.serve` fails a body with a BadResource, which `Response` would turn into a less helpful
 * error.
 */
function translate(error: unknown): never {
  if (!(error instanceof platform.errors.BadResource)) throw error;
  throw Object.assign(disconnected(), { cause: error });
}

/** Below how many bytes a block is small. A turn for others would slow down an upload in large blocks. */
const SMALL = 1024;

/**
 * How many small blocks are read before the event loop runs: that many of each body, then that many of all together. Deno
 * resolves reads of blocks that it has received already without running it, and a client can make a block of each byte.
 */
const BLOCKS_A_TURN = 128;

/** How many small blocks of long bodies have been read since the last turn. */
let blocks_read = 0;

/** Resolves after the next turn of the event loop; null if no body waits for one. */
let turn: Promise<void> | null = null;

/** Waits for a turn of the event loop if it is time for one. */
function take_turn(): MaybePromise {
  if (!turn && ++blocks_read < BLOCKS_A_TURN) return;
  return turn ??= new Promise((resolve) => {
    setTimeout(() => {
      blocks_read = 0;
      turn = null;
      resolve();
    }, 0);
  });
}

/** Whether a block uses less than half of its buffer: Deno allocates 64 KiB for each, however short it is. */
function is_sparse(block: Uint8Array): boolean {
  return block.length * 2 < block.buffer.byteLength;
}

class WholeSource extends BodySource {
  #source: ReadableStream<Uint8Array>;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  #expected: number;
  #request: Request | null;
  #signal: AbortSignal | null = null;
  #came = 0;
  #blocks = 0;

  constructor(
    source: ReadableStream<Uint8Array>,
    expected: number,
    request: Request | null,
  ) {
    super();
    this.#source = source;
    this.#expected = expected;
    this.#request = request;
  }

  protected override async give(
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): Promise<void> {
    this.#reader ??= this.#source.getReader();
    const { done, value } = await this.#read();
    if (!done) {
      this.#came += value.length;
      // Deno prints a warning when the signal is read, so it is only read for a request that has a body.
      if (this.#came > 0) this.#signal ??= this.#request?.signal ?? null;
      controller.enqueue(is_sparse(value) ? value.slice() : value);
      if (value.length >= SMALL) return;
      return ++this.#blocks > BLOCKS_A_TURN ? take_turn() : undefined;
    }
    if (this.#came < this.#expected) {
      throw cut_short(this.#came, this.#expected);
    }
    if (this.#signal?.aborted) throw disconnected();
    controller.close();
  }

  /** Awaited, since the stream of a program may have a reader of its own kind. */
  async #read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    try {
      return await this.#reader!.read();
    } catch (error) {
      translate(error);
    }
  }

  override cancel(reason: unknown): Promise<void> {
    return (this.#reader ?? this.#source).cancel(reason);
  }
}

/** The maximum size of a read. */
const BLOCK_SIZE = 65536;

class LimitedSource extends BodySource {
  #source: ReadableStream<Uint8Array>;
  #length: number;
  #left: number;
  #on_taken: () => void;
  #read: ((most: number) => Promise<Uint8Array | null>) | null = null;
  #release: () => void = () => {};

  constructor(
    source: ReadableStream<Uint8Array>,
    length: number,
    on_taken: () => void,
  ) {
    super();
    this.#source = source;
    this.#length = this.#left = length;
    this.#on_taken = on_taken;
  }

  protected override async give(
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): Promise<void> {
    this.#read ??= this.#open();
    let chunk;
    // A pull that enqueues nothing would not be followed by another.
    do chunk = await this.#read(Math.min(this.#left, BLOCK_SIZE)); while (
      chunk?.length === 0
    );
    if (chunk === null) {
      this.#release();
      throw cut_short(this.#length - this.#left, this.#length);
    }
    this.#left -= chunk.length;
    controller.enqueue(chunk);
    if (this.#left > 0) return;
    this.#on_taken();
    this.#release();
    controller.close();
  }

  override cancel(): void {
    this.#release();
  }

  /**
   * From a byte stream, exactly the wanted number of bytes can be read; from any other, the surplus of the last chunk
   * is dropped.
   */
  #open(): (most: number) => Promise<Uint8Array | null> {
    const byob = byob_reader(this.#source);
    if (byob) {
      this.#release = () => byob.releaseLock();
      return async (most) => {
        const { value } = await byob.read(new Uint8Array(most));
        return value?.length ? value : null;
      };
    }
    const reader = this.#source.getReader();
    this.#release = () => reader.releaseLock();
    return async (most) => {
      const { done, value } = await reader.read();
      return done ? null : value.subarray(0, most);
    };
  }
}

function byob_reader(
  stream: ReadableStream<Uint8Array>,
): ReadableStreamBYOBReader | null {
  try {
    return stream.getReader({ mode: "byob" });
  } catch (error) {
    if (stream.locked) throw error;
    return null;
  }
}
