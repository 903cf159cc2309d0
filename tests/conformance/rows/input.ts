/** Rows: `wsgi.input`, read in every way, and not read. */

import { json } from "../apps/content.ts";
import { BODIES, DIGESTS, MEBIBYTE, SIZES } from "../bodies.ts";
import { type Row, row, type RowRequest, streamed, whole } from "../row.ts";
import { bytes, text } from "../../support/support.ts";

function post(
  body: Uint8Array<ArrayBuffer>,
  rest: RowRequest = {},
): RowRequest {
  return { method: "POST", body, ...rest };
}

/** What a digest says as the body of an answer. */
function digest_text(size: number): string {
  return text(json(DIGESTS.get(size)!));
}

export const input_rows: Row[] = [
  ...SIZES.map((size) =>
    row(
      `a request body of ${size} bytes`,
      "input_digest",
      post(BODIES.get(size)!),
      whole(digest_text(size)),
    )
  ),
  ...[1, 65537, MEBIBYTE].map((size) =>
    row(
      `a chunked request body of ${size} bytes`,
      "input_digest",
      post(BODIES.get(size)!, { framing: "chunked" }),
      whole(digest_text(size)),
    )
  ),
  ...[1, 65537, 8 * MEBIBYTE].map((size) =>
    row(
      `the input as the result, ${size} bytes`,
      "echo",
      post(BODIES.get(size)!),
      streamed(DIGESTS.get(size)!),
    )
  ),
  row(
    "a chunked input as the result",
    "echo",
    post(BODIES.get(MEBIBYTE)!, { framing: "chunked" }),
    streamed(DIGESTS.get(MEBIBYTE)!),
  ),
  ...["PUT", "PATCH", "DELETE", "OPTIONS"].map((method) =>
    row(
      `the body of a ${method}`,
      "input_text",
      post(bytes("Hello"), { method }),
      whole("Hello"),
    )
  ),
  row("the input of a GET is empty", "input_text", {}, whole("")),
  row("the input of a POST without a body is empty", "input_text", {
    method: "POST",
  }, whole("")),
  row(
    "the input as JSON",
    "input_json",
    post(bytes('{"a": [1, 2]}')),
    whole('{"a":[1,2]}'),
  ),
  row(
    "the input as lines",
    "input_lines",
    post(bytes("one\r\ntwo\nthree")),
    whole('["one","two","three"]'),
  ),
  row(
    "an input that is partly read",
    "input_begun",
    post(BODIES.get(MEBIBYTE)!),
    whole("begun"),
  ),
  row(
    "an input that is partly read and kept locked",
    "input_kept",
    post(BODIES.get(MEBIBYTE)!),
    whole("kept"),
  ),
  row(
    "a short input that is not read",
    "input_left",
    post(BODIES.get(1)!),
    whole("left"),
  ),
  row(
    "a long input that is not read",
    "input_left",
    post(BODIES.get(8 * MEBIBYTE)!),
    whole("left"),
  ),
  row(
    "a chunked input that is not read",
    "input_left",
    post(BODIES.get(MEBIBYTE)!, { framing: "chunked" }),
    whole("left"),
  ),
  row(
    "an input that is cancelled",
    "input_cancelled",
    post(BODIES.get(MEBIBYTE)!),
    whole("cancelled"),
  ),
  row(
    "a truncated input fails",
    "input_cut",
    post(BODIES.get(65536)!, { cut: 1000 }),
    { ...whole("noted"), facts: { "input failed": 1 } },
  ),
  ...["input_digest", "input_text", "input_json", "input_lines"].map((
    application,
  ) =>
    row(
      `a truncated input, and nobody catches that: ${application}`,
      application,
      post(BODIES.get(65536)!, { cut: 1000 }),
      { status: "400 Bad Request", ...whole("Bad Request") },
    )
  ),
  row(
    "a truncated input as the result",
    "echo",
    post(BODIES.get(65536)!, { cut: 1000 }),
    { ...streamed(text(BODIES.get(65536)!.subarray(0, 1000))), broken: true },
  ),
];

/** The row of a truncated input, where the application finds that. */
export const CUT_SHORT = "a truncated input fails";

/** All rows of such an input. */
export const cut_short_rows: string[] = input_rows
  .filter(({ request }) => request.cut !== null)
  .map(({ name }) => name);
