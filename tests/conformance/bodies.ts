/** Bodies of many sizes, for requests and for responses, and their digests. */

import { type Digest, digest_of, pattern } from "./apps/content.ts";

export const MEBIBYTE = 1048576;
export const SIZES = [0, 1, 65535, 65536, 65537, MEBIBYTE, 8 * MEBIBYTE];
/** The bodies of the table, and their digests. */
export const BODIES = new Map(SIZES.map((size) => [size, pattern(size)]));
export const DIGESTS = new Map<number, Digest>();
for (const [size, body] of BODIES) {
  DIGESTS.set(size, await digest_of([body]));
}
