/** Rows: bodies that are not as long as their `Content-Length`. */

import type { HeaderList } from "../../../types.ts";
import { answers, broken, error_page, type Row, TYPE, whole } from "../row.ts";

function with_length(length: number): HeaderList {
  return [...TYPE, ["Content-Length", String(length)]];
}

const SHORT = "declared a Content-Length of 5, but produced 3 bytes";
const VALIDATED_SHORT = "the body must be as long as its Content-Length of 5";
const LONG = "declared a Content-Length of 2, but produced more";
const VALIDATED_LONG = "the body must be as long as its Content-Length of 2";

export const length_rows: Row[] = [
  answers(
    "a body shorter than its Content-Length, in an array",
    { headers: with_length(5), blocks: ["abc"] },
    {
      ...broken("abc", SHORT),
      headers: [...TYPE, ["content-length", "5"]],
      facts: { closed: 1 },
    },
    { ...error_page(VALIDATED_SHORT), broken: false },
  ),
  answers(
    "a body shorter than its Content-Length, in a generator",
    { headers: with_length(5), kind: "generator", blocks: ["a", "bc"] },
    {
      ...broken("abc", SHORT),
      headers: [...TYPE, ["content-length", "5"]],
      facts: { finished: 1 },
    },
    { log: [VALIDATED_SHORT] },
  ),
  answers(
    "a Content-Length and no body at all",
    { headers: with_length(5), blocks: [] },
    {
      ...broken("", "declared a Content-Length of 5, but produced 0 bytes"),
      headers: [...TYPE, ["content-length", "5"]],
      facts: { closed: 1 },
    },
    { ...error_page(VALIDATED_SHORT), broken: false },
  ),
  answers(
    "a body longer than its Content-Length, in an array of one block",
    { headers: with_length(2), blocks: ["abc"] },
    { ...whole("ab"), log: [LONG], facts: { closed: 1 } },
    error_page(VALIDATED_LONG),
  ),
  answers(
    "a body longer than its Content-Length, in a generator",
    { headers: with_length(2), kind: "generator", blocks: ["a", "bc"] },
    { ...whole("ab"), log: [LONG], facts: { finished: 1 } },
    { ...broken("a", VALIDATED_LONG), headers: whole("ab").headers! },
  ),
  answers(
    "a block too many for its Content-Length, in an array",
    { headers: with_length(2), blocks: ["ab", "c"] },
    { ...whole("ab"), facts: { closed: 1 } },
    error_page(VALIDATED_LONG),
  ),
  answers("a block too many for its Content-Length, in a generator", {
    headers: with_length(2),
    kind: "generator",
    blocks: ["ab", "c"],
  }, { ...whole("ab"), facts: { finished: 1 } }),
  answers("a Content-Length of 0", { headers: with_length(0), blocks: [] }, {
    ...whole(""),
    facts: { closed: 1 },
  }),
];
