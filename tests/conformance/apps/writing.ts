/** The applications that call `write()` in ways that a script has no words for. */

import type { WSGIApplication } from "../../../types.ts";
import { bytes } from "../../support/bytes.ts";
import { pattern } from "./content.ts";
import { note } from "./facts.ts";
import { PLAIN } from "./ok.ts";

export const writing: Record<string, WSGIApplication> = {
  /** Writes without awaiting any of it, and returns more. */
  write_unawaited(_environ, start_response) {
    const write = start_response("200 OK", PLAIN);
    for (const block of ["a", "b", "c"]) write(bytes(block));
    return [bytes("d")];
  },

  /** Writes more than a pipe takes at once from one buffer, without awaiting any of it, and returns more. */
  write_unawaited_large(_environ, start_response) {
    const write = start_response("200 OK", PLAIN);
    const data = pattern(1_200_000);
    const buffer = new Uint8Array(300_000);
    for (let at = 0; at < 900_000; at += buffer.length) {
      buffer.set(data.subarray(at, at + buffer.length));
      write(buffer);
    }
    return [data.subarray(900_000)];
  },

  /** Writes what is no block and does not look at the promise. */
  write_wrong(_environ, start_response) {
    const write = start_response("200 OK", PLAIN);
    write("text" as unknown as Uint8Array);
    return [];
  },

  /** Writes more than its Content-Length, and notes that it was refused. */
  async write_past_length(environ, start_response) {
    const write = start_response("200 OK", [...PLAIN, ["Content-Length", "3"]]);
    await write(bytes("abc"));
    try {
      await write(bytes("d"));
    } catch {
      note(environ, "refused");
    }
    return [];
  },

  /** Writes, then fails. */
  async write_then_error(_environ, start_response) {
    const write = start_response("200 OK", PLAIN);
    await write(bytes("a"));
    throw new Error("after write()");
  },

  /** A generator that calls `write` in the place of yielding. */
  async *write_in_generator(_environ, start_response) {
    const write = start_response("200 OK", PLAIN);
    await write(bytes("a"));
    yield bytes("b");
  },
};
