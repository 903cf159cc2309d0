/** Converts between text and bytes: PEP 3333's native strings hold one byte per character. */

const encoder = new TextEncoder();

// deno-lint-ignore no-control-regex
const NOT_ASCII = /[^\x00-\x7f]/;

/** Whether a text is all ASCII, and so the same in every encoding. */
export function is_ascii(text: string): boolean {
  return !NOT_ASCII.test(text);
}

/**
 * The bytes of a native string (ISO-8859-1).
 *
 * @throws {TypeError} If a character is above U+00FF.
 */
export function encode_latin1(text: string): Uint8Array<ArrayBuffer> {
  if (is_ascii(text)) return encoder.encode(text);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw no_byte(text[i]!);
    bytes[i] = code;
  }
  return bytes;
}

/** The error for a character that is not a byte. */
export function no_byte(char: string): TypeError {
  return new TypeError(
    `expected characters up to U+00FF, got ${JSON.stringify(char)}`,
  );
}

const decoder = new TextDecoder();

/** The native string of `bytes`. */
export function decode_latin1(bytes: Uint8Array): string {
  // ASCII is the same in UTF-8, which the platform decodes many times faster. If there are as many characters as bytes,
  // the bytes are ASCII, or not valid UTF-8.
  const decoded = decoder.decode(bytes);
  if (decoded.length === bytes.length && !decoded.includes("\ufffd")) {
    return decoded;
  }
  let text = "";
  // In chunks, because the arguments of a call have to fit on the stack.
  for (let i = 0; i < bytes.length; i += 8192) {
    const part = bytes.subarray(i, i + 8192) as unknown as number[];
    text += String.fromCharCode.apply(null, part); // Spreading it takes six times as long.
  }
  return text;
}

/** The native string that holds the UTF-8 bytes of `text`. */
export function to_native(text: string): string {
  return is_ascii(text) ? text : decode_latin1(encoder.encode(text));
}

/** Part of the output: bytes, or text that is all ASCII. */
export type Part = Uint8Array | string;

/** The number of bytes in `parts`. */
export function size_of(parts: Part[]): number {
  let size = 0;
  for (const { length } of parts) size += length;
  return size;
}

/** Writes parts into `target` one after the other from `offset`; returns the offset of their end. */
export function put_parts(
  target: Uint8Array,
  offset: number,
  parts: Part[],
): number {
  for (const part of parts) {
    if (typeof part !== "string") target.set(part, offset);
    else encoder.encodeInto(part, target.subarray(offset));
    offset += part.length;
  }
  return offset;
}

/** Concatenates parts; a single array of bytes is not copied. */
export function concat(parts: Part[]): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && typeof first !== "string") return first!;
  const whole = new Uint8Array(size_of(parts));
  put_parts(whole, 0, parts);
  return whole;
}
