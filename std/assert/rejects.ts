import {
  check_error,
  type ErrorClass,
  read_expectation,
} from "./_expectation.ts";
import { class_of, ending } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/** Fails unless the promise that `fn` returns rejects, and resolves to the reason. */
export function assertRejects(
  fn: () => PromiseLike<unknown>,
  msg?: string,
): Promise<unknown>;
/**
 * Fails unless the promise that `fn` returns rejects with an instance of `ErrorClass` whose message
 * includes `msgIncludes`, and resolves to that error. To throw before there is a promise is a failure.
 *
 * @example
 * ```ts
 * import { assertRejects } from "@std/assert";
 *
 * await assertRejects(() => new Response("{").json(), SyntaxError, "JSON");
 * ```
 */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  // deno-lint-ignore no-explicit-any
  ErrorClass: abstract new (...args: any[]) => E,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  class_or_msg?: ErrorClass | string,
  includes_or_msg?: string,
  msg?: string,
): Promise<unknown> {
  const expected = read_expectation(class_or_msg, includes_or_msg, msg);
  const promise = call(fn, expected.msg);
  try {
    await promise;
  } catch (error) {
    check_error(error, expected);
    return error;
  }
  throw new AssertionError(
    `Expected the promise to reject, but it resolved${ending(expected.msg)}`,
  );
}

/** Calls `fn` and insists on a promise: a mistake in a test must not pass for a rejection. */
function call(
  fn: () => PromiseLike<unknown>,
  msg: string | undefined,
): PromiseLike<unknown> {
  let result: unknown;
  try {
    result = fn();
  } catch (cause) {
    throw new AssertionError(
      `Expected a promise that rejects, but the function threw${ending(msg)}`,
      { cause },
    );
  }
  if (is_promise_like(result)) return result;
  throw new AssertionError(
    `Expected a promise that rejects, but the function returned "${
      class_of(result)
    }"${ending(msg)}`,
  );
}

function is_promise_like(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}
