/**
 * The assertions that this project's tests call, standing in for `@std/assert` in a checkout.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals({ status: 200 }, { status: 200 });
 * assertThrows(() => new Headers([["a b", "c"]]), TypeError);
 * ```
 *
 * @module
 */

export * from "./assert.ts";
export * from "./assertion_error.ts";
export * from "./equal.ts";
export * from "./equals.ts";
export * from "./fail.ts";
export * from "./false.ts";
export * from "./instance_of.ts";
export * from "./match.ts";
export * from "./rejects.ts";
export * from "./strict_equals.ts";
export * from "./string_includes.ts";
export * from "./throws.ts";
