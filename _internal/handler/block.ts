/** A block of the body, as an application gives it. */

import { describe } from "../text/check.ts";
import { refusal } from "../text/frames.ts";
import { remedy_of_block } from "../text/remedies.ts";

/** Throws a `TypeError` if `block` is none. */
export function check_block(block: unknown): asserts block is Uint8Array {
  if (!(block instanceof Uint8Array)) {
    throw refusal(
      `the body must be given as Uint8Array, got ${describe(block)}${
        remedy_of_block(block)
      }`,
    );
  }
  // It is not empty: its bytes have gone elsewhere.
  if (block.length === 0 && (block.buffer as ArrayBuffer).detached) {
    throw refusal(
      "the body must be given as Uint8Array, got one whose buffer is detached",
    );
  }
}

/** The same bytes in memory of their own. Not by `slice()`, after which a block of Node's `Buffer` shares them. */
export function copy_of(block: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(block);
}

/** A block that a `Response` takes: it refuses memory that is shared with others. */
export function unshared(block: Uint8Array): Uint8Array<ArrayBuffer> {
  return block.buffer instanceof ArrayBuffer
    ? block as Uint8Array<ArrayBuffer>
    : copy_of(block);
}
