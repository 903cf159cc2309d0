/**
 * Checks that an application and a server follow PEP 3333 (Python's `wsgiref.validate`). `SPEC.md` lists all the rules
 * that are checked.
 *
 * @example
 * ```ts
 * import { demo_app, make_server } from "@tsgi/serve/simple_server";
 * import { validator } from "@tsgi/serve/validate";
 * import { assertEquals } from "@std/assert";
 *
 * await using httpd = make_server("127.0.0.1", 0, validator(demo_app));
 * httpd.serve_forever();
 * const response = await fetch(`http://127.0.0.1:${httpd.server_port}`);
 * assertEquals(response.status, 200);
 * await response.body?.cancel();
 * ```
 *
 * @module
 */

import { check_function } from "./_internal/text/check.ts";
import { is_promise } from "./_internal/promise.ts";
import { check_environ } from "./_internal/validate/environ.ts";
import { Exchange } from "./_internal/validate/exchange.ts";
import { OpenResults } from "./_internal/validate/open_results.ts";
import {
  count,
  PEP,
  show,
  violation,
  type Warn,
  WSGIError,
  WSGIWarning,
} from "./_internal/validate/report.ts";
import { watch_result } from "./_internal/validate/result.ts";
import { WatchedErrors } from "./_internal/validate/streams.ts";
import type {
  StartResponse,
  WSGIApplication,
  WSGIEnvironment,
  WSGIResult,
} from "./types.ts";

export { WSGIError, WSGIWarning };

/**
 * How a validator reports warnings and unclosed results.
 *
 * @category Validation
 */
export interface ValidatorOptions {
  /**
   * Receives the warnings. By default each is a line in `wsgi.errors`. An error that it throws propagates from the call
   * that caused the warning, so `(warning) => { throw warning; }` turns warnings into errors.
   */
  warn?: (warning: WSGIWarning) => void;

  /**
   * The time that a server has from the end of a result to its `close()`, in milliseconds. A result that stays open
   * longer is reported at the next call of the application. Use 0 in a test that sends its requests one by one; a
   * server that handles requests concurrently needs more.
   *
   * @default {1000}
   */
  close_within?: number;
}

/**
 * Wraps an application in checks of both sides of WSGI. The result is an application; it throws a {@linkcode WSGIError}
 * if the server or the application breaks a rule, and warns about what is legal but probably a mistake.
 *
 * Nothing is buffered, and no block is added, merged or split. Each step of the server is one step of the application's
 * iteration, synchronous if that is; promises are passed on, so backpressure works as without the validator. A server
 * can still optimize certain results:
 *
 * - An array becomes another array of as many blocks. It is checked as a whole when its iteration begins: an array that
 *   does not match its `Content-Length` is an error before the headers are sent.
 * - The object that `wsgi.file_wrapper` made stays the same, with checks on its iteration and its `close()`.
 * - Anything else, including a `ReadableStream`, becomes a plain iterable with a `close()`.
 *
 * `environ` is not copied. Its `wsgi.input`, `wsgi.errors` and `wsgi.file_wrapper` are replaced; the streams only have
 * what the contract promises, and not, for example, the byte mode of the original stream.
 *
 * It cannot see blocks that a server does not request, because the `Content-Length` is reached or the client has
 * disconnected, nor the contents of a file that a server sends in its own way. It notices a missing `close()` only when
 * the application is called again, and only if the server has ended or left the iteration.
 *
 * @param app The application.
 * @param options How to report.
 * @throws {TypeError} If `app` is not a function.
 *
 * @example An application that forgets to encode
 * ```ts
 * import { validator, WSGIError } from "@tsgi/serve/validate";
 * import { setup_testing_defaults } from "@tsgi/serve/util";
 * import type { WSGIResult } from "@tsgi/serve/types";
 * import { assertRejects } from "@std/assert";
 *
 * const app = validator(async (_environ, start_response) => {
 *   start_response("200 OK", [["Content-Type", "text/plain"]]);
 *   return "Hello" as unknown as WSGIResult;
 * });
 * const environ = {};
 * setup_testing_defaults(environ);
 * await assertRejects(
 *   async () => await app(environ, () => () => Promise.resolve()),
 *   WSGIError,
 *   'the application must return an iterable of Uint8Array, got "Hello": encode it and return [data]',
 * );
 * ```
 *
 * @example Warnings that fail a test
 * ```ts
 * import { validator, WSGIWarning } from "@tsgi/serve/validate";
 * import { demo_app } from "@tsgi/serve/simple_server";
 * import { setup_testing_defaults } from "@tsgi/serve/util";
 * import { assertThrows } from "@std/assert";
 *
 * const app = validator(demo_app, {
 *   warn(warning) {
 *     throw warning;
 *   },
 * });
 * const environ = { REQUEST_METHOD: "get" };
 * setup_testing_defaults(environ);
 * assertThrows(
 *   () => app(environ, () => () => Promise.resolve()),
 *   WSGIWarning,
 *   'REQUEST_METHOD should be a method in common use, got "get"',
 * );
 * ```
 *
 * @category Essentials
 */
export function validator(
  app: WSGIApplication,
  options: ValidatorOptions = {},
): WSGIApplication {
  check_function(app, "the application");
  const { warn, close_within = 1000 } = options;
  const open_results = new OpenResults();
  return (...args: unknown[]) => {
    check_call(args);
    const [environ, start_response] = args;
    const report = warn ?? log_to(environ);
    check_environ(environ, report);
    open_results.report(close_within, report);
    const exchange = new Exchange(
      environ,
      start_response as StartResponse,
      report,
      open_results,
    );
    return call(app, environ, exchange);
  };
}

function check_call(args: unknown[]): void {
  /// server: The application must be called with two arguments, `environ` and
  /// `start_response` (PEP 3333, "The Application/Framework Side").
  if (args.length !== 2) {
    throw violation(
      "the application must be called with environ and start_response",
      count(args.length, "argument"),
      PEP.application,
    );
  }
  /// server: `start_response` must be a function
  /// (PEP 3333, "The start_response() Callable").
  if (typeof args[1] !== "function") {
    throw violation(
      "start_response must be a function",
      show(args[1]),
      PEP.start_response,
    );
  }
}

/** Writes warnings to the server's `wsgi.errors`. */
function log_to(environ: unknown): Warn {
  const errors = (environ as Partial<WSGIEnvironment> | null | undefined)
    ?.["wsgi.errors"];
  return (warning) => {
    errors?.write(`${warning}\n`);
    errors?.flush();
  };
}

/** Calls the application, and observes everything that it receives and returns. */
function call(
  app: WSGIApplication,
  environ: WSGIEnvironment,
  exchange: Exchange,
): WSGIResult | Promise<WSGIResult> {
  const files = watch_environ(environ, exchange);
  const accept = (result: WSGIResult) => {
    exchange.accept(result);
    return watch_result(result, exchange, files.has(result));
  };
  const fail = (error: unknown) => {
    exchange.finish();
    throw error;
  };
  try {
    const result = app(environ, (...args) => exchange.start_response(...args));
    return is_promise(result)
      ? result.then(accept).catch(fail)
      : accept(result);
  } catch (error) {
    return fail(error);
  }
}

/**
 * Replaces the streams and the file wrapper by observed ones.
 *
 * @returns The files that `wsgi.file_wrapper` makes, filled as it is called.
 */
function watch_environ(
  environ: WSGIEnvironment,
  exchange: Exchange,
): ReadonlySet<unknown> {
  const files = new Set<unknown>();
  environ["wsgi.input"] = exchange.input.stream;
  environ["wsgi.errors"] = new WatchedErrors(environ["wsgi.errors"]);
  const make_file = environ["wsgi.file_wrapper"];
  if (make_file) {
    environ["wsgi.file_wrapper"] = (filelike, block_size) => {
      const file = make_file(filelike, block_size);
      files.add(file);
      return file;
    };
  }
  return files;
}
