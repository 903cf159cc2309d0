/** What an application returned, as a handler takes it: block by block, closed exactly once. */

import { describe } from "./check.ts";

/** What an iterator and a reader both give. */
export interface Step {
  done?: boolean;
  value?: unknown;
}

/** Where the blocks come from: an iterator of either kind, or a stream's reader. */
interface Source {
  next(): Step | Promise<Step>;
  /** Ends it before its time. */
  stop(): unknown;
}

/** The members that a result may have beside being iterable. */
interface Closable {
  close?: unknown;
  return?: unknown;
}

export class ApplicationResult {
  #result: Iterable<unknown> | AsyncIterable<unknown>;
  #source: Source | null = null;
  #closed = false;

  /** Set once the last block is taken or taking one has failed: then there is nothing left to stop. */
  ended = false;

  /** @throws {TypeError} If `result` is nothing that an application may return. */
  constructor(result: unknown) {
    this.#result = check_result(result);
  }

  /** The next block, as the iterator has it. */
  next(): Step | Promise<Step> {
    this.#source ??= open_source(this.#result);
    return this.#source.next();
  }

  /**
   * Stops the iteration if it has not ended, then calls the result's own `close()`. Only the first call
   * does anything.
   *
   * @param wait Whether to wait for the iteration to stop. A generator stops when what it awaits is there,
   * which may be never; so nobody waits for it when the client has gone.
   */
  async close(wait = true): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { close } = this.#result as Closable;
    try {
      if (!this.ended) {
        const stopped = this.#stop();
        if (wait) await stopped;
        else if (stopped instanceof Promise) stopped.catch(() => {});
      }
    } finally {
      if (typeof close === "function") await close.call(this.#result);
    }
  }

  #stop(): unknown {
    if (this.#source) return this.#source.stop();
    // Nothing was taken from it: a stream still has to let go of what stands behind it, a generator of nothing.
    const result = this.#result;
    if (result instanceof ReadableStream) return result.cancel();
    const { return: end } = result as Closable;
    if (typeof end === "function") return end.call(result);
  }
}

function check_result(result: unknown): Iterable<unknown> {
  if (result instanceof Uint8Array) {
    throw new TypeError(
      "an application must return an iterable of byte blocks, got a bare Uint8Array: return [data]",
    );
  }
  if (
    typeof result !== "object" || result === null ||
    !(Symbol.iterator in result || Symbol.asyncIterator in result)
  ) {
    throw new TypeError(
      `an application must return an iterable of Uint8Array, got ${
        describe(result)
      }`,
    );
  }
  return result as Iterable<unknown>;
}

function open_source(
  result: Iterable<unknown> | AsyncIterable<unknown>,
): Source {
  if (result instanceof ReadableStream) {
    // Not its iterator: that one cannot be stopped while a read is pending.
    const reader = result.getReader();
    return { next: () => reader.read(), stop: () => reader.cancel() };
  }
  const iterator = Symbol.asyncIterator in result
    ? result[Symbol.asyncIterator]()
    : result[Symbol.iterator]();
  return { next: () => iterator.next(), stop: () => iterator.return?.() };
}
