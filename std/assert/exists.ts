import { ending } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/** Fails if `actual` is `null` or `undefined`, and narrows its type. */
export function assertExists<T>(
  actual: T,
  msg?: string,
): asserts actual is NonNullable<T> {
  if (actual !== null && actual !== undefined) return;
  throw new AssertionError(`Expected a value, but got ${actual}${ending(msg)}`);
}
