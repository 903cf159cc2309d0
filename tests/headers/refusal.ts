/** What the tests of `Headers` share about what is refused. */

import { assertThrows } from "@std/assert";

/** The message of the `TypeError` that `call` ends in. */
export function refusal(call: () => unknown): string {
  return assertThrows(call, TypeError).message;
}

/** C0 but TAB, and DEL. */
export const CONTROLS = Array.from({ length: 0x20 }, (_, code) => code)
  .filter((code) => code !== 0x09).concat(0x7f)
  .map((code) => String.fromCharCode(code));
