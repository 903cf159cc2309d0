/** Between text and bytes, and where the project is: what also the applications of the tests need, on any runtime. */

/** The bytes of a text whose characters are bytes (ISO-8859-1). */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** The text whose characters are those bytes. */
export function text(data: Uint8Array): string {
  return Array.from(data, (byte) => String.fromCharCode(byte)).join("");
}

/** The folder of the project. */
export const root = new URL("../../", import.meta.url);
