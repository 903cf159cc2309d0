/** Safe access to values of an application, which may be anything. */

import { encode_latin1 } from "../../_internal/text/bytes.ts";

/** The result of `make`, or `otherwise` if it throws. */
export function attempt<Result>(make: () => Result, otherwise: Result): Result {
  try {
    return make();
  } catch {
    return otherwise;
  }
}

/** A property; undefined if reading it throws. */
export function get(object: unknown, key: string): unknown {
  return attempt(() => (object as Record<string, unknown>)[key], undefined);
}

/** A native string decoded to text, or unchanged if it is not UTF-8. */
export function native(text: string): string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return attempt(() => decoder.decode(encode_latin1(text)), text);
}
