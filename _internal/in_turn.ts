/** Steps of which any may have to be waited for, done at once where none has. */

import type { MaybePromise } from "./promise.ts";

/** What does its work step by step, and yields what has to be waited for before the next. */
export type Steps = Generator<Promise<unknown>, void, unknown>;

/**
 * Does `steps` in turn: an `async` function with `yield` for `await`, but for what happens where nothing is yielded. That
 * is done when this returns, and what it used is gone. Promises would keep it: Deno hands over all requests that have
 * arrived before the reactions to any promise are run.
 */
export function in_turn(steps: Steps): MaybePromise {
  const { done, value } = steps.next();
  if (!done) return go_on(steps, value);
}

async function go_on(steps: Steps, awaited: Promise<unknown>): Promise<void> {
  for (;;) {
    const { done, value } = await resume(steps, awaited);
    if (done) return;
    awaited = value;
  }
}

async function resume(
  steps: Steps,
  awaited: Promise<unknown>,
): Promise<IteratorResult<Promise<unknown>, void>> {
  let value;
  try {
    value = await awaited;
  } catch (error) {
    return steps.throw(error);
  }
  return steps.next(value);
}
