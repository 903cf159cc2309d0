/** What is otherwise at a door. */

/** Why a case is otherwise, and what is noted then; null where it cannot be. */
interface Limit {
  reason: string;
  noted: string[] | null;
}

const WAITS_FOR_BODY: Limit = {
  reason: "SCGI needs a length, so nginx waits for the whole body first",
  noted: null,
};

/** The limits of each door, by the names of the cases. */
export const limits: Record<string, Record<string, Limit>> = {
  "nginx by SCGI": {
    "the client disconnects in the middle of its own body": WAITS_FOR_BODY,
    "each word is sent when the one before has come back": WAITS_FOR_BODY,
  },
};
