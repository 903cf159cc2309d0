/** Between text and bytes: what the applications of the tests need too, on any runtime. */

/** The bytes of a text whose characters are bytes (ISO-8859-1). */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** The text whose characters are those bytes. */
export function text(data: Uint8Array): string {
  return Array.from(data, (byte) => String.fromCharCode(byte)).join("");
}
