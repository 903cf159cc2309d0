/** The rows about the call of `start_response`: status and headers. */

import { TEXT } from "./exchange.ts";
import {
  type Broken,
  type Row,
  START_RESPONSE,
  starting,
  STRINGS,
} from "./rows.ts";

function sending(name: unknown, value: unknown): Broken {
  return starting("200 OK", [...TEXT, [name, value]]);
}

const CONTENT_TYPE = "Content-Type";

/** Wrong calls of `start_response`. */
export const START_ROWS: Row[] = [
  [
    "a start_response without headers",
    starting("200 OK"),
    `start_response() must be called with status, headers and optionally exc_info, got 1 argument ${START_RESPONSE}`,
  ],
  [
    "a start_response with four arguments",
    starting("200 OK", TEXT, null, true),
    `start_response() must be called with status, headers and optionally exc_info, got 4 arguments ${START_RESPONSE}`,
  ],
  [
    "a second start_response",
    {
      app(_environ, start_response) {
        start_response("200 OK", TEXT);
        start_response("500 Oops", TEXT);
        return [];
      },
    },
    `start_response() must be called once, or again with exc_info, got a second call with "500 Oops" and without it ${START_RESPONSE}`,
  ],
  [
    "a status that is a number",
    starting(200, TEXT),
    `the status must be a string of three digits, a space and a reason, such as "200 OK", got 200 ${START_RESPONSE}`,
  ],
  [
    "a status without a reason",
    starting("200", TEXT),
    `the status must be a string of three digits, a space and a reason, such as "200 OK", got "200" ${START_RESPONSE}`,
  ],
  [
    "a status of four digits",
    starting("2000 OK", TEXT),
    `the status must be a string of three digits, a space and a reason, such as "200 OK", got "2000 OK" ${START_RESPONSE}`,
  ],
  [
    "a status that ends its line",
    starting("200 OK\r\n", TEXT),
    `the status must not contain control characters, got "200 OK\\r\\n" ${START_RESPONSE}`,
  ],
  [
    "a status of text instead of bytes",
    starting("200 \u20ac", TEXT),
    `the status must hold one byte per character, U+0000 to U+00FF, got "200 \u20ac" ${STRINGS}`,
  ],
  [
    "a status that is not final",
    starting("100 Continue", []),
    `the status must be 200 or above, got "100 Continue": only the server sends interim responses (RFC 9110, section 15.2)`,
  ],
  [
    "headers that are no array",
    starting("200 OK", new Headers()),
    `the headers must be an array of pairs [name, value], got an object of class Headers ${START_RESPONSE}`,
  ],
  [
    "a header that is a string",
    starting("200 OK", ["Content-Type: text/plain"]),
    `a header must be a pair [name, value], got "Content-Type: text/plain" ${START_RESPONSE}`,
  ],
  [
    "a header of three",
    starting("200 OK", [["A", "b", "c"]]),
    `a header must be a pair [name, value], got an array of 3 ${START_RESPONSE}`,
  ],
  [
    "the name of a header that is no string",
    sending(5, "x"),
    'the name of a header must be a token, such as "Content-Type", got 5 (RFC 9110, section 5.1)',
  ],
  [
    "the name of a header with a colon",
    sending("X-A:", "x"),
    'the name of a header must be a token, such as "Content-Type", got "X-A:" (RFC 9110, section 5.1)',
  ],
  [
    "a header Status",
    sending("status", "200 OK"),
    `the status must be the first argument, got a header status with "200 OK" ${START_RESPONSE}`,
  ],
  [
    "the name of a header that ends in a hyphen",
    sending("X-", "x"),
    `the name of a header must not end in "-" or "_", got "X-" ${START_RESPONSE}`,
  ],
  [
    "the name of a header that ends in an underscore",
    sending("X_", "x"),
    `the name of a header must not end in "-" or "_", got "X_" ${START_RESPONSE}`,
  ],
  [
    "a hop-by-hop header",
    sending("Connection", "close"),
    'a hop-by-hop header must be left to the server, got Connection with "close" (PEP 3333, "Other HTTP Features")',
  ],
  [
    "a value that is a number",
    sending("X-Count", 5),
    `the value of X-Count must be a string, got 5 ${START_RESPONSE}`,
  ],
  [
    "a value that begins another line",
    sending("X-A", "a\r\nSet-Cookie: b"),
    `the value of X-A must not contain control characters, got "a\\r\\nSet-Cookie: b" ${START_RESPONSE}`,
  ],
  [
    "a value with a TAB",
    sending("X-A", "a\tb"),
    `the value of X-A must not contain control characters, got "a\\tb" ${START_RESPONSE}`,
  ],
  [
    "a value of text instead of bytes",
    sending("X-A", "\u20ac"),
    `the value of X-A must hold one byte per character, U+0000 to U+00FF, got "\u20ac" ${STRINGS}`,
  ],
  [
    "a response without Content-Type",
    starting("200 OK", []),
    "a response with status 200 must have one Content-Type, got none (RFC 9110, section 8.3)",
  ],
  [
    "a response with two types",
    sending("content-type", "text/html"),
    'a response with status 200 must have one Content-Type, got "text/plain" and "text/html" (RFC 9110, section 8.3)',
  ],
  [
    "a 204 with a Content-Type",
    starting("204 No Content", TEXT),
    'a response with status 204 must have no Content-Type, got "text/plain" (RFC 9110, sections 8.3 and 15.4.5)',
  ],
  [
    "a 304 with a Content-Type",
    starting("304 Not Modified", [[CONTENT_TYPE, "text/html"]]),
    'a response with status 304 must have no Content-Type, got "text/html" (RFC 9110, sections 8.3 and 15.4.5)',
  ],
  [
    "a 204 with a Content-Length",
    starting("204 No Content", [["Content-Length", "0"]]),
    'a response with status 204 must have no Content-Length, got "0" (RFC 9110, sections 8.6 and 15.4.5)',
  ],
  [
    "a 304 with a Content-Length",
    starting("304 Not Modified", [["content-length", "12"]]),
    'a response with status 304 must have no Content-Length, got "12" (RFC 9110, sections 8.6 and 15.4.5)',
  ],
  [
    "a Content-Length that is no number",
    sending("Content-Length", "five"),
    'Content-Length must be one number in decimal digits, got "five" (RFC 9110, section 8.6)',
  ],
  [
    "two lengths",
    starting("200 OK", [
      ...TEXT,
      ["Content-Length", "5"],
      ["Content-Length", "6"],
    ]),
    'Content-Length must be one number in decimal digits, got "5" and "6" (RFC 9110, section 8.6)',
  ],
];
