/** The applications that make mistakes, or handle them. */

import type {
  HeaderList,
  StartResponse,
  WSGIApplication,
  WSGIEnvironment,
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

// Those whose own connections fail, in each form that an application has: that is nothing of their client's.

/** Their messages, and the codes that Node gives them. */
const ERRORS: Record<string, { message: string; code?: string }> = {
  BrokenPipe: { message: "my child process", code: "EPIPE" },
  ConnectionReset: { message: "my database", code: "ECONNRESET" },
  ConnectionAborted: {
    message: "the client has disconnected",
    code: "ECONNABORTED",
  },
  Interrupted: { message: "my cache", code: "EINTR" },
  TimedOut: { message: "my queue", code: "ETIMEDOUT" },
  // Those of a request body of Deno.serve.
  UnexpectedEof: { message: "the request body ended after 3 of 5 bytes" },
  BadResource: {
    message: "Cannot read request body as underlying resource unavailable",
  },
  Http: { message: "unexpected EOF while reading HTTP/1 body" },
};

/** The names of these errors. */
export const network_errors = Object.keys(ERRORS);

/** One of these errors: of Deno's class, or on other runtimes with Node's code. */
export function network_error(name: string): Error {
  const { message, code } = ERRORS[name]!;
  if ("Deno" in globalThis) {
    return new Deno.errors[name as keyof typeof Deno.errors](message);
  }
  const error = Object.assign(new Error(message), { name, code });
  return Object.assign(error, { stack: `${error}\n    at my_connection` });
}

/** The error that the query names. */
function failure({ QUERY_STRING }: WSGIEnvironment): Error {
  return network_error(QUERY_STRING!);
}

type Form = (
  environ: WSGIEnvironment,
  start_response: StartResponse,
) => WSGIResult | Promise<WSGIResult>;

/** Those that fail before the first block. */
const before: Record<string, Form> = {
  function(environ) {
    throw failure(environ);
  },

  async async_function(environ) {
    await null;
    throw failure(environ);
  },

  // deno-lint-ignore require-yield
  *generator(environ) {
    throw failure(environ);
  },

  // deno-lint-ignore require-yield
  async *async_generator(environ) {
    await null;
    throw failure(environ);
  },

  stream(environ, start_response) {
    start_response("200 OK", PLAIN);
    return new ReadableStream({
      pull() {
        throw failure(environ);
      },
    }, { highWaterMark: 0 });
  },

  file(environ, start_response) {
    start_response("200 OK", PLAIN);
    return environ["wsgi.file_wrapper"]!({
      read: () => Promise.reject(failure(environ)),
    });
  },

  /** Once it has read what its client sent. */
  async with_input(environ) {
    await new Response(environ["wsgi.input"] as BodyInit).arrayBuffer();
    throw failure(environ);
  },
};

/** Those that fail when a block is out. */
const after: Record<string, Form> = {
  *generator_begun(environ, start_response) {
    start_response("200 OK", PLAIN);
    yield bytes("a");
    throw failure(environ);
  },

  async *async_generator_begun(environ, start_response) {
    start_response("200 OK", PLAIN);
    yield bytes("a");
    await null;
    throw failure(environ);
  },

  stream_begun(environ, start_response) {
    let blocks = 0;
    start_response("200 OK", PLAIN);
    return new ReadableStream({
      pull(controller) {
        if (blocks++ > 0) throw failure(environ);
        controller.enqueue(bytes("a"));
      },
    }, { highWaterMark: 0 });
  },

  async write(environ, start_response) {
    await start_response("200 OK", PLAIN)(bytes("a"));
    throw failure(environ);
  },
};

/** One that fails when all is out. */
function close(
  environ: WSGIEnvironment,
  start_response: StartResponse,
): WSGIResult {
  start_response("200 OK", PLAIN);
  return Object.assign([bytes("a")], {
    close() {
      throw failure(environ);
    },
  });
}

export const forms = {
  before: Object.keys(before),
  after: Object.keys(after),
};

for (const [form, app] of Object.entries({ ...before, ...after, close })) {
  erring[`network_error_in_${form}`] = app;
}
