/** Request bodies: none at all, and one of known length out of a stream that may go on. */

import { platform } from "../platform.ts";

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
  const limited = new LimitedSource(source, length, on_taken);
  return new ReadableStream(limited, { highWaterMark: 0 });
}

/** The most that is read at once. */
const BLOCK_SIZE = 65536;

class LimitedSource implements UnderlyingDefaultSource<Uint8Array> {
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
    this.#source = source;
    this.#length = this.#left = length;
    this.#on_taken = on_taken;
  }

  async pull(
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
      throw new platform.errors.UnexpectedEof(
        `the request body ended after ${
          this.#length - this.#left
        } of ${this.#length} bytes`,
      );
    }
    this.#left -= chunk.length;
    controller.enqueue(chunk);
    if (this.#left > 0) return;
    this.#on_taken();
    this.#release();
    controller.close();
  }

  cancel(): void {
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
