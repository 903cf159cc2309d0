/** Request bodies: none at all, all of a stream, and one of known length out of a stream that may go on. */

import { platform } from "../platform.ts";
import { BodySource, has_source } from "./body_source.ts";
import { disconnected } from "./disconnect.ts";
import { stand_in } from "./own_request.ts";

const DIGITS = /^[0-9]+$/;

/** The number of bytes that `CONTENT_LENGTH` says, which is digits or nothing (RFC 3875, section 4.1.2); null where it is anything but digits. */
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

/** The class of bodies without a byte. Made with the first: Deno takes 2.5 ms to load its streams, which not everybody needs who imports this. */
let EmptyBody: (new () => ReadableStream<Uint8Array>) | null = null;

/** A body without a byte, which can be told from others. */
export function empty_body(): ReadableStream<Uint8Array> {
  EmptyBody ??= class extends ReadableStream<Uint8Array> {
    constructor() {
      super(EMPTY);
    }
  };
  return new EmptyBody();
}

/** Whether a body is one of those. */
export function is_empty_body(body: ReadableStream): boolean {
  return EmptyBody !== null && body instanceof EmptyBody;
}

/**
 * All of `source`, which is nothing but the body. `Deno.serve` has a body just end whose client cancels its stream of
 * HTTP/2: so the stream fails with `Deno.errors.UnexpectedEof` if that is before `content_length` bytes, where there is
 * one, and where there is a `request` as if the client had gone, if its signal is aborted then.
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
 * No more than they is asked of `source`, which may stay open: its end is not waited for, and it is neither
 * closed nor cancelled. The stream fails with `Deno.errors.UnexpectedEof` if `source` ends before. Without a length the
 * body is empty.
 *
 * @param on_taken Called when all of a body has been read that is not empty.
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

/** Of a BadResource, as which `Deno.serve` has a body fail whose client has left, `Response` makes another error, that says less. */
function translate(error: unknown): never {
  if (!(error instanceof platform.errors.BadResource)) throw error;
  throw Object.assign(disconnected(), { cause: error });
}

class WholeSource extends BodySource {
  #source: ReadableStream<Uint8Array>;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  #expected: number;
  #request: Request | null;
  #signal: AbortSignal | null = null;
  #came = 0;

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
    const { done, value } = await this.#reader.read().catch(translate);
    if (!done) {
      this.#came += value.length;
      // Deno prints a warning where a signal is asked for: only a body is worth that.
      if (this.#came > 0) this.#signal ??= this.#request?.signal ?? null;
      return controller.enqueue(value);
    }
    if (this.#came < this.#expected) {
      throw cut_short(this.#came, this.#expected);
    }
    if (this.#signal?.aborted) throw disconnected();
    controller.close();
  }

  override cancel(reason: unknown): Promise<void> {
    return (this.#reader ?? this.#source).cancel(reason);
  }
}

/** The most that is read at once. */
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
    // A pull that brings nothing would not be followed by another.
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

  /** A stream of bytes can be asked for just what is wanted; of any other the surplus of the last chunk is dropped. */
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
