/** The conformance table with its applications in Python. */

import { python_application } from "../../python/mod.ts";
import type { WSGIApplication } from "../../types.ts";
import { DENO_SERVE } from "../conformance/limits.ts";
import { http_door } from "../conformance/doors/http.ts";
import type { Door } from "../conformance/doors/door.ts";
import { type Row, whole } from "../conformance/row.ts";
import { type Limit, run_conformance } from "../conformance/run.ts";
import { rows } from "../conformance/table.ts";
import { read } from "../support/project.ts";
import { root, serve } from "../support/support.ts";
import { has_pyodide } from "./support.ts";

let loaded: Promise<WSGIApplication> | null = null;

/** All tests share one interpreter. */
function load(): Promise<WSGIApplication> {
  const path = new URL("tests/conformance/apps/applications.py", root).pathname;
  return loaded ??= python_application(path);
}

/** A traceback, except the line with the exception. */
const TRACEBACK = /^(Traceback \(most recent call last\):| {2}.*)\n/gm;
const ACCESS_LINE = /^"[^\n]*" \d{3} \d+\n/gm;

async function open(validated: boolean): Promise<Door> {
  const { server, port, log } = serve(await load());
  const door = http_door(
    { hostname: "127.0.0.1", port },
    () => log.text.replace(ACCESS_LINE, "").replace(TRACEBACK, ""),
    () => server.server_close(),
  );
  if (!validated) return door;
  return {
    ...door,
    send: (request) =>
      door.send({
        ...request,
        headers: [["X-Validator", "yes"], ...request.headers],
      }),
  };
}

function named(test: (row: Row) => boolean): string[] {
  return rows.filter(test).map(({ name }) => name);
}

/** What a row asks the application to do. */
function script_of({ request }: Row): Record<string, unknown> {
  const answer = request.headers.find(([name]) => name === "X-Answer");
  return answer ? JSON.parse(answer[1]) : {};
}

/** Errors that name values and types of Python. */
const WORDED: Limit[] = [
  ["a status without a reason", "a space and a reason, got '200'"],
  ["a status without a space", "a space and a reason, got '200OK'"],
  ["a status of four digits", "got '2000 OK'"],
  [
    "an interim status",
    "three digits from 200 on, a space and a reason, got '100 Continue'",
  ],
  [
    "headers that are null",
    "headers must be a list of (name, value), got None",
  ],
  [
    "headers that are an object",
    "headers must be a list of (name, value), got an object of class dict",
  ],
  [
    "a header that is no pair",
    "a header must be a tuple (name, value), got an object of class tuple",
  ],
  ["a header name with a colon", "a header name must be a token, got 'X-A:'"],
  ["an empty header name", "a header name must be a token, got ''"],
  [
    "a Content-Length that is no number",
    "Content-Length must be decimal digits, got '1e3'",
  ],
  [
    "a Content-Length below zero",
    "Content-Length must be decimal digits, got '-1'",
  ],
  [
    "write() of what is no block",
    "the body must be given as bytes, got 'text'",
  ],
  [
    "start_response() not at all, and a block",
    "the application did not call start_response()",
  ],
  ["a result that is wrong: string", "an iterable of bytes, got 'text'"],
  ["a result that is wrong: null", "an iterable of bytes, got None"],
  ["a result that is wrong: number", "an iterable of bytes, got 5"],
  [
    "a result that is wrong: bytes",
    "an iterable of bytes, got an object of class bytes",
  ],
  [
    "a result that is wrong: object",
    "an iterable of bytes, got an object of class object",
  ],
  [
    "a result that is wrong: function",
    "an iterable of bytes, got an object of class function",
  ],
  [
    "a block that is a text, in a result of kind array",
    "the body must be given as bytes, got 'text': encode it",
  ],
  [
    "a block that is a text, in a result of kind generator",
    "the body must be given as bytes, got 'text': encode it",
  ],
].map(([name, log]) => ({
  reason: "the message is worded for Python",
  rows: [name!],
  expected: { log: [log!] },
}));

/** Errors with other names in Python. */
const NAMED: Limit[] = rows
  .filter(({ application }) => application.startsWith("network_error_in_"))
  .map(({ name, expected }) => ({
    reason: "Python names the errors of a connection differently",
    rows: [name],
    expected: { log: expected.log.map((line) => line.replace(":", "Error:")) },
  }));

const LIMITS: Limit[] = [
  {
    reason: "an application in Python is not async, nor is its result",
    rows: named((row) =>
      /async|stalled/.test(row.application) ||
      /async|stream/.test(String(script_of(row).kind))
    ),
  },
  {
    reason: "Python has no such value, or cannot raise it",
    rows: [
      "an application that throws nothing",
      "an application that throws a text",
      "a result that is wrong: undefined",
      "an input that is cancelled",
    ],
  },
  {
    reason: "the message is worded for Python",
    rows: ["a later block that is a number"],
    expected: { log: ["the body must be given as bytes, got 5"] },
  },
  {
    reason: "a file in Python ends where read() returns nothing",
    rows: ["empty blocks in a result of kind file"],
    expected: { ...whole(""), facts: { closed: 1 } },
  },
  {
    reason: "a file in Python ends where read() returns nothing",
    rows: ["wsgi.file_wrapper with what reads neither bytes nor the end"],
    expected: { status: "200 OK", ...whole(""), log: [] },
  },
  {
    reason: "Python has no files of Node and no fetch handlers",
    rows: named(({ application }) =>
      /^node_(stream|file)$|^fetch_/.test(application)
    ),
  },
  ...WORDED,
  ...NAMED,
  {
    reason: "bytes are immutable in Python, and a block can be nothing else",
    rows: named(({ application }) =>
      /^reused_|^block_|shared_block|resizable_block/.test(application)
    ),
  },
  {
    reason:
      "the application is only called once the whole request body has been received",
    rows: [
      "a truncated input fails",
      "a truncated input as the result",
    ],
  },
];

/** The applications of the table that exist in Python. */
const WRITTEN = new Set([
  ...Array.from(
    read("tests/conformance/apps/applications.py")
      .matchAll(/^def (?:app_|show_)?(\w+)\(environ, start_response\)/gm),
    ([, name]) => name!,
  ),
  "return_string",
  "return_null",
  "return_number",
  "return_bytes",
  "return_object",
  "return_function",
]);

/** Rows without an application in applications.py. They are printed, as nothing fails because of them. */
const UNWRITTEN: Limit[] = [{
  reason: "its application does not exist in Python",
  rows: named(({ name, application }) =>
    !WRITTEN.has(application) &&
    !LIMITS.some(({ rows }) => rows.includes(name))
  ),
}];

for (const name of UNWRITTEN[0]!.rows) {
  console.log(
    `Skipped, as applications.py has no application for it: ${name}`,
  );
}

/** Rows in which the server sets Content-Length. It cannot behind wsgiref's validator, which hides the number of blocks. */
const OF_ONE_BLOCK: Limit[] = rows.filter((row) => {
  const { headers } = row.expected;
  const declared = JSON.stringify(script_of(row).headers ?? "");
  return headers.some(([name]) => name === "content-length") &&
    !/content-length/i.test(declared) &&
    !(row.expected.status.startsWith("500") && row.expected.log.length > 0) &&
    !row.expected.status.startsWith("400") &&
    row.application !== "write_past_length" &&
    (row.expected.body.length > 0 || row.request.method === "HEAD");
}).map(({ name, expected }) => ({
  reason: "wsgiref.validate hides the number of blocks",
  rows: [name],
  expected: {
    headers: expected.headers.filter(([name]) => name !== "content-length"),
  },
}));

const VALIDATED: Limit[] = [{
  reason:
    "the application is invalid, which wsgiref.validate reports in its own words, if at all",
  rows: named((row) =>
    row.validated.log.join() !== row.expected.log.join() ||
    row.expected.log.length > 0 && !/^Error: /.test(row.expected.log[0]!)
  ),
}];

if (has_pyodide) {
  run_conformance(
    "make_server, in Python behind wsgiref.validate",
    () => open(true),
    [...VALIDATED, ...LIMITS, ...UNWRITTEN, ...DENO_SERVE, ...OF_ONE_BLOCK],
    {
      validated: false,
    },
  );
  run_conformance("make_server, in Python", () => open(false), [
    ...LIMITS,
    ...UNWRITTEN,
    ...DENO_SERVE,
  ], {
    validated: false,
  });
}
