/** Runs steps synchronously as long as none of them has to be awaited. */

import type { MaybePromise } from "../promise.ts";

/** Steps of work; each promise that must be awaited before the next step is yielded. */
export type Steps = Generator<Promise<unknown>, void, unknown>;

/**
 * Runs `steps` like an `async` function with `yield` for `await`, but synchronously if nothing is yielded. Most
 * responses wait for nothing, and a promise costs more than the work itself.
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
