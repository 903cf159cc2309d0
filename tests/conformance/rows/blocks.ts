/** Rows: a block is the application's again when the next is asked for, or `write()` has settled; and whatever memory it is in. */

import { DIGESTS, MEBIBYTE } from "../bodies.ts";
import { error_page, type Row, row, streamed, whole } from "../row.ts";
import { root, text } from "../../support/support.ts";
import { pattern } from "../apps/content.ts";

const REUSING = [
  "reused_in_write",
  "reused_in_generator",
  "reused_in_async_generator",
  "reused_in_iterable",
];

export const block_rows: Row[] = [
  ...REUSING.map((application) =>
    row(
      `blocks that are used again, byte by byte: ${application}`,
      application,
      {
        target: "/?size=100&block=1",
      },
      streamed(text(pattern(100))),
    )
  ),
  ...REUSING.map((application) =>
    row(`blocks that are used again, of 64 KiB: ${application}`, application, {
      target: `/?size=${MEBIBYTE}&block=65536`,
    }, streamed(DIGESTS.get(MEBIBYTE)!))
  ),
  row("a Buffer that is used again", "reused_buffer", {}, streamed("abc")),
  row(
    "a file that is read into the same buffer again and again",
    "reused_for_file",
    {},
    streamed(text(Deno.readFileSync(new URL("LICENSE", root)))),
  ),
  row(
    "an array whose close() clears its blocks",
    "array_cleared_by_close",
    {},
    streamed("abc"),
  ),
  row(
    "a block whose memory was given away",
    "block_given_away",
    {},
    error_page("got one whose buffer is detached"),
  ),
  row(
    "a block whose memory is made smaller",
    "block_made_smaller",
    {},
    streamed("abca"),
  ),
  row(
    "a block in memory that can grow",
    "one_resizable_block",
    {},
    whole("abc"),
  ),
  row("a block in shared memory", "one_shared_block", {}, whole("abc")),
  row("blocks in shared memory", "two_shared_blocks", {}, streamed("abc")),
  row(
    "blocks in shared memory, of a generator",
    "shared_blocks_in_generator",
    {},
    streamed("abc"),
  ),
  row(
    "a block in shared memory that is the whole body",
    "whole_shared_block",
    {},
    whole("abc"),
  ),
  row(
    "blocks in shared memory, by write()",
    "shared_blocks_in_write",
    {},
    streamed("abc"),
  ),
];
