import { stripVTControlCharacters } from "node:util";
import { class_of, ending, format } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/** The class of an error: what `instanceof` takes. */
// deno-lint-ignore no-explicit-any
export type ErrorClass = abstract new (...args: any[]) => Error;

/** What a caller of `assertThrows` or `assertRejects` asked for. */
export interface Expectation {
  error_class?: ErrorClass;
  msg_includes?: string;
  msg?: string;
}

/** Sorts the arguments of the two overloads: `(msg)` and `(ErrorClass, msgIncludes, msg)`. */
export function read_expectation(
  class_or_msg: ErrorClass | string | undefined,
  includes_or_msg: string | undefined,
  msg: string | undefined,
): Expectation {
  if (typeof class_or_msg === "string") return { msg: class_or_msg };
  return { error_class: class_or_msg, msg_includes: includes_or_msg, msg };
}

/** Fails unless `error` is what was asked for; without a class, anything thrown will do. */
export function check_error(error: unknown, expected: Expectation): void {
  const { error_class, msg_includes } = expected;
  if (!error_class) return;
  const end = ending(expected.msg);
  if (!(error instanceof Error)) {
    throw new AssertionError(
      `Expected an Error, but got ${format(error)}${end}`,
    );
  }
  // The error itself goes along as the cause: its stack leads to the fault.
  const options = { cause: error };
  if (!(error instanceof error_class)) {
    throw new AssertionError(
      `Expected an error of class "${error_class.name}", but got "${
        class_of(error)
      }"${end}`,
      options,
    );
  }
  if (msg_includes && !plain(error.message).includes(plain(msg_includes))) {
    throw new AssertionError(
      `Expected an error message with ${
        JSON.stringify(msg_includes)
      } in it, but got ${JSON.stringify(error.message)}${end}`,
      options,
    );
  }
}

/** Without colours: whether they are there depends on the terminal, not on the code under test. */
function plain(text: string): string {
  return stripVTControlCharacters(text);
}
