/** Rows: responses that have no body: to a HEAD, and by their status. */

import { result_kinds, type Script } from "../apps/script.ts";
import { facts_when_left } from "../result_kinds.ts";
import { answers, error_page, type Row, row, TYPE } from "../row.ts";

const NO_BODY = /^(204|304)/;

export const no_body_rows: Row[] = [
  answers(
    "a HEAD with the length of its GET",
    {
      headers: [...TYPE, ["Content-Length", "5"]],
    },
    {
      headers: [...TYPE, ["content-length", "5"]],
      facts: { closed: 1 },
    },
    {},
    { method: "HEAD" },
  ),
  answers(
    "a HEAD of an empty result",
    {},
    {
      headers: TYPE,
      facts: { closed: 1 },
    },
    {},
    { method: "HEAD" },
  ),
  answers(
    "a HEAD of an array of one block",
    { blocks: ["Hello"] },
    {
      headers: [...TYPE, ["content-length", "5"]],
      facts: { closed: 1 },
    },
    {},
    { method: "HEAD" },
  ),
  ...result_kinds.map((kind) =>
    answers(
      `a HEAD of a result of kind ${kind}`,
      { kind, blocks: ["a", "bc"] },
      { headers: TYPE, facts: facts_when_left(kind) },
      {},
      { method: "HEAD" },
    )
  ),
  answers(
    "a HEAD with write()",
    { write: ["a", "b"] },
    { headers: TYPE, facts: { written: 1, closed: 1 } },
    {},
    { method: "HEAD" },
  ),
  row(
    "a HEAD that fails",
    "reject",
    { method: "HEAD" },
    { ...error_page("TypeError: rejected"), body: "" },
  ),
  ...["204 No Content", "304 Not Modified", "205 Reset Content"].flatMap((
    status,
  ) => {
    const headers = NO_BODY.test(status) ? [] : TYPE;
    const log = `a response with status ${
      status.slice(0, 3)
    } must have no body`;
    return [
      answers(`a ${status}`, { status, headers }, {
        status,
        headers,
        facts: { closed: 1 },
      }),
      ...["array", "generator"].map((kind) =>
        answers(
          `a ${status} with a body of kind ${kind}`,
          { status, headers, kind: kind as Script["kind"], blocks: ["a"] },
          {
            status,
            headers,
            facts: facts_when_left(kind as Script["kind"]),
          },
          error_page(log),
        )
      ),
    ];
  }),
  answers("a 304 with headers", {
    status: "304 Not Modified",
    headers: [["ETag", '"x"'], ["Cache-Control", "no-cache"]],
  }, {
    status: "304 Not Modified",
    headers: [["etag", '"x"'], ["cache-control", "no-cache"]],
    facts: { closed: 1 },
  }),
  answers(
    "a 204 with a Content-Length",
    { status: "204 No Content", headers: [["Content-Length", "0"]] },
    { status: "204 No Content", facts: { closed: 1 } },
    {
      ...error_page("a response with status 204 must have no Content-Length"),
      facts: {},
    },
  ),
  row(
    "a HEAD by an application that makes a GET of it",
    "head_as_get",
    { method: "HEAD" },
    { headers: [...TYPE, ["content-length", "5"]] },
  ),
];
