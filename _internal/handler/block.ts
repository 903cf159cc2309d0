/** Blocks of the body, as an application provides them. */

import { describe } from "../text/check.ts";
import { refusal } from "../text/frames.ts";
import { remedy_of_block } from "../text/remedies.ts";

/** Throws a `TypeError` if `block` is not a block. */
export function check_block(block: unknown): asserts block is Uint8Array {
  if (!(block instanceof Uint8Array)) {
    throw refusal(
      `the body must consist of Uint8Array, got ${describe(block)}${
        remedy_of_block(block)
      }`,
    );
  }
  // It is not empty: its bytes have been transferred.
  if (block.length === 0 && (block.buffer as ArrayBuffer).detached) {
    throw refusal(
      "the body must consist of Uint8Array, got one whose buffer is detached",
    );
  }
}

/** A copy of the bytes. Not made by `slice()`, whose result shares its memory if the block is a `Buffer` of Node's. */
export function copy_of(block: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(block);
}

/** A block that a `Response` accepts: it rejects shared memory. */
export function unshared(block: Uint8Array): Uint8Array<ArrayBuffer> {
  return block.buffer instanceof ArrayBuffer
    ? block as Uint8Array<ArrayBuffer>
    : copy_of(block);
}
