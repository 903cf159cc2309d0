/** Rows: statuses and headers that are refused. */

import type { Script } from "../apps/script.ts";
import { answers, error_page, type Row, TYPE } from "../row.ts";

/** What a status or a list of headers is refused with, by the handler and by the validator. */
const wrong_heads: [
  name: string,
  script: Script,
  log: string,
  validated: string,
][] = [
  [
    "a status without a reason",
    { status: "200" },
    'the status must be three digits from 200 on, a space and a reason, got "200"',
    "the status must be a string of three digits, a space and a reason",
  ],
  [
    "a status without a space",
    { status: "200OK" },
    'a space and a reason, got "200OK"',
    'such as "200 OK", got "200OK"',
  ],
  [
    "a status of four digits",
    { status: "2000 OK" },
    'got "2000 OK"',
    'got "2000 OK"',
  ],
  [
    "a status that is a number",
    { status: 200 },
    "the status must be a string, got 200",
    "got 200",
  ],
  [
    "an interim status",
    { status: "100 Continue" },
    'three digits from 200 on, a space and a reason, got "100 Continue"',
    "the status must be 200 or above",
  ],
  [
    "a status that would split the response",
    { status: "200 OK\r\nX-Evil: yes" },
    "the status must not contain control characters",
    "the status must not contain control characters",
  ],
  [
    "a status beyond bytes",
    { status: "200 \u20ac" },
    "the status must hold characters up to U+00FF only",
    "the status must hold one byte per character",
  ],
  [
    "headers that are null",
    { headers: null },
    "headers must be an array of [name, value]",
    "the headers must be an array of pairs",
  ],
  [
    "headers that are an object",
    { headers: { "Content-Type": "text/plain" } },
    "headers must be an array of [name, value]",
    "the headers must be an array of pairs",
  ],
  [
    "a header that is no pair",
    { headers: [["Content-Type"]] },
    "a header must be a pair [name, value]",
    "a header must be a pair [name, value]",
  ],
  [
    "a header value that is a number",
    { headers: [["X-A", 5]] },
    "the value of header X-A must be a string, got 5",
    "the value of X-A must be a string, got 5",
  ],
  [
    "a header name with a colon",
    { headers: [["X-A:", "b"]] },
    'a header name must be a token, got "X-A:"',
    "the name of a header must be a token",
  ],
  [
    "an empty header name",
    { headers: [["", "b"]] },
    'a header name must be a token, got ""',
    "the name of a header must be a token",
  ],
  [
    "a header name that would split the response",
    { headers: [["X-A: b\r\nX-Evil", "yes"]] },
    "a header name must be a token",
    "the name of a header must be a token",
  ],
  [
    "a header value that would split the response",
    { headers: [["X-A", "b\r\nX-Evil: yes\r\n\r\n"]] },
    "the value of header X-A must not contain control characters",
    "the value of X-A must not contain control characters",
  ],
  [
    "a header value with a NUL",
    { headers: [["X-A", "b\0c"]] },
    "the value of header X-A must not contain control characters",
    "the value of X-A must not contain control characters",
  ],
  [
    "a header value beyond bytes",
    { headers: [["X-A", "\u20ac"]] },
    "the value of header X-A must hold characters up to U+00FF only",
    "the value of X-A must hold one byte per character",
  ],
  [
    "a Transfer-Encoding of the application's",
    { headers: [...TYPE, ["Transfer-Encoding", "chunked"]] },
    "must not send the hop-by-hop header Transfer-Encoding",
    "a hop-by-hop header must be left to the server",
  ],
  [
    "a Connection of the application's",
    { headers: [...TYPE, ["connection", "close"]] },
    "must not send the hop-by-hop header connection",
    "a hop-by-hop header must be left to the server",
  ],
  [
    "a Status of the application's",
    { headers: [...TYPE, ["Status", "404 Not Found"]] },
    "must not send the header Status",
    "the status must be the first argument",
  ],
  [
    "a status of the application's in small letters",
    { headers: [["status", "204 No Content"], ...TYPE] },
    "must not send the header status",
    "the status must be the first argument",
  ],
  [
    "a Content-Length that is no number",
    { headers: [...TYPE, ["Content-Length", "1e3"]] },
    'Content-Length must be decimal digits, got "1e3"',
    "Content-Length must be one number in decimal digits",
  ],
  [
    "a Content-Length below zero",
    { headers: [...TYPE, ["Content-Length", "-1"]] },
    'Content-Length must be decimal digits, got "-1"',
    "Content-Length must be one number in decimal digits",
  ],
];

export const wrong_head_rows: Row[] = wrong_heads.map((
  [name, script, log, validated],
) =>
  answers(
    name,
    { ...script, blocks: ["never"] },
    error_page(log),
    error_page(validated),
  )
);
