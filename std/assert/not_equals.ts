import { ending, format } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";
import { equal } from "./equal.ts";

/** Fails if both values have the same structure, as {@linkcode equal} sees it. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) return;
  throw new AssertionError(
    `Expected anything but ${format(expected)}, but got an equal value${
      ending(msg)
    }`,
  );
}
