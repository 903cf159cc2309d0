/** What is otherwise at a door. */

import { cases } from "./cases.ts";

/** Why a case is otherwise, and what is noted then; null where it cannot be. */
interface Limit {
  reason: string;
  noted: string[] | null;
}

const IN_UPLOAD = "the client disconnects in the middle of its own body";
const BOTH_WAYS = "each word is sent when the one before has come back";

const BEFORE_POST =
  "the client disconnects before the response to a POST begins";

/** Seen on a bare Deno.serve: with the body in one packet with the head, 200 of 200 signals were aborted, else 3. */
const MAY_BE_SPLIT: Limit = {
  reason:
    "Deno does not tell if the body came after the head, as nginx may send it",
  noted: null,
};

const WAITS_FOR_BODY: Limit = {
  reason: "the web server waits for the whole body first",
  noted: null,
};

const READS_BODY_FIRST: Limit = {
  reason: "Apache waits for more of the body before it reads the response",
  noted: null,
};

const LEARNS_LATE: Limit = {
  reason: "it passes on a disconnect only when the application writes",
  noted: null,
};

/** The cases in which the client disconnects while nothing is sent to it. */
const WHILE_WAITING = Object.fromEntries(
  cases.map(({ name }) => name)
    .filter((name) => /disconnects (?:before|while)|for that reason/.test(name))
    .map((name) => [name, LEARNS_LATE]),
);

/** The limits of each door, by the names of the cases. */
export const limits: Record<string, Record<string, Limit>> = {
  "nginx by HTTP": { [BEFORE_POST]: MAY_BE_SPLIT },
  "nginx by SCGI": { [IN_UPLOAD]: WAITS_FOR_BODY, [BOTH_WAYS]: WAITS_FOR_BODY },
  "Apache by FastCGI": { ...WHILE_WAITING, [BOTH_WAYS]: READS_BODY_FIRST },
  "lighttpd by FastCGI": {
    ...WHILE_WAITING,
    [IN_UPLOAD]: WAITS_FOR_BODY,
    [BOTH_WAYS]: WAITS_FOR_BODY,
  },
};
