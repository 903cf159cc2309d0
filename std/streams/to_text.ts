/**
 * Reads a stream to its end and joins it to one string; bytes are decoded as UTF-8, also where a
 * character lies across two chunks. The stream stays locked.
 *
 * @example
 * ```ts
 * import { toText } from "@std/streams";
 * import { assertEquals } from "@std/assert";
 *
 * const stream = ReadableStream.from([new Uint8Array([0xc3]), new Uint8Array([0xa9])]);
 * assertEquals(await toText(stream), "é");
 * ```
 */
export async function toText(
  stream: ReadableStream<string> | ReadableStream<Uint8Array>,
): Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    // The last call writes out what is left of a broken character.
    if (done) return text + decoder.decode();
    text += typeof value === "string"
      ? value
      : decoder.decode(value, { stream: true });
  }
}
