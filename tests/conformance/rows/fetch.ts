/** Rows: what goes through a fetch handler, as it says it. */

import type { HeaderList } from "../../../types.ts";
import { bytes, text } from "../../support/bytes.ts";
import { digest_of, json, pattern } from "../apps/content.ts";
import {
  type Expected,
  type Row,
  row,
  type RowRequest,
  streamed,
  TYPE,
  whole,
} from "../row.ts";

/** A row of the response that the query names. */
function responds(
  what: string,
  name: string,
  expected: Partial<Expected>,
  request: RowRequest = {},
): Row {
  return row(
    `a fetch handler that answers with ${what}`,
    "fetch_response",
    { target: `/?${name}`, ...request },
    expected,
  );
}

/** A row of what a handler sees of a request. */
function sees(
  what: string,
  request: RowRequest,
  headers: Record<string, string | null>,
  body: string | null,
): Row {
  const show: HeaderList = [["X-Show", Object.keys(headers).join(" ")]];
  return row(
    `a fetch handler sees ${what}`,
    "fetch_request",
    { ...request, headers: [...request.headers ?? [], ...show] },
    whole(text(json([headers, body]))),
  );
}

const cookies: HeaderList = [["set-cookie", "a=1; Path=/"], [
  "set-cookie",
  "b=2",
]];

/** Those whose body is one that the platform has whole. */
export const known_length_rows: Row[] = [
  responds("a text", "text", whole("hello")),
  responds("JSON", "json", {
    ...whole('{"a":1}'),
    headers: [["content-type", "application/json"], ["content-length", "7"]],
  }),
  responds("bytes", "bytes", whole("hi")),
  responds("an ArrayBuffer", "buffer", whole("hi")),
  responds("a Blob", "blob", whole("hello")),
  responds("parameters", "parameters", whole("a=b+c")),
  responds("an empty text", "empty", whole("")),
  responds("no body", "null", whole("")),
  responds("a large body", "large", whole(await digest_of([pattern(100_000)]))),
  responds("a clone", "clone", {
    ...whole("hello"),
    headers: [...whole("hello").headers!, ["x-a", "b"]],
  }),
  responds("a response that was cloned", "cloned", whole("hello")),
  responds("cookies", "cookies", {
    ...whole("hello"),
    headers: [...whole("hello").headers!, ...cookies],
  }),
  responds("headers that are the server's", "of_server", whole("hello")),
];

export const fetch_rows: Row[] = [
  ...known_length_rows,
  responds("a Content-Length", "length", whole("hello")),
  responds("a stream", "stream", streamed("hello")),
  responds(
    "a redirect",
    "redirect",
    {
      status: "303 See Other",
      headers: [
        ["location", "http://www.example.org/there"],
        ["content-length", "0"],
      ],
    },
  ),
  responds("no content", "no_content", { status: "204 No Content" }),
  responds("not modified", "not_modified", {
    status: "304 Not Modified",
    headers: [["etag", '"x"']],
  }),
  responds(
    "a text, to a HEAD",
    "text",
    { headers: whole("hello").headers! },
    { method: "HEAD" },
  ),
  responds("no body, to a HEAD", "null", { headers: TYPE }, { method: "HEAD" }),
  sees(
    "no type where none was sent",
    { method: "POST", body: bytes("Hello") },
    { "content-type": null, "content-length": "5" },
    "Hello",
  ),
  sees(
    "no type of a chunked body where none was sent",
    { method: "POST", body: bytes("Hello"), framing: "chunked" },
    { "content-type": null },
    "Hello",
  ),
  sees(
    "a type that was sent",
    {
      method: "POST",
      headers: [["Content-Type", "text/plain"]],
      body: bytes("Hello"),
    },
    { "content-type": "text/plain", "content-length": "5" },
    "Hello",
  ),
  sees(
    "nothing of a body where there is none",
    {},
    { "content-type": null, "content-length": null },
    null,
  ),
];
