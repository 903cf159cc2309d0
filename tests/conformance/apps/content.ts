/** The bodies of the applications: a pattern, the digest of what is too long to be written down, JSON. */

import { createHash } from "node:crypto";
import { bytes } from "../../support/bytes.ts";

/** Bytes that are a long time without a period, so that nothing can be lost, doubled or moved unseen. */
export function pattern(size: number): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(size);
  for (let i = 0; i < size; i++) data[i] = (i * 31 + (i >> 8) * 17) >> 3;
  return data;
}

/** What stands for a body that is too long to be written down. */
export interface Digest {
  length: number;
  sha256: string;
}

/** The digest of the blocks of a body. */
export async function digest_of(
  blocks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<Digest> {
  const hash = createHash("sha256");
  let length = 0;
  for await (const block of blocks) {
    hash.update(block);
    length += block.length;
  }
  return { length, sha256: hash.digest("hex") };
}

/** JSON in ASCII, whatever bytes the strings in it hold. */
export function json(value: unknown): Uint8Array {
  // deno-lint-ignore no-control-regex
  const text = JSON.stringify(value).replace(/[^\x00-\x7e]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return bytes(text);
}
