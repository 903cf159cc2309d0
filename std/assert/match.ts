import { ending } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/** Fails unless the pattern `expected` matches somewhere in `actual`. */
export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (expected.test(actual)) return;
  throw new AssertionError(
    `Expected a match for ${expected}, but got "${actual}"${ending(msg)}`,
  );
}
