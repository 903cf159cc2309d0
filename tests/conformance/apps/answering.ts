/** The applications whose body is what a row is about. */

import type { FileLike, WSGIApplication } from "../../../types.ts";
import { bytes } from "../../support/bytes.ts";
import { pattern } from "./content.ts";
import { note } from "./facts.ts";
import { ok, PLAIN } from "./ok.ts";
import { builtin, license_url, open_file } from "./process.ts";
import { async_steps, begin, result_of, script_of, steps } from "./script.ts";

export const answering: Record<string, WSGIApplication> = {
  /** Does what `X-Answer` says. */
  answer(environ, start_response) {
    const script = script_of(environ);
    const begun = begin(environ, start_response, script);
    return begun
      ? begun.then(() => result_of(environ, script))
      : result_of(environ, script);
  },

  async async_answer(environ, start_response) {
    await null;
    const script = script_of(environ);
    await begin(environ, start_response, script);
    return result_of(environ, script);
  },

  /** An application that is a generator itself, and so begins when its first block is asked for. */
  *generator_answer(environ, start_response) {
    const script = script_of(environ);
    begin(environ, start_response, script);
    try {
      yield* steps(script);
    } finally {
      note(environ, "finished");
    }
  },

  async *async_generator_answer(environ, start_response) {
    await null;
    const script = script_of(environ);
    await begin(environ, start_response, script);
    try {
      yield* async_steps(script);
    } finally {
      note(environ, "finished");
    }
  },

  /** Blocks of the pattern: as many bytes as the query's `size` says, `block` at a time. */
  *pattern(environ, start_response) {
    const query = new URLSearchParams(environ.QUERY_STRING);
    const data = pattern(Number(query.get("size")));
    const block = Number(query.get("block") ?? 65536);
    start_response("200 OK", PLAIN);
    for (let i = 0; i < data.length; i += block) {
      yield data.subarray(i, i + block);
    }
  },

  /** The pattern as one block. */
  pattern_block(environ, start_response) {
    const query = new URLSearchParams(environ.QUERY_STRING);
    return ok(start_response, pattern(Number(query.get("size"))));
  },

  /** Blocks without end. */
  *endless(environ, start_response) {
    start_response("200 OK", PLAIN);
    try {
      while (true) yield bytes("a".repeat(1000));
    } finally {
      note(environ, "finished");
    }
  },

  /** One block, and then nothing for ever. */
  stalled(environ, start_response) {
    start_response("200 OK", PLAIN);
    return new ReadableStream({
      start: (controller) => controller.enqueue(bytes("a")),
      cancel: () => note(environ, "cancelled"),
    });
  },

  /** A license, which every checkout has, from the offset that the query says. */
  async file(environ, start_response) {
    const file = await open_file(
      license_url(),
      Number(environ.QUERY_STRING),
    );
    start_response("200 OK", PLAIN);
    return environ["wsgi.file_wrapper"]!(file, 100);
  },

  /** The same as a stream of Node's. */
  node_stream(environ, start_response) {
    start_response("200 OK", PLAIN);
    const stream = builtin("node:fs").createReadStream(license_url());
    return environ["wsgi.file_wrapper"]!(stream);
  },

  /** The same as a file that Node has opened. */
  async node_file(environ, start_response) {
    const file = await builtin("node:fs").promises.open(license_url());
    start_response("200 OK", PLAIN);
    return environ["wsgi.file_wrapper"]!(file, 100);
  },

  /** What has a read() that reads nothing. */
  no_file(environ, start_response) {
    start_response("200 OK", PLAIN);
    const file = { read: () => undefined } as unknown as FileLike;
    return environ["wsgi.file_wrapper"]!(file);
  },
};
