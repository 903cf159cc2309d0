import { difference } from "./_difference.ts";
import { ending } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/** Fails unless both are one value by `Object.is`, and narrows the type of `actual`. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  throw new AssertionError(
    `The values are not strictly equal${ending(msg)}\n${
      difference(actual, expected)
    }`,
  );
}
