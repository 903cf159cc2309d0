/** What an application returned, as a handler takes it: block by block, closed exactly once. */

import { describe } from "../text/check.ts";
import { refusal } from "../text/frames.ts";
import { remedy_of_result } from "../text/remedies.ts";
import { disconnected } from "../streams/disconnect.ts";
import { is_promise, type MaybePromise } from "../promise.ts";
import { FileWrapper } from "../../util.ts";

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

/** The member of a result that says whether it gives its blocks away, as `does_give_away` has it. */
export const GIVES_AWAY = Symbol("gives away");

export class ApplicationResult {
  #result: Iterable<unknown> | AsyncIterable<unknown>;
  #source: Source | null = null;
  #leave: ((reason: Error) => void) | null = null;
  #ended = false;
  /** What whoever waits for it is told; null as long as somebody may. */
  #abandoned: Error | null = null;
  #gives_away: boolean | null = null;
  #closed = false;

  /** @throws {TypeError} If `result` is nothing that an application may return. */
  constructor(result: unknown) {
    this.#result = check_result(result);
    this.#ended = Array.isArray(result); // Nothing stands behind an array that would have to be stopped.
  }

  /**
   * The next step of the iteration.
   *
   * @throws What the iteration throws; the reason as soon as the result is abandoned, even if the step never comes.
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

  /** Whether nobody uses a block of the result again once it has been given. */
  get gives_away(): boolean {
    return this.#gives_away ??= does_give_away(this.#result);
  }

  /** Has nobody wait for the result any more: its client has gone. */
  abandon(reason: Error = disconnected()): void {
    this.#abandoned = reason;
    this.#leave?.(reason);
  }

  /** Stops the iteration if it has not ended, then calls the result's own `close()`. Only the first call does anything. */
  close(): MaybePromise {
    if (this.#closed) return;
    this.#closed = true;
    const { close } = this.#result as Closable;
    if (this.#ended && typeof close !== "function") return;
    return this.#close(close);
  }

  async #close(close: unknown): Promise<void> {
    try {
      if (!this.#ended) await this.#stop_iteration();
    } finally {
      if (typeof close === "function") await close.call(this.#result);
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

  /** An iterator that is done or has thrown is not to be stopped any more. */
  #note(step: Step): Step {
    if (step.done) this.#ended = true;
    return step;
  }

  async #stop_iteration(): Promise<void> {
    const stopped = this.#stop();
    if (!is_promise(stopped)) return;
    // A generator stops when it has what it awaits, which may be never: nobody waits for that when the client has gone.
    if (this.#abandoned) stopped.catch(() => {});
    else await stopped;
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

/** @throws {TypeError} If `result` is nothing that an application may return. */
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

/** The blocks of an array: source and step in one. */
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
    // Not its iterator: that one cannot be stopped while a read is pending.
    const reader = result.getReader();
    return { next: () => reader.read(), stop: () => reader.cancel() };
  }
  if (is_plain_array(result)) return new ArrayBlocks(result);
  const iterator = Symbol.asyncIterator in result
    ? result[Symbol.asyncIterator]()
    : result[Symbol.iterator]();
  return { next: () => iterator.next(), stop: () => iterator.return?.() };
}

/** Whether a result is an array that is iterated as arrays are. */
export function is_plain_array<Block>(
  result: Iterable<Block> | AsyncIterable<Block>,
): result is Block[] {
  return Array.isArray(result) && !(Symbol.asyncIterator in result) &&
    result[Symbol.iterator] === Array.prototype[Symbol.iterator];
}

/**
 * Whether nobody uses a block of a result again once it has been given, so that a server may keep it: the blocks of an
 * array are all there, those of a stream belong to who reads it, and `FileWrapper` reads each into a buffer of its own.
 * A generator may yield the same buffer again and again; and who has a `close()` hears of the end.
 */
export function does_give_away(
  result: Iterable<unknown> | AsyncIterable<unknown>,
): boolean {
  const { close, [GIVES_AWAY]: said } = result as Closable & {
    [GIVES_AWAY]?: boolean;
  };
  if (said !== undefined) return said;
  if (is_plain_array(result)) return typeof close !== "function";
  return result instanceof ReadableStream || is_plain_file(result);
}

/** Whether a result is a file that is read as `FileWrapper` does it. */
function is_plain_file(result: object): boolean {
  return result instanceof FileWrapper &&
    result.next === FileWrapper.prototype.next &&
    result[Symbol.asyncIterator] ===
      FileWrapper.prototype[Symbol.asyncIterator];
}
