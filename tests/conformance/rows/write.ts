/** Rows: `write()`. */

import {
  answers,
  broken,
  error_page,
  type Row,
  row,
  streamed,
  TYPE,
  whole,
} from "../row.ts";

export const write_rows: Row[] = [
  answers("write() without a result", { write: ["a", "b"] }, {
    ...streamed("ab"),
    facts: { written: 1, closed: 1 },
  }),
  answers("write() and a result", { write: ["a", "b"], blocks: ["c", "d"] }, {
    ...streamed("abcd"),
    facts: { written: 1, closed: 1 },
  }),
  answers("write() and a generator", {
    write: ["a"],
    kind: "generator",
    blocks: ["b"],
  }, { ...streamed("ab"), facts: { written: 1, finished: 1 } }),
  answers("write() of nothing, and a result", { write: [""], blocks: ["a"] }, {
    ...streamed("a"),
    facts: { written: 1, closed: 1 },
  }),
  answers("write() with a Content-Length", {
    headers: [...TYPE, ["Content-Length", "2"]],
    write: ["a", "b"],
  }, { ...whole("ab"), facts: { written: 1, closed: 1 } }),
  row("write() that is not awaited", "write_unawaited", {}, streamed("abcd")),
  row(
    "large write()s that are not awaited",
    "write_unawaited_large",
    {},
    streamed({
      length: 1_200_000,
      sha256:
        "f59286745b267457357fb40d0e986981f073e28f64db64a78d2c6f9664cac391",
    }),
  ),
  row("write() past the Content-Length fails", "write_past_length", {}, {
    ...whole("abc"),
    facts: { refused: 1 },
  }),
  row(
    "write() of what is no block",
    "write_wrong",
    {},
    error_page('the body must consist of Uint8Array, got "text"'),
    error_page('write() must be given one Uint8Array, got "text"'),
  ),
  row(
    "an error after write()",
    "write_then_error",
    {},
    broken("a", "Error: after write()"),
  ),
  row(
    "write() in a generator",
    "write_in_generator",
    {},
    streamed("ab"),
    error_page("write() must not be called once the application has returned"),
  ),
];
