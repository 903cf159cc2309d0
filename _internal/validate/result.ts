/** The application's result, as the validator passes it to the server. */

import type { WSGIResult } from "../../types.ts";
import { is_promise } from "../promise.ts";
import type { Exchange } from "./exchange.ts";
import { PEP, violation } from "./report.ts";

/**
 * Wraps `result` for the server: it yields the same blocks one by one, and stays synchronous if it was.
 *
 * An array stays an array, so that a server can see how many blocks there are. A file of the server's own stays the
 * same object, so that the server can send it in its own way.
 *
 * @param is_file Whether `result` comes from `wsgi.file_wrapper`.
 */
export function watch_result(
  result: WSGIResult,
  exchange: Exchange,
  is_file: boolean,
): WSGIResult {
  // The blocks are copied: the application may return the same array each time.
  const blocks = !is_file && Array.isArray(result) ? [...result] : null;
  const watched = new WatchedResult(
    blocks ?? result,
    result.close?.bind(result),
    exchange,
  );
  if (blocks) return new WatchedArray(watched, blocks);
  return Object.assign(is_file ? result : {}, {
    [kind_of(result)]: () => watched.iterate(),
    close: () => watched.close(),
  }) as unknown as WSGIResult;
}

/** The key of the method that iterates a result. */
function kind_of(result: WSGIResult) {
  return Symbol.asyncIterator in result
    ? Symbol.asyncIterator
    : Symbol.iterator;
}

interface Step {
  done?: boolean;
  value?: unknown;
}

/** A synchronous or asynchronous iterator, or a stream's reader. */
interface Source {
  next(): Step | Promise<Step>;
  return(): Step | Promise<Step>;
}

const DONE: Step = { done: true, value: undefined };

/** A function that begins the iteration of `result` as it is now, before it is modified. */
function opener(result: WSGIResult): () => Source {
  if (result instanceof ReadableStream) {
    // Not the stream's iterator, which cannot be stopped while a read is pending.
    return () => {
      const reader = result.getReader();
      return {
        next: () => reader.read(),
        return: () => reader.cancel().then(() => DONE),
      };
    };
  }
  const iterate = Reflect.get(result, kind_of(result));
  return () => {
    const iterator: Iterator<unknown> = iterate.call(result);
    return {
      next: () => iterator.next(),
      return: () => iterator.return?.() ?? DONE,
    };
  };
}

class WatchedResult {
  #result: WSGIResult;
  #close: (() => void | Promise<void>) | undefined;
  #exchange: Exchange;
  #open: () => Source;
  #source: Source | null = null;
  /** Whether the iteration of `#result` needs no stopping: it has ended, failed or been stopped. */
  #ended = false;
  #closed = false;

  constructor(
    result: WSGIResult,
    close: (() => void | Promise<void>) | undefined,
    exchange: Exchange,
  ) {
    this.#result = result;
    this.#close = close;
    this.#exchange = exchange;
    this.#open = opener(result);
  }

  /** Begins the iteration for the server. */
  iterate(): Source {
    this.#refuse_when_closed("an iteration");
    /// server: The server must not iterate a result a second time
    /// (PEP 3333, "Specification Details").
    if (this.#source) {
      throw violation(
        "the server must iterate a result once",
        "a second iteration",
        PEP.details,
      );
    }
    this.#source = this.#open();
    if (Array.isArray(this.#result)) this.#take_all(this.#result);
    return { next: () => this.#next(), return: () => this.#return() };
  }

  /** Stops the iteration if it has not ended, then closes what the application returned. Starts synchronously. */
  async close(): Promise<void> {
    /// server: It must not call `close()` a second time
    /// (PEP 3333, "Specification Details").
    if (this.#closed) {
      throw violation(
        "the server must call close() of a result once",
        "a second call",
        PEP.details,
      );
    }
    this.#closed = true;
    this.#exchange.closed();
    try {
      if (!this.#ended) await this.#stop();
    } finally {
      try {
        await this.#close?.();
      } finally {
        this.#exchange.finish();
      }
    }
  }

  #next(): Step | Promise<Step> {
    this.#refuse_when_closed("a next()");
    let step: Step | Promise<Step>;
    try {
      step = this.#source!.next();
    } catch (error) {
      throw this.#failed(error);
    }
    if (!is_promise(step)) return this.#take(step);
    return step.then(
      (step) => this.#take(step),
      (error) => {
        throw this.#failed(error);
      },
    );
  }

  /** Checks all blocks of an array, so that a wrong length is found before the first block is sent. */
  #take_all(blocks: unknown[]): void {
    try {
      this.#exchange.take_all(blocks);
    } catch (error) {
      this.#over();
      throw error;
    }
  }

  #take(step: Step): Step {
    if (step.done) this.#ended = true;
    try {
      if (!Array.isArray(this.#result)) this.#exchange.take_step(step);
      if (step.done || this.#exchange.is_complete()) this.#over();
      return step;
    } catch (error) {
      this.#over();
      throw error;
    }
  }

  #failed(error: unknown): unknown {
    this.#ended = true;
    this.#over();
    return error;
  }

  #return(): Step | Promise<Step> {
    this.#over();
    if (this.#ended) return DONE;
    this.#ended = true;
    return this.#source!.return();
  }

  /** From now on the server may only close the result. */
  #over(): void {
    if (!this.#closed) this.#exchange.over();
  }

  #stop(): unknown {
    if (this.#source) return this.#source.return();
    // Nothing was read from it, but a stream must release its resources.
    const result: { return?: () => unknown } & WSGIResult = this.#result;
    return result instanceof ReadableStream
      ? result.cancel()
      : result.return?.();
  }

  #refuse_when_closed(came: string): void {
    /// server: It must not read from a result after it has called `close()`
    /// (PEP 3333, "Specification Details").
    if (this.#closed) {
      throw violation(
        "the server must not iterate a result after close()",
        came,
        PEP.details,
      );
    }
  }
}

/**
 * The array that the server gets. It is a class because, once any plain array has its own iterator, V8 iterates every
 * array of the process forty times slower.
 */
class WatchedArray extends Array<Uint8Array> {
  #watched: WatchedResult;

  constructor(watched: WatchedResult, blocks: Uint8Array[]) {
    super();
    this.#watched = watched;
    for (const block of blocks) this.push(block);
  }

  /** `map()` and similar methods return a plain array. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  override [Symbol.iterator](): ArrayIterator<Uint8Array> {
    return this.#watched.iterate() as unknown as ArrayIterator<Uint8Array>;
  }

  close(): Promise<void> {
    return this.#watched.close();
  }
}
