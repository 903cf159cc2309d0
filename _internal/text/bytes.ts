/** Between text and bytes, as PEP 3333 has it: a native string holds one byte per character. */

const encoder = new TextEncoder();

// deno-lint-ignore no-control-regex
const NOT_ASCII = /[^\x00-\x7f]/;

/** Whether all of a text is ASCII, and so the same in every encoding. */
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

/** What is thrown about a character that is no byte. */
export function no_byte(char: string): TypeError {
  return new TypeError(
    `expected characters up to U+00FF, got ${JSON.stringify(char)}`,
  );
}

const decoder = new TextDecoder();

/** The native string of some bytes. */
export function decode_latin1(bytes: Uint8Array): string {
  // ASCII is the same in UTF-8, which the platform decodes many times faster. What has as many characters as bytes is
  // that, or holds bytes that are no UTF-8.
  const decoded = decoder.decode(bytes);
  if (decoded.length === bytes.length && !decoded.includes("\ufffd")) {
    return decoded;
  }
  let text = "";
  // In steps, because the arguments of a call have to fit on the stack.
  for (let i = 0; i < bytes.length; i += 8192) {
    const part = bytes.subarray(i, i + 8192) as unknown as number[];
    text += String.fromCharCode.apply(null, part); // To spread it takes six times as long.
  }
  return text;
}

/** The native string that holds the UTF-8 bytes of `text`. */
export function to_native(text: string): string {
  return is_ascii(text) ? text : decode_latin1(encoder.encode(text));
}

/** A part of what goes out: bytes, or text that is all ASCII. */
export type Part = Uint8Array | string;

/** How many bytes some parts are. */
export function size_of(parts: Part[]): number {
  let size = 0;
  for (const { length } of parts) size += length;
  return size;
}

/** Puts parts into `target`, one behind the other from `offset` on; gives where they end. */
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

/** Some parts as one; bytes that are alone are not copied. */
export function concat(parts: Part[]): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && typeof first !== "string") return first!;
  const whole = new Uint8Array(size_of(parts));
  put_parts(whole, 0, parts);
  return whole;
}
