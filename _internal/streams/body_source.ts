/** Request bodies that remember what they failed with: that is no error of whoever reads them. */

import type { MaybePromise } from "../promise.ts";

/** Nothing is read of a body before it is wanted. */
const UNREAD = { highWaterMark: 0 };

const sources = new WeakMap<ReadableStream, BodySource>();

/** Where a request body comes from, and the body. */
export abstract class BodySource
  implements UnderlyingDefaultSource<Uint8Array> {
  /** The body. */
  readonly stream: ReadableStream<Uint8Array>;
  #failure: { error: unknown } | null = null;

  constructor() {
    this.stream = new ReadableStream(this, UNREAD);
    sources.set(this.stream, this);
  }

  /** Puts the next block into the body, or ends it. */
  protected abstract give(
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): Promise<void>;

  /** The body is not wanted any more. */
  abstract cancel(reason: unknown): MaybePromise;

  pull(
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): Promise<void> {
    return this.give(controller).catch((error) => {
      this.#failure = { error };
      throw error;
    });
  }

  /** Whether `error` is what the body failed with, or the copy of it that `fetch` makes of what it was to send. */
  has_failed_with(error: unknown): boolean {
    if (!this.#failure) return false;
    const { error: own } = this.#failure;
    return error === own ||
      own instanceof Error && is_plain_error(error) &&
        error.message === own.message;
  }
}

function is_plain_error(value: unknown): value is Error {
  return value instanceof Error &&
    Object.getPrototypeOf(value) === Error.prototype;
}

/** Whether a body remembers what it failed with. */
export function has_source(body: ReadableStream): boolean {
  return sources.has(body);
}

/** Whether `body` is a request body, and `error` what it failed with: then its transport has reported it. */
export function has_failed_with(body: unknown, error: unknown): boolean {
  return sources.get(body as ReadableStream)?.has_failed_with(error) ?? false;
}
