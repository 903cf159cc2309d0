/** What is read of values that an application made, which may be anything. */

import { encode_latin1 } from "../../_internal/text/bytes.ts";

/** What `make` gives, or `otherwise` where it throws: what an application throws may be anything. */
export function attempt<Result>(make: () => Result, otherwise: Result): Result {
  try {
    return make();
  } catch {
    return otherwise;
  }
}

/** A property; undefined where reading it throws. */
export function get(object: unknown, key: string): unknown {
  return attempt(() => (object as Record<string, unknown>)[key], undefined);
}

/** A native string with the text that its bytes are, where they are UTF-8. */
export function native(text: string): string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return attempt(() => decoder.decode(encode_latin1(text)), text);
}
