/** The applications that read their input, or leave it. */

import { TextLineStream, toText } from "@std/streams";
import type { WSGIApplication, WSGIEnvironment } from "../../../types.ts";
import { bytes } from "../../support/bytes.ts";
import { type Digest, digest_of, json } from "./content.ts";
import { note } from "./facts.ts";
import { ok, PLAIN } from "./ok.ts";

/** The input, read to its end by the application. */
async function read_input(environ: WSGIEnvironment): Promise<Digest> {
  return await digest_of(environ["wsgi.input"]);
}

export const reading: Record<string, WSGIApplication> = {
  async input_digest(environ, start_response) {
    return ok(start_response, json(await read_input(environ)));
  },

  /** The input as the result. */
  echo(environ, start_response) {
    start_response("200 OK", PLAIN);
    return environ["wsgi.input"];
  },

  async input_text(environ, start_response) {
    return ok(start_response, bytes(await toText(environ["wsgi.input"])));
  },

  async input_json(environ, start_response) {
    const input = environ["wsgi.input"] as ReadableStream<
      Uint8Array<ArrayBuffer>
    >;
    return ok(start_response, json(await new Response(input).json()));
  },

  async input_lines(environ, start_response) {
    const source = environ["wsgi.input"]
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string>)
      .pipeThrough(new TextLineStream());
    const lines: string[] = [];
    for await (const line of source) lines.push(line);
    return ok(start_response, json(lines));
  },

  /** Reads the first chunk and leaves the rest. */
  async input_begun(environ, start_response) {
    const reader = environ["wsgi.input"].getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    return ok(start_response, bytes(value!.length > 0 ? "begun" : "empty"));
  },

  /** The same without letting go of its reader. */
  async input_kept(environ, start_response) {
    const { value } = await environ["wsgi.input"].getReader().read();
    return ok(start_response, bytes(value!.length > 0 ? "kept" : "empty"));
  },

  async input_cancelled(environ, start_response) {
    await environ["wsgi.input"].cancel();
    return ok(start_response, bytes("cancelled"));
  },

  input_left(_environ, start_response) {
    return ok(start_response, bytes("left"));
  },

  /** Notes whether the input fails, as it must where the client sent less than it said. */
  async input_cut(environ, start_response) {
    try {
      await read_input(environ);
      note(environ, "input ended");
    } catch {
      note(environ, "input failed");
    }
    return ok(start_response, bytes("noted"));
  },
};
