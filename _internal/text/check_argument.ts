/** What a function of this package makes sure of before it takes an argument or an option. */

import { describe } from "./check.ts";

/** Throws a `TypeError` if `value` is no function; `what` names it in the message. */
export function check_function(value: unknown, what: string): void {
  if (typeof value === "function") return;
  throw new TypeError(`${what} must be a function, got ${describe(value)}`);
}

/** Throws a `TypeError` if the option `name` is no number, a `RangeError` if it is no whole number of `what`, 0 or more. */
export function check_count(value: unknown, name: string, what: string): void {
  const is_number = typeof value === "number";
  if (is_number && Number.isSafeInteger(value) && value >= 0) return;
  const error = is_number ? RangeError : TypeError;
  throw new error(
    `${name} takes a whole number of ${what}, 0 or more, got ${
      describe(value)
    }`,
  );
}
