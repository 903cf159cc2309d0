/** Percent-encoding of native strings, byte for byte (RFC 3986, section 2.1). */

import { no_byte } from "./bytes.ts";

/** Matches the usual path: unreserved characters (RFC 3986, section 2.3) and slashes only. */
const PLAIN = /^[A-Za-z0-9_.~/-]*$/;

/** The encoded form of each byte. */
const ENCODED: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
);

/**
 * Encodes every byte of `text` that is neither unreserved nor in `safe`.
 *
 * @throws {TypeError} If a character is above U+00FF.
 */
export function quote(text: string, safe = "/"): string {
  if (PLAIN.test(text)) return text;
  return text.replace(
    /[^A-Za-z0-9_.~-]/g,
    (char) => safe.includes(char) ? char : encoded(char),
  );
}

function encoded(char: string): string {
  const triple = ENCODED[char.charCodeAt(0)];
  if (triple === undefined) throw no_byte(char);
  return triple;
}

/** Decodes each `%XX` of `text` to one character; anything else is left as it is. */
export function unquote(text: string): string {
  if (!text.includes("%")) return text;
  return text.replace(
    /%([0-9A-Fa-f]{2})/g,
    (_, hex) => String.fromCharCode(parseInt(hex, 16)),
  );
}
