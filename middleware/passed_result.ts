/** An application's result, passed on by middleware that has to see its steps. */

import {
  ApplicationResult,
  GIVES_AWAY,
  type Step,
} from "../_internal/handler/application_result.ts";
import type { MaybePromise } from "../_internal/promise.ts";
import type { WSGIResult } from "../types.ts";

/** A step for a server. */
export type BlockStep = IteratorResult<Uint8Array, undefined>;

/** The step after the last block. */
export const DONE: BlockStep = { done: true, value: undefined };

/**
 * Passes on a result block by block, one step for each step. It has no `return()`: a server that leaves the iteration
 * calls `close()`, as PEP 3333 requires of middleware.
 */
export class PassedResult implements AsyncIterable<Uint8Array> {
  protected readonly blocks: ApplicationResult;
  #waiting = false;

  /** @throws {TypeError} If `result` is not a valid result of an application. */
  constructor(result: WSGIResult) {
    this.blocks = new ApplicationResult(result);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Blocks are passed on, and not kept. */
  get [GIVES_AWAY](): boolean {
    return this.blocks.gives_away;
  }

  async next(): Promise<BlockStep> {
    this.#waiting = true;
    try {
      const step: Step = await this.blocks.next();
      return step as BlockStep;
    } finally {
      this.#waiting = false;
    }
  }

  close(): MaybePromise {
    // A server closes a result that it still waits for only after a disconnect.
    if (this.#waiting) this.blocks.abandon();
    return this.blocks.close();
  }
}
