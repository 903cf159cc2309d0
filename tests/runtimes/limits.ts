/** What the servers of other runtimes cannot carry of the conformance table. */

import type { Limit } from "../conformance/run.ts";
import { rows } from "../conformance/table.ts";

const WITHOUT_TLS: Limit = {
  reason: "the server of the test has no certificate",
  rows: ["HTTPS and wsgi.url_scheme by https", "request_uri() by https"],
};

const NORMALISED: Limit = {
  reason: "the URL of a request is normalised before the application gets it",
  rows: ["PATH_INFO of dot segments", "PATH_INFO of encoded dot segments"],
};

const CUT_SHORT: Limit = {
  reason:
    "a request of which only a part has come is not answered any more when the client has ended its side",
  rows: rows.map(({ name }) => name)
    .filter((name) => name.startsWith("a truncated input")),
};

const KINDS = [
  "array",
  "set",
  "iterable",
  "async iterable",
  "generator",
  "async generator",
  "stream",
  "byte stream",
  "file",
  "file of a stream",
];

/** Responses of fetch handlers. */
const of_fetch = (...whats: string[]) =>
  whats.map((what) => `a fetch handler that answers with ${what}`);

export const OF_NEW_NODE: Limit = {
  reason: "Node 20 knows no such memory",
  rows: [
    "a block whose memory was given away",
    "a block in memory that can grow",
  ],
};

const UNKNOWN_METHOD = "REQUEST_METHOD of a method that nobody knows";

export const NODE: Limit[] = [
  WITHOUT_TLS,
  NORMALISED,
  CUT_SHORT,
  OF_NEW_NODE,
  {
    reason: "newer versions of Node read a Blob by their event loop",
    rows: of_fetch("a Blob"),
  },
  {
    reason: "the parser of Node refuses it",
    rows: [UNKNOWN_METHOD, "PATH_INFO of UTF-8 that is not encoded"],
  },
];

/** The status that Bun sends, whatever the reason of a response. */
function status(row: string, status: string): Limit {
  const reason = "Bun sends a reason of its own";
  return { reason, rows: [row], expected: { status } };
}

/** Its length is known only if all of it can be read without waiting. */
export const LARGE_ON_BUN: Limit = {
  reason: "Bun reads a large body by its event loop",
  rows: of_fetch("a large body"),
};

export const BUN: Limit[] = [
  WITHOUT_TLS,
  NORMALISED,
  CUT_SHORT,
  LARGE_ON_BUN,
  { reason: "the parser of Bun refuses it", rows: [UNKNOWN_METHOD] },
  {
    reason: "Bun sends a stream without its Content-Length",
    rows: of_fetch("a Content-Length"),
  },
  status("the status 418 I'm a teapot", "418 I'm a Teapot"),
  status("a custom reason", "200 OK"),
  status("a status that is not registered", "299 HM"),
  {
    reason:
      "Bun says of the body that the answer to a HEAD does not have that it is empty",
    rows: [
      "a HEAD with the length of its GET",
      "a HEAD of an array of one block",
      "a HEAD that fails",
      "a HEAD by an application that makes a GET of it",
      "a HEAD with write()",
      ...of_fetch("a text, to a HEAD"),
      ...KINDS.map((kind) => `a HEAD of a result of kind ${kind}`),
    ],
  },
];

const UNSAID_LENGTH = "a stream goes out without its Content-Length on Workers";

/** A response whose length is left out. */
function unsaid(...rows: string[]): Limit[] {
  return rows.map((row) => ({ reason: UNSAID_LENGTH, rows: [row] }));
}

export const WORKERD: Limit[] = [
  WITHOUT_TLS,
  {
    reason: "Workers take headers for UTF-8",
    rows: [
      "a header with bytes",
      "a header with UTF-8",
      "headers of all kinds",
    ],
  },
  { reason: "Workers join it by a comma", rows: ["a Cookie that is repeated"] },
  { reason: "workerd answers it with a 501", rows: [UNKNOWN_METHOD] },
  {
    reason: "a Worker has no files",
    rows: [
      "wsgi.file_wrapper with a file",
      "wsgi.file_wrapper with a file from an offset",
      "wsgi.file_wrapper with a stream of Node's",
      "wsgi.file_wrapper with a file of Node's",
      "a file that is read into the same buffer again and again",
    ],
  },
  {
    reason: "workerd ends a request that waits for nothing that can come",
    rows: ["a client that leaves has a stream cancelled, though it waits"],
  },
  ...unsaid(
    ...KINDS.map((kind) => `a Content-Length and a result of kind ${kind}`),
    "write() with a Content-Length",
    "a body shorter than its Content-Length, in a generator",
    "a body longer than its Content-Length, in a generator",
    ...of_fetch("a Content-Length", "a text, to a HEAD"),
  ),
  {
    reason: "Workers read every body by their event loop",
    rows: rows.map(({ name }) => name).filter((name) =>
      /^a fetch handler/.test(name) &&
      !/an empty text|no body|stream|redirect|no content|not modified/.test(
        name,
      ) && !of_fetch("a Content-Length", "a text, to a HEAD").includes(name)
    ),
  },
];
