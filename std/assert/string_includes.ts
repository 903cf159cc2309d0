import { ending } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/** Fails unless `expected` occurs in `actual`. */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  if (actual.includes(expected)) return;
  throw new AssertionError(
    `Expected a string with "${expected}" in it, but got "${actual}"${
      ending(msg)
    }`,
  );
}
