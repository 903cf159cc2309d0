/**
 * An application that fails in a different way at each path. As a script, it answers one request for the path that is
 * its argument, or, with a second argument `cgi`, the request in its environment.
 */

import { debug_handler } from "../../../cli/debug/debug_page.ts";
import { BaseCGIHandler, CGIHandler } from "../../../handlers.ts";
import type { WSGIEnvironment, WSGIResult } from "../../../types.ts";

async function find(id: number): Promise<string> {
  await Promise.resolve();
  throw new RangeError(`there is no article ${id}`); // thrown in find
}

async function order(id: number): Promise<string> {
  try {
    return await find(id); // awaited in order
  } catch (cause) {
    throw new Error("nothing to sell", { cause }); // thrown in order
  }
}

function* blocks(): Generator<Uint8Array> {
  for (const part of ["", "no further"]) {
    if (part) throw new TypeError(part); // thrown in blocks
    yield new Uint8Array(0);
  }
}

function sorted(): number[] {
  return [3, 1, 2].sort((a, b) => compare(a, b)); // sorted
}

function compare(a: number, b: number): number {
  throw new Error(`cannot compare ${a} and ${b}`); // thrown in compare
}

/** An error whose message and properties are markup. */
function hostile(): Error {
  const markup = `</title></style><script>alert("1")</script><b onclick='x'>&`;
  return Object.assign(new Error(markup), { [markup]: markup });
}

const password = "hunter2";

function log_in(): never {
  throw new Error(`wrong: ${password}`); // thrown in log_in
}

/** The action of each path. */
const actions: Record<string, () => unknown> = {
  "/order": () => order(7),
  "/blocks": blocks,
  "/sorted": sorted,
  "/string": () => "a string is no result",
  "/log_in": log_in,
  "/environment": () => {
    throw new Error(`cannot reach ${Deno.env.get("DB_PASSWORD")}`);
  },
  "/hostile": () => {
    throw hostile();
  },
};

/** Fails. */
export default function fail(environ: WSGIEnvironment): WSGIResult {
  return actions[environ.PATH_INFO]!() as WSGIResult; // called by the package
}

if (import.meta.main) {
  const [path, protocol] = Deno.args;
  const quiet = { write() {}, writelines() {}, flush() {} };
  const handler = protocol === "cgi"
    ? new (debug_handler(CGIHandler))()
    : new (debug_handler(BaseCGIHandler))(
      ReadableStream.from<Uint8Array>([]),
      Deno.stdout.writable,
      quiet,
      { REQUEST_METHOD: "GET", PATH_INFO: path },
    );
  await handler.run(fail);
}
