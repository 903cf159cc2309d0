/** What the servers of other runtimes cannot carry of the conformance table. */

import type { Limit } from "../conformance/run.ts";

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
  rows: ["an input that is cut short fails"],
};

const UNKNOWN_METHOD = "REQUEST_METHOD of a method that nobody knows";

export const NODE: Limit[] = [
  WITHOUT_TLS,
  NORMALISED,
  CUT_SHORT,
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

export const BUN: Limit[] = [
  WITHOUT_TLS,
  NORMALISED,
  CUT_SHORT,
  { reason: "the parser of Bun refuses it", rows: [UNKNOWN_METHOD] },
  status("the status 418 I'm a teapot", "418 I'm a Teapot"),
  status("a reason of one's own", "200 OK"),
  status("a status that is not registered", "299 HM"),
  {
    reason:
      "Bun says of the body that the answer to a HEAD does not have that it is empty",
    rows: [
      "a HEAD with the length of its GET",
      "a HEAD of an array of one block",
      "a HEAD that fails",
      "a HEAD by an application that makes a GET of it",
    ],
  },
];
