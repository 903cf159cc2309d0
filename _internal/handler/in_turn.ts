/** Steps of which any may have to be waited for, done at once where none has. */

import type { MaybePromise } from "../promise.ts";

/** What does its work step by step, and yields what has to be waited for before the next. */
export type Steps = Generator<Promise<unknown>, void, unknown>;

/**
 * Does `steps` in turn: an `async` function with `yield` for `await`, but that nothing is left to be done when this
 * returns where nothing is yielded. Most responses wait for nothing, and a promise costs more than what it waits for.
 */
export function in_turn(steps: Steps): MaybePromise {
  const { done, value } = steps.next();
  if (!done) return go_on(steps, value);
}

async function go_on(steps: Steps, awaited: Promise<unknown>): Promise<void> {
  for (;;) {
    const { done, value } = await Promise.resolve(awaited).then(
      (result) => steps.next(result),
      (error) => steps.throw(error),
    );
    if (done) return;
    awaited = value;
  }
}
