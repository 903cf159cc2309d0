/** Rows: the body of the response, from every kind of result, and its end. */

import { pattern } from "../apps/content.ts";
import { result_kinds } from "../apps/script.ts";
import { DIGESTS, MEBIBYTE, SIZES } from "../bodies.ts";
import {
  APPLICATIONS,
  facts_at_end,
  facts_when_left,
} from "../result_kinds.ts";
import { answers, type Row, row, streamed, TYPE, whole } from "../row.ts";
import { root, text } from "../../support/support.ts";

export const result_rows: Row[] = [
  answers("an array of one block", { blocks: ["Hello"] }, {
    ...whole("Hello"),
    facts: { closed: 1 },
  }),
  answers("an empty array", { blocks: [] }, {
    ...whole(""),
    facts: { closed: 1 },
  }),
  answers("an array of one empty block", { blocks: [""] }, {
    ...whole(""),
    facts: { closed: 1 },
  }),
  ...result_kinds.map((kind) =>
    answers(`the result is of kind ${kind}`, { kind, blocks: ["a", "bc"] }, {
      ...streamed("abc"),
      facts: facts_at_end(kind),
    })
  ),
  ...result_kinds.map((kind) =>
    answers(`an empty result of kind ${kind}`, { kind }, {
      ...whole(""),
      facts: facts_at_end(kind),
    })
  ),
  ...result_kinds.filter((kind) => kind !== "byte stream").map((kind) =>
    answers(`empty blocks in a result of kind ${kind}`, {
      kind,
      blocks: ["", "a", "", "", "b", ""],
    }, { ...streamed("ab"), facts: facts_at_end(kind) })
  ),
  ...result_kinds.map((kind) =>
    answers(`a Content-Length and a result of kind ${kind}`, {
      kind,
      headers: [...TYPE, ["Content-Length", "3"]],
      blocks: ["a", "bc"],
    }, {
      ...whole("abc"),
      // The server need not ask for the end any more.
      facts: facts_when_left(kind),
    })
  ),
  ...APPLICATIONS.map((application) =>
    row(`the application is ${application}`, application, {
      script: { blocks: ["a", "bc"] },
    }, {
      ...streamed("abc"),
      facts: application === "async_answer" ? { closed: 1 } : { finished: 1 },
    })
  ),
  ...SIZES.map((size) =>
    row(`a response body of ${size} bytes in blocks`, "pattern", {
      target: `/?size=${size}`,
    }, size === 0 ? whole("") : streamed(DIGESTS.get(size)!))
  ),
  ...SIZES.map((size) =>
    row(`a response body of ${size} bytes in one block`, "pattern_block", {
      target: `/?size=${size}`,
    }, whole(DIGESTS.get(size)!))
  ),
  row("a response body of 1000 blocks of one byte", "pattern", {
    target: "/?size=1000&block=1",
  }, streamed(text(pattern(1000)))),
  row("wsgi.file_wrapper with a file", "file", {
    target: "/?0",
  }, streamed(license())),
  row("wsgi.file_wrapper with a file from an offset", "file", {
    target: "/?300",
  }, streamed(license().slice(300))),
  row(
    "wsgi.file_wrapper with a stream of Node's",
    "node_stream",
    {},
    streamed(license()),
  ),
  row(
    "wsgi.file_wrapper with a file of Node's",
    "node_file",
    {},
    streamed(license()),
  ),
  row("a client that leaves has a generator finished", "endless", {
    leaves: true,
  }, {
    ...streamed("a".repeat(MEBIBYTE)),
    broken: true,
    facts: { finished: 1 },
  }),
  row(
    "a client that leaves has a stream cancelled, though it waits",
    "stalled",
    {
      leaves: true,
    },
    { ...streamed("a"), broken: true, facts: { cancelled: 1 } },
  ),
];

function license(): string {
  return text(Deno.readFileSync(new URL("LICENSE", root)));
}
