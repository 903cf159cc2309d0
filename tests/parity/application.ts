/** The application that both servers run; tests/parity/python/parity_server.py has the same one in Python. */

import type {
  HeaderList,
  StartResponse,
  Write,
  WSGIApplication,
  WSGIEnvironment,
  WSGIResult,
} from "../../types.ts";
import { bytes, text } from "../support/support.ts";

/** Something that an application does. What is not as PEP 3333 has it is a mistake that it makes. */
export type Step =
  | ["start", status: unknown, headers: unknown]
  /** With `exc_info`, of an error that it has caught. */
  | ["start again", status: string, headers: HeaderList]
  | ["write", block: unknown]
  /** In a generator only. */
  | ["yield", block: unknown]
  | ["throw"];

/** What an application does; texts stand for their bytes (ISO-8859-1). */
export interface Script {
  /** When it is called. */
  call: Step[];
  /** The blocks that it returns. */
  list?: unknown[];
  /** What the generator does that it returns. */
  generator?: Step[];
  /** A result that is a mistake. */
  other?: "none" | "text" | "bytes" | "number";
  /** What the `close()` of the list does. */
  close?: "throw";
}

/** The target of a request that is answered as `script` says. */
export function script_target(script: Script): string {
  return `/script?${encodeURIComponent(ascii_json(script))}`;
}

/** Answers `/script` as its query says, and everything else with what it got. */
export const application: WSGIApplication = (environ, start_response) => {
  if (environ.PATH_INFO === "/script") {
    const script = JSON.parse(decodeURIComponent(environ.QUERY_STRING));
    return perform(script, start_response);
  }
  return echo(environ, start_response);
};

/** Answers with the environ and the body of the request, as JSON; to a HEAD in a header. */
async function echo(
  environ: WSGIEnvironment,
  start_response: StartResponse,
): Promise<WSGIResult> {
  let input = "";
  for await (const chunk of environ["wsgi.input"]) input += text(chunk);
  const seen: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(environ)) {
    seen[key] = as_json(value);
  }
  const json = ascii_json({ environ: seen, input });
  if (environ.REQUEST_METHOD === "HEAD") {
    start_response("200 OK", [["X-Echo", json]]);
    return [bytes("in a header")];
  }
  start_response("200 OK", [["Content-Type", "application/json"]]);
  return [bytes(json)];
}

function as_json(value: unknown): unknown {
  const is_plain = value === undefined || Array.isArray(value) ||
    typeof value === "string" || typeof value === "boolean";
  return is_plain ? value : "(object)";
}

/** JSON that may stand in a header and in a target, whatever is in `value`. */
function ascii_json(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^ -~]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Does what `script` says. */
async function perform(
  script: Script,
  start_response: StartResponse,
): Promise<WSGIResult> {
  let write: Write;

  async function take(step: Step): Promise<void> {
    // deno-lint-ignore no-explicit-any -- a script holds mistakes as well
    const [name, ...args] = step as [string, ...any[]];
    if (name === "throw") throw new Error("as the script says");
    if (name === "write") await write(as_block(args[0]));
    else if (name === "start") write = start_response(args[0], args[1]);
    else write = start_response(args[0], args[1], new Error("caught"));
  }

  async function* generate(steps: Step[]): AsyncGenerator<Uint8Array> {
    for (const step of steps) {
      if (step[0] === "yield") yield as_block(step[1]);
      else await take(step);
    }
  }

  for (const step of script.call) await take(step);
  if (script.other) return OTHER_RESULTS[script.other] as WSGIResult;
  if (script.generator) return generate(script.generator);
  const blocks = script.list!.map(as_block);
  return script.close ? Object.assign(blocks, { close: fail }) : blocks;
}

const OTHER_RESULTS: Record<NonNullable<Script["other"]>, unknown> = {
  none: null,
  text: "text",
  bytes: bytes("bytes"),
  number: 1,
};

/** A text stands for its bytes; anything else is itself, a mistake of the application. */
function as_block(value: unknown): Uint8Array {
  return typeof value === "string" ? bytes(value) : value as Uint8Array;
}

function fail(): never {
  throw new Error("as the script says");
}
