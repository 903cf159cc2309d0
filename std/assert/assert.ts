import { AssertionError } from "./assertion_error.ts";

/** Fails with `msg` unless `expr` is truthy, and narrows its type. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}
