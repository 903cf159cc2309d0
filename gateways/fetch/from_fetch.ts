/** A fetch handler as an application. */

import { STATUS_CODE, STATUS_TEXT } from "@std/http/status";
import {
  ANSWER,
  type DirectApplication,
} from "../../_internal/request/direct.ts";
import { check_function } from "../../_internal/text/check.ts";
import type {
  StartResponse,
  WSGIApplication,
  WSGIEnvironment,
} from "../../types.ts";
import { answer } from "./answer.ts";
import { type Caller, FetchCall } from "./fetch_call.ts";
import { FetchResult } from "./fetch_result.ts";
import { request_of } from "./request.ts";
import type { FetchHandler } from "./handler.ts";

/** What {@linkcode from_fetch} can be told. */
export interface FromFetchOptions {
  /**
   * Whether `SCRIPT_NAME` is in the path of the handler's URL: for a handler that knows where it is mounted. Without it the
   * handler has its URLs as at the root of the host.
   *
   * @default {false}
   */
  keep_script_name?: boolean;
}

/**
 * Makes an application of a fetch handler: for every server of this package, and for every middleware.
 *
 * The handler is called when the server asks for the first block. Bodies are streamed both ways. The request's URL
 * is that of `HTTP_HOST`, `PATH_INFO` and `QUERY_STRING`, spelled as it was sent where `REQUEST_URI`
 * still says the same (`/a%2Fb`), and normalised as the URL of every `Request` is. A `GET` or `HEAD` has no
 * body. As every application's, the response begins with the first block that is not empty; a body that is there by then
 * has a `Content-Length`, whether the handler says one or not. `CONNECT` and `TRACE`, which no `Request` can have, are answered with a 501. The hop-by-hop headers of
 * the response and a `Status` among them are left out, and so is the body of the answer to a `HEAD`.
 *
 * Wherever it is mounted, a handler finds its routes: `SCRIPT_NAME` is not in its URL, unless `keep_script_name` is set.
 * So what it makes of that URL lacks it; in the headers `Location` and `Content-Location` of the response it is put before
 * a path and before one at the URL's own origin, unless it is there already. In links of a page it is not: use relative
 * ones, or `application_uri(info.environ)`.
 *
 * What the handler gives to `context.waitUntil()` goes on behind the response.
 *
 * `request.signal` is aborted when the result is closed before its whole body was taken: to its end, or as far
 * as the response's `Content-Length` goes. So it is when the client leaves while the body is being sent, or
 * when the handler, the body or the server fails. A client that leaves before the response has begun is noticed only
 * by a server that calls `abort()` of its handler then; the simple server and `to_fetch` are told of it when they begin
 * to send.
 *
 * @param handler The handler. What it throws comes out of the result, and is answered as every error of an application.
 * @param options What its URL is.
 * @throws {TypeError} If `handler` is no function. A handler that gives no `Response` has the result throw one.
 *
 * @example
 * ```ts
 * import { from_fetch } from "@tsgi/serve/fetch";
 * import { make_server } from "@tsgi/serve/simple_server";
 * import { assertEquals } from "@std/assert";
 *
 * const app = from_fetch(async (request) => {
 *   const { pathname } = new URL(request.url);
 *   return Response.json({ pathname, body: await request.text() });
 * });
 * await using httpd = make_server("127.0.0.1", 0, app);
 * httpd.serve_forever();
 * const response = await fetch(`http://127.0.0.1:${httpd.server_port}/a`, {
 *   method: "POST",
 *   body: "Hello",
 * });
 * assertEquals(await response.json(), { pathname: "/a", body: "Hello" });
 * ```
 */
export function from_fetch(
  handler: FetchHandler,
  { keep_script_name = false }: FromFetchOptions = {},
): WSGIApplication {
  check_function(handler, "the fetch handler");
  const app: DirectApplication = (environ, start_response) => {
    // What the fetch standard calls a forbidden method.
    if (/^(CONNECT|TRACE|TRACK)$/i.test(environ.REQUEST_METHOD)) {
      return refuse_method(start_response);
    }
    // All made now: a middleware may change the environ once the application has returned.
    const mount = keep_script_name ? "" : environ.SCRIPT_NAME ?? "";
    const call = new FetchCall(
      request_of(environ, mount),
      caller_of(environ),
    );
    const respond = () => FetchCall.run(call, handler);
    return new FetchResult(call, respond, start_response, mount);
  };
  app[ANSWER] = (exchange) => answer(handler, exchange);
  return app;
}

function caller_of(environ: WSGIEnvironment): Caller {
  const { REMOTE_ADDR = "", REMOTE_PORT } = environ;
  return {
    environ,
    errors: environ["wsgi.errors"],
    client_address: [REMOTE_ADDR, Number(REMOTE_PORT) || 0],
    completed: null,
  };
}

function refuse_method(start_response: StartResponse): Uint8Array[] {
  const code = STATUS_CODE.NotImplemented;
  const status = `${code} ${STATUS_TEXT[code]}`;
  start_response(status, [["Content-Type", "text/plain"]]);
  return [new TextEncoder().encode(status)];
}
