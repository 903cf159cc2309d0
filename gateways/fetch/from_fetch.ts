/** Turns a fetch handler into an application. */

import { STATUS_CODE, STATUS_TEXT } from "@std/http/status";
import { offer_direct_way } from "../../_internal/request/direct.ts";
import { request_of_body } from "../../_internal/streams/own_request.ts";
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

/**
 * Options of {@linkcode from_fetch}.
 *
 * @category Fetch
 */
export interface FromFetchOptions {
  /**
   * Whether to keep `SCRIPT_NAME` in the path of the handler's URL, for a handler that knows its mount point. By
   * default the handler sees URLs as if it were mounted at the root of the host.
   *
   * @default {false}
   */
  keep_script_name?: boolean;
}

/**
 * Turns a fetch handler into a WSGI application, for every server of this package and any middleware.
 *
 * The handler is called when the server requests the first block. Bodies are streamed in both directions. The request's
 * URL consists of `HTTP_HOST`, `PATH_INFO` and `QUERY_STRING`, in their original spelling if `REQUEST_URI` still
 * matches (`/a%2Fb`), and is normalised like the URL of every `Request`. A `GET` or `HEAD` has no body. As in every
 * application, the response begins with the first block that is not empty; a body that is complete by then gets a
 * `Content-Length`, even if the handler sets none. `CONNECT` and `TRACE`, which a `Request` cannot have, get a 501.
 * Hop-by-hop headers of the response and a header `Status` are dropped, and so is the body of a response to `HEAD`.
 *
 * A handler's routes work wherever it is mounted, because `SCRIPT_NAME` is not in its URL unless `keep_script_name` is
 * set. URLs that it builds from its own lack it too: in the headers `Location` and `Content-Location` it is added to
 * paths and to URLs of the same origin, unless it is already there. Links in pages are not changed: use relative ones,
 * or `application_uri(info.environ)`.
 *
 * Work passed to `context.waitUntil()` continues after the response.
 *
 * From the simple server and from `to_fetch`, the handler gets the server's own `Request` for a `GET`, and its own
 * `Response` is sent, if nothing in between has to see or change them: no middleware other than `limit_request`,
 * `limit_body`, `limit_time` and `trust_forwarded`, and no log that has the number of bytes, unless the body is text or
 * bytes. Without such a log and with none of these but `limit_time`, nothing reads the headers, so that a wrong `Host` or
 * `Transfer-Encoding` is refused only if `Deno.serve` does that.
 *
 * Behind a web server, a `GET` goes past the same middleware, and a `Request` is created when more than its URL is asked
 * for.
 *
 * `request.signal` is aborted if the client disconnects: while the body of the response is sent, and, through every
 * server of this package and `to_fetch`, before the response has begun; Deno tells that of a request with a body only if
 * the body came together with the head. It is also aborted if the handler, the body or
 * the server fails, or if middleware closes the result early. It is not aborted once the body was read completely, to
 * its end or to the response's `Content-Length`.
 *
 * @param handler The handler. Its errors are thrown by the result, and handled like any error of an application.
 * @param options The form of its URL.
 * @throws {TypeError} If `handler` is not a function. If a handler returns no `Response`, the result throws it.
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
 *
 * @category Essentials
 */
export function from_fetch(
  handler: FetchHandler,
  { keep_script_name = false }: FromFetchOptions = {},
): WSGIApplication {
  check_function(handler, "the fetch handler");
  const mount_of = (script_name: string) => keep_script_name ? "" : script_name;
  const app: WSGIApplication = (environ, start_response) => {
    // The forbidden methods of the fetch standard.
    if (/^(CONNECT|TRACE|TRACK)$/i.test(environ.REQUEST_METHOD)) {
      return refuse_method(start_response);
    }
    // Created now, because middleware may change the environ once the application has returned.
    const mount = mount_of(environ.SCRIPT_NAME ?? "");
    const call = new FetchCall(
      request_of(environ, mount),
      caller_of(environ),
    );
    const respond = () => FetchCall.run(call, handler);
    return new FetchResult(call, respond, start_response, mount);
  };
  return offer_direct_way(
    app,
    (exchange) =>
      exchange.is_counted && !exchange.is_regular
        ? app
        : answer(handler, exchange, mount_of(exchange.mount)),
  );
}

function caller_of(environ: WSGIEnvironment): Caller {
  const { REMOTE_ADDR = "", REMOTE_PORT } = environ;
  return {
    own: request_of_body(environ["wsgi.input"]),
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
