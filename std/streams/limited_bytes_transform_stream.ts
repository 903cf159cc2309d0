/** Options of {@linkcode LimitedBytesTransformStream}. */
export interface LimitedBytesTransformStreamOptions {
  /**
   * Whether a chunk beyond the limit is an error, a `RangeError`, instead of the end.
   *
   * @default {false}
   */
  error?: boolean;
}

/**
 * Passes whole chunks on as long as they add up to no more than `size` bytes. The first chunk that
 * would go beyond is dropped whole, never cut, and ends the stream.
 *
 * @example
 * ```ts
 * import { LimitedBytesTransformStream, toBytes } from "@std/streams";
 * import { assertEquals } from "@std/assert";
 *
 * const chunks = [new Uint8Array([1, 2]), new Uint8Array([3, 4])];
 * const limited = ReadableStream.from(chunks).pipeThrough(new LimitedBytesTransformStream(3));
 * assertEquals(await toBytes(limited), new Uint8Array([1, 2]));
 * ```
 */
export class LimitedBytesTransformStream
  extends TransformStream<Uint8Array, Uint8Array> {
  /** Takes the limit in bytes and what to do beyond it. */
  constructor(
    size: number,
    options: LimitedBytesTransformStreamOptions = {},
  ) {
    let passed = 0;
    super({
      transform(chunk, controller) {
        const total = passed + chunk.byteLength;
        if (total <= size) {
          passed = total;
          controller.enqueue(chunk);
        } else if (options.error) {
          throw new RangeError(
            `Expected no more than ${size} bytes, but got ${total}`,
          );
        } else {
          controller.terminate();
        }
      },
    });
  }
}
