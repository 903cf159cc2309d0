/** The applications that make mistakes, or handle them. */

import type {
  HeaderList,
  WSGIApplication,
  WSGIResult,
} from "../../../types.ts";
import { bytes } from "../../support/bytes.ts";
import { ok, PLAIN } from "./ok.ts";

export const erring: Record<string, WSGIApplication> = {
  /** Replaces what it had begun by a page of its own. */
  exc_info_before(_environ, start_response) {
    start_response("200 OK", [...PLAIN, ["X-First", "yes"]]);
    try {
      throw new Error("handled");
    } catch (error) {
      start_response("503 Service Unavailable", PLAIN, error);
    }
    return [bytes("replaced")];
  },

  /** Tries the same when the headers have gone out. */
  *exc_info_after(_environ, start_response) {
    start_response("200 OK", PLAIN);
    yield bytes("a");
    try {
      throw new Error("too late");
    } catch (error) {
      start_response("503 Service Unavailable", PLAIN, error);
    }
    yield bytes("never");
  },

  start_twice(_environ, start_response) {
    start_response("200 OK", PLAIN);
    start_response("200 OK", PLAIN);
    return [bytes("never")];
  },

  /** The headers are changed after the call, which must not show. */
  headers_changed(_environ, start_response) {
    const headers: HeaderList = [["Content-Type", "text/plain"]];
    start_response("200 OK", headers);
    headers[0]![1] = "text/html";
    headers.push(["X-Late", "yes"]);
    return [bytes("a")];
  },

  /** A middleware that has the application answer a HEAD as it answers a GET: the body is the server's to leave out. */
  head_as_get(environ, start_response) {
    environ.REQUEST_METHOD = "GET";
    return ok(start_response, bytes("Hello"));
  },

  throw_nothing() {
    throw undefined;
  },

  throw_text() {
    throw "a text";
  },

  async reject() {
    await null;
    throw new TypeError("rejected");
  },
};

/** What is returned in the place of a result. */
const wrong_results: Record<string, unknown> = {
  string: "text",
  null: null,
  undefined: undefined,
  number: 5,
  bytes: bytes("bare"),
  object: {},
  function: () => [],
};

for (const [name, result] of Object.entries(wrong_results)) {
  erring[`return_${name}`] = (_environ, start_response) => {
    start_response("200 OK", PLAIN);
    return result as WSGIResult;
  };
}
