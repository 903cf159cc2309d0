import {
  check_error,
  type ErrorClass,
  read_expectation,
} from "./_expectation.ts";
import { ending } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/** Fails unless `fn` throws something, and returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/**
 * Fails unless `fn` throws an instance of `ErrorClass` whose message includes `msgIncludes`, and
 * returns that error.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const error = assertThrows(() => JSON.parse("{"), SyntaxError, "JSON");
 * assertEquals(error.name, "SyntaxError");
 * ```
 */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  // deno-lint-ignore no-explicit-any
  ErrorClass: abstract new (...args: any[]) => E,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  class_or_msg?: ErrorClass | string,
  includes_or_msg?: string,
  msg?: string,
): unknown {
  const expected = read_expectation(class_or_msg, includes_or_msg, msg);
  try {
    fn();
  } catch (error) {
    check_error(error, expected);
    return error;
  }
  throw new AssertionError(
    `Expected the function to throw, but it returned${ending(expected.msg)}`,
  );
}
