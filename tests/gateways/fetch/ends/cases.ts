/** The cases of how a request can end, and what a fetch handler is told. */

import type { ResponseName } from "./handler.ts";
import type { Conversation } from "./conversation.ts";

/** A request, what its client does, and what its handler notes. */
export interface Case {
  name: string;
  method: string;
  /** The response of the handler. */
  response: ResponseName;
  /** Whether the handler asks for `request.signal` and `info.completed`. */
  watched: boolean;
  /** The body of the request. */
  body: string;
  /** What the client does; the request has been sent up to its body. */
  act(conversation: Conversation): Promise<void>;
  /** What the handler notes, besides that it has begun. */
  noted: string[];
  /** Whether docs/fetch.md has it. */
  is_documented: boolean;
}

type Act = Case["act"];

/** Reads the whole response, whose body has to be this. */
function takes(body: string): Act {
  return async (conversation) => {
    await conversation.send_rest();
    await conversation.receive_all(body);
  };
}

/** Leaves as soon as the first block of the response is there. */
const leaves: Act = async (conversation) => {
  await conversation.send_rest();
  await conversation.receive("begun");
  await conversation.leave();
};

/** Leaves as soon as the handler has been called. */
const leaves_before: Act = async (conversation) => {
  await conversation.send_rest();
  await conversation.begun();
  await conversation.leave();
};

/** Sends a part of the body, and leaves. */
const leaves_in_upload: Act = async (conversation) => {
  await conversation.send("Hel");
  await conversation.begun();
  await conversation.leave();
};

const WORDS = ["one ", "two ", "three "];

/** Sends each word only when it has received the one before. */
const converses: Act = async (conversation) => {
  for (const word of WORDS) {
    await conversation.send(word);
    await conversation.receive(word);
  }
  await conversation.receive_all(WORDS.join(""));
};

const LEFT = ["aborted", "failed", "worked"];
const CANCELLED = ["aborted", "cancelled", "failed", "worked"];
const COMPLETED = ["completed", "worked"];

function one(
  name: string,
  response: ResponseName,
  act: Act,
  noted: string[],
  options: Partial<Case> = {},
): Case {
  const usual = {
    method: "GET",
    watched: true,
    body: "",
    is_documented: false,
  };
  return { name, response, act, noted, ...usual, ...options };
}

const POST = { method: "POST", body: "Hello" };

const DOCUMENTED = { is_documented: true };

export const cases = [
  one(
    "the client disconnects before the response begins",
    "waiting",
    leaves_before,
    LEFT,
    DOCUMENTED,
  ),
  one(
    "the client disconnects before the response to a POST begins",
    "waiting_after_reading",
    leaves_before,
    LEFT,
    POST,
  ),
  one(
    "the client disconnects while the body waits",
    "stalled",
    leaves,
    CANCELLED,
    DOCUMENTED,
  ),
  one(
    "the client disconnects while the body of the response to a POST waits",
    "stalled_after_reading",
    leaves,
    CANCELLED,
    POST,
  ),
  one(
    "the client disconnects while the body waits, and the handler does not ask",
    "stalled",
    leaves,
    ["cancelled", "worked"],
    { watched: false },
  ),
  one(
    "the client disconnects during a body without end",
    "endless",
    leaves,
    CANCELLED,
  ),
  one(
    "the client disconnects before the first block of the body",
    "silent",
    leaves_before,
    CANCELLED,
  ),
  one(
    "the client disconnects before the first block of the body, and the handler does not ask",
    "silent",
    leaves_before,
    ["cancelled", "worked"],
    { watched: false },
  ),
  one(
    "the client disconnects, and the body fails for that reason",
    "aborted",
    leaves_before,
    LEFT,
  ),
  one(
    "the client disconnects in the middle of its own body",
    "reading",
    leaves_in_upload,
    ["aborted", "cut short", "failed", "worked"],
    { ...POST, ...DOCUMENTED },
  ),
  one(
    "the body fails",
    "failing",
    async (conversation) => {
      await conversation.receive("begun");
      await conversation.receive_all(null);
    },
    LEFT,
    DOCUMENTED,
  ),
  one("a text", "text", takes("hello"), COMPLETED),
  one("a text, and the handler does not ask", "text", takes("hello"), [
    "worked",
  ], { watched: false }),
  one(
    "the client gets the whole body",
    "stream",
    takes("hello"),
    COMPLETED,
    DOCUMENTED,
  ),
  one("a stream, and the handler does not ask", "stream", takes("hello"), [
    "worked",
  ], { watched: false }),
  one("a body that was sent", "reading", takes("Hello"), COMPLETED, POST),
  one(
    "each word is sent when the one before has come back",
    "echo",
    converses,
    COMPLETED,
    { method: "POST", body: WORDS.join("") },
  ),
  one(
    "a body that is longer than its Content-Length",
    "measured",
    takes("hello"),
    ["cancelled", ...COMPLETED],
    DOCUMENTED,
  ),
  one(
    "a HEAD that is answered with a stream",
    "stalled",
    takes(""),
    ["cancelled", ...COMPLETED],
    { method: "HEAD", ...DOCUMENTED },
  ),
  one("204 No Content", "no_content", takes(""), COMPLETED),
  one("304 Not Modified", "not_modified", takes(""), COMPLETED),
];
