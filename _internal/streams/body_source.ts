/** Request bodies that remember the error they failed with, which is not the fault of their reader. */

import type { MaybePromise } from "../promise.ts";

/** Nothing is read from a body before it is requested. */
const UNREAD = { highWaterMark: 0 };

const sources = new WeakMap<ReadableStream, BodySource>();

/** The source of a request body, with the body. */
export abstract class BodySource
  implements UnderlyingDefaultSource<Uint8Array> {
  /** The body. */
  readonly stream: ReadableStream<Uint8Array>;
  #failure: { error: unknown } | null = null;
  #controller!: ReadableStreamDefaultController<Uint8Array>;

  constructor() {
    this.stream = new ReadableStream(this, UNREAD);
    sources.set(this.stream, this);
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  /** Enqueues the next block of the body, or closes it. */
  protected abstract give(
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): Promise<void>;

  /** Called when the body is cancelled. */
  abstract cancel(reason: unknown): MaybePromise;

  pull(
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): Promise<void> {
    return this.give(controller).catch((error) => {
      this.#failure ??= { error };
      throw error;
    });
  }

  /** Makes the body fail with `error`, unless it has ended. A pending read fails too. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#controller.error(error);
  }

  /** Whether `error` is the one that the body failed with, or the copy that `fetch` makes when it sends the body. */
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

/** The source of a body; null if it has none of this class. */
export function source_of(body: ReadableStream): BodySource | null {
  return sources.get(body) ?? null;
}

/** Whether a body remembers the error it failed with. */
export function has_source(body: ReadableStream): boolean {
  return sources.has(body);
}

/** Whether `body` is a request body that failed with `error`: then its transport has already reported it. */
export function has_failed_with(body: unknown, error: unknown): boolean {
  return sources.get(body as ReadableStream)?.has_failed_with(error) ?? false;
}
