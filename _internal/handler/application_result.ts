/** Reads the result of an application: block by block, closed exactly once. */

import { describe } from "../text/check.ts";
import { refusal } from "../text/frames.ts";
import { remedy_of_result } from "../text/remedies.ts";
import { disconnected } from "../streams/disconnect.ts";
import { DONE, is_promise, type MaybePromise } from "../promise.ts";
import { in_turn, type Steps } from "./in_turn.ts";
import { FileWrapper } from "../../util.ts";

/** A step of an iterator or a reader. */
export interface Step {
  done?: boolean;
  value?: unknown;
}

/** The source of the blocks: a synchronous or asynchronous iterator, or a stream's reader. */
interface Source {
  next(): Step | Promise<Step>;
  /** Stops it before its end. */
  stop(): unknown;
}

/** Optional members of a result. */
interface Closable {
  close?: unknown;
  return?: unknown;
}

/** The key under which a result declares whether it gives its blocks away, see `does_give_away`. */
export const GIVES_AWAY = Symbol("gives away");

export class ApplicationResult {
  #result: Iterable<unknown> | AsyncIterable<unknown>;
  #source: Source | null = null;
  #leave: ((reason: Error) => void) | null = null;
  #ended = false;
  /** The error for everything that still waits for it; null until it is abandoned. */
  #abandoned: Error | null = null;
  #gives_away: boolean | null = null;
  #closed = false;

  /** @throws {TypeError} If `result` is not a valid result of an application. */
  constructor(result: unknown) {
    this.#result = check_result(result);
    this.#ended = Array.isArray(result); // An array holds no resources, and need not be stopped.
  }

  /**
   * The next step of the iteration.
   *
   * @throws What the iteration throws. If the result is abandoned, rejects with the reason at once, even if the step
   * never settles.
   */
  next(): Step | Promise<Step> {
    try {
      this.#source ??= open_source(this.#result);
      const step = this.#source.next();
      return is_promise(step) ? this.#follow(step) : this.#note(step);
    } catch (error) {
      this.#ended = true;
      throw error;
    }
  }

  /** Whether the result never reuses a block. */
  get gives_away(): boolean {
    return this.#gives_away ??= does_give_away(this.#result);
  }

  /** Rejects all waits for the result, because its client has disconnected. */
  abandon(reason: Error = disconnected()): void {
    this.#abandoned = reason;
    this.#leave?.(reason);
  }

  /** Stops the iteration if it has not ended, then calls the result's own `close()`. Further calls do nothing. */
  close(): MaybePromise {
    if (this.#closed) return;
    this.#closed = true;
    const { close } = this.#result as Closable;
    if (this.#ended && typeof close !== "function") return;
    return in_turn(this.#close(close));
  }

  *#close(close: unknown): Steps {
    try {
      const stopped = this.#ended ? undefined : this.#stop_iteration();
      if (stopped) yield stopped;
    } finally {
      if (typeof close === "function") {
        const closed = close.call(this.#result);
        if (is_promise(closed)) yield closed;
      }
    }
  }

  #follow(step: Promise<Step>): Promise<Step> {
    return new Promise((resolve, reject) => {
      if (this.#abandoned) reject(this.#abandoned);
      this.#leave = reject;
      step.then(
        (step) => resolve(this.#note(step)),
        (error) => {
          this.#ended = true;
          reject(error);
        },
      );
    });
  }

  /** An iterator that is done or has thrown must not be stopped. */
  #note(step: Step): Step {
    if (step.done) this.#ended = true;
    return step;
  }

  #stop_iteration(): Promise<unknown> | undefined {
    const stopped = this.#stop();
    if (!is_promise(stopped)) return;
    if (!this.#abandoned) return stopped;
    // A generator stops only when the promise it awaits settles, which may be never: after a disconnect that is not
    // awaited. One that awaits nothing stops in this turn.
    stopped.catch(() => {});
    return DONE;
  }

  #stop(): unknown {
    if (this.#source) return this.#source.stop();
    // Nothing was read from it. A stream still has to release its resources.
    const result = this.#result;
    if (result instanceof ReadableStream) return result.cancel();
    const { return: end } = result as Closable;
    if (typeof end === "function") return end.call(result);
  }
}

/** @throws {TypeError} If `result` is not a valid result of an application. */
export function check_result(result: unknown): Iterable<unknown> {
  if (result instanceof Uint8Array) {
    throw refusal(
      "an application must return an iterable of byte blocks, got a bare Uint8Array: return [data]",
    );
  }
  if (
    typeof result !== "object" || result === null ||
    !(Symbol.iterator in result || Symbol.asyncIterator in result)
  ) {
    throw refusal(
      `an application must return an iterable of Uint8Array, got ${
        describe(result)
      }${remedy_of_result(result)}`,
    );
  }
  return result as Iterable<unknown>;
}

/** The blocks of an array: source and step in one object. */
class ArrayBlocks implements Source, Step {
  done = false;
  value: unknown;
  #array: readonly unknown[];
  #next = 0;

  constructor(array: readonly unknown[]) {
    this.#array = array;
  }

  next(): Step {
    this.done = this.#next >= this.#array.length;
    this.value = this.#array[this.#next++];
    return this;
  }

  stop(): void {}
}

function open_source(
  result: Iterable<unknown> | AsyncIterable<unknown>,
): Source {
  if (result instanceof ReadableStream) {
    // Not the stream's iterator, which cannot be stopped while a read is pending.
    const reader = result.getReader();
    return { next: () => reader.read(), stop: () => reader.cancel() };
  }
  if (is_plain_array(result)) return new ArrayBlocks(result);
  const iterator = Symbol.asyncIterator in result
    ? result[Symbol.asyncIterator]()
    : result[Symbol.iterator]();
  return { next: () => iterator.next(), stop: () => iterator.return?.() };
}

/** Whether a result is an array of one block with the standard iterator, and without a `close()`. */
export function is_one_block(result: unknown): result is [unknown] {
  return Array.isArray(result) && result.length === 1 &&
    (result as Closable).close === undefined && is_plain_array(result);
}

/** Whether a result is an array with the standard iterator. */
export function is_plain_array<Block>(
  result: Iterable<Block> | AsyncIterable<Block>,
): result is Block[] {
  return Array.isArray(result) &&
    (result as unknown as AsyncIterable<Block>)[Symbol.asyncIterator] ===
      undefined &&
    result[Symbol.iterator] === Array.prototype[Symbol.iterator];
}

/**
 * Whether a result never reuses a block, so that a server may keep it: the blocks of an array all exist at once, those
 * of a stream belong to its reader, and `FileWrapper` reads each into a new buffer. A generator may yield the same
 * buffer repeatedly, and an array or a stream with a `close()` may reuse its blocks after that.
 */
export function does_give_away(
  result: Iterable<unknown> | AsyncIterable<unknown>,
): boolean {
  const { close, [GIVES_AWAY]: said } = result as Closable & {
    [GIVES_AWAY]?: boolean;
  };
  if (said !== undefined) return said;
  if (is_plain_array(result) || result instanceof ReadableStream) {
    return typeof close !== "function";
  }
  return is_plain_file(result);
}

/** Whether a result is a `FileWrapper` whose iteration is not overridden. */
function is_plain_file(result: object): boolean {
  return result instanceof FileWrapper &&
    result.next === FileWrapper.prototype.next &&
    result[Symbol.asyncIterator] ===
      FileWrapper.prototype[Symbol.asyncIterator];
}
