import { AssertionError } from "./assertion_error.ts";

/** Every type whose values can count as false. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/** Fails with `msg` unless `expr` is falsy, and narrows its type. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}
