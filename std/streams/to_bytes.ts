/**
 * Reads a stream to its end and joins its chunks to one array.
 *
 * @example
 * ```ts
 * import { toBytes } from "@std/streams";
 * import { assertEquals } from "@std/assert";
 *
 * const stream = ReadableStream.from([new Uint8Array([1, 2]), new Uint8Array([3])]);
 * assertEquals(await toBytes(stream), new Uint8Array([1, 2, 3]));
 * ```
 */
export function toBytes(
  stream: ReadableStream<Uint8Array>,
): Promise<Uint8Array> {
  // The platform joins a body without a copy of each chunk in script.
  const body = new Response(stream);
  return body.bytes();
}
