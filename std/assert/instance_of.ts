import { class_of, ending } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/** Fails unless `actual` is an instance of `expectedType`, and narrows its type. */
export function assertInstanceOf<
  // deno-lint-ignore no-explicit-any
  T extends abstract new (...args: any[]) => any,
>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  throw new AssertionError(
    `Expected an instance of "${expectedType.name}", but got "${
      class_of(actual)
    }"${ending(msg)}`,
  );
}
