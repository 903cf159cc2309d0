/** What an application returned, handed on by a middleware that has to see its steps. */

import {
  ApplicationResult,
  GIVES_AWAY,
  type Step,
} from "../_internal/handler/application_result.ts";
import type { MaybePromise } from "../_internal/promise.ts";
import type { WSGIResult } from "../types.ts";

/** A step for a server. */
export type BlockStep = IteratorResult<Uint8Array, undefined>;

/** The step behind the last block. */
export const DONE: BlockStep = { done: true, value: undefined };

/**
 * A result, block by block, one step of it for one that is taken here. It has no `return()`: whoever leaves a loop over
 * it closes it, as PEP 3333 asks of a middleware.
 */
export class PassedResult implements AsyncIterable<Uint8Array> {
  protected readonly blocks: ApplicationResult;
  #waiting = false;

  /** @throws {TypeError} If `result` is nothing that an application may return. */
  constructor(result: WSGIResult) {
    this.blocks = new ApplicationResult(result);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** A block goes through here and is gone. */
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
    // A server closes what it still waits for only when its client has gone.
    if (this.#waiting) this.blocks.abandon();
    return this.blocks.close();
  }
}
