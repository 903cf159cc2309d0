import { difference } from "./_difference.ts";
import { ending } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";
import { equal } from "./equal.ts";

/**
 * Fails unless both values have the same structure, as {@linkcode equal} sees it. The message shows
 * both, line by line: `-` is in `actual` alone, `+` in `expected` alone.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals("a,b".split(","), ["a", "b"]);
 * ```
 */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  throw new AssertionError(
    `The values are not equal${ending(msg)}\n${difference(actual, expected)}`,
  );
}
