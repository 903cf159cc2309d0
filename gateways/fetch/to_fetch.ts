/** Turns an application into a fetch handler. */

import {
  add_headers,
  add_host,
  add_request_line,
  header_keys,
  request_target,
} from "../../_internal/request/request.ts";
import {
  type Answered,
  direct_way,
  type DirectAnswer,
  type Exchange,
  failing_with,
  OwnExchange,
} from "../../_internal/request/direct.ts";
import { unanswerable } from "../../_internal/handler/unanswerable.ts";
import { ResponseHandler } from "../../_internal/handler/response_handler.ts";
import { request_body } from "../../_internal/request/request_body.ts";
import { stderr } from "../../_internal/streams/error_stream.ts";
import {
  check_function,
  check_script_name,
} from "../../_internal/text/check.ts";
import type {
  ErrorStream,
  WSGIApplication,
  WSGIEnvironment,
} from "../../types.ts";

/**
 * The optional second argument of a handler: part of that of `Deno.serve`.
 *
 * @category Fetch
 */
export interface FetchInfo {
  /** The client's address, for `REMOTE_ADDR` and `REMOTE_PORT`. */
  remoteAddr?: { transport: string; hostname?: string; port?: number };
}

/**
 * Options of {@linkcode to_fetch}.
 *
 * @category Fetch
 */
export interface ToFetchOptions {
  /**
   * The stream for `wsgi.errors` and the stacks of errors.
   *
   * @default {the process's stderr}
   */
  stderr?: ErrorStream;
  /**
   * The path that the handler is mounted at, if it has been stripped from the URL, as by Hono's `app.mount("/wsgi",
   * handler)`: it becomes `SCRIPT_NAME`, and the beginning of `REQUEST_URI`. It has a leading slash, no trailing slash,
   * and no characters that a URL encodes. If the URL still contains it, use `mount_at` from `@tsgi/serve/middleware`
   * instead.
   *
   * @default {""}
   */
  script_name?: string;
}

/**
 * Turns an application into a fetch handler, for `export default { fetch }`, for `Deno.serve`, for routes of a
 * framework, and for tests without a server.
 *
 * The environ is like that of the simple server, with three differences. Host and scheme are those of the URL; with
 * `Deno.serve`, the client chooses them in an absolute target (RFC 9112, section 3.2.2). `CONTENT_TYPE` is only set if
 * the client sent one. `wsgi.multiprocess` is true, because Deno Deploy and `deno serve --parallel` run several
 * instances of an application. The environ never includes the environment of the process. The URL of a `Request`
 * created by a program has already been normalised: `/a/../b` is `/b`.
 *
 * The application's result is closed when it has been sent, when it fails, and when the body of the response is
 * cancelled, which is how a server reports a disconnect. `request.signal` is followed only for a fetch handler that asks
 * for its own.
 *
 * @param app The application.
 * @param options The error log, and the mount point.
 * @returns The handler. It rejects only if an error of the application could not even be answered with a 500.
 * @throws {TypeError} If `app` is not a function, or `script_name` is not a valid path.
 *
 * @example A module for `deno serve`
 * ```ts
 * import { to_fetch } from "@tsgi/serve/fetch";
 * import { demo_app } from "@tsgi/serve";
 *
 * export default { fetch: to_fetch(demo_app) };
 * ```
 *
 * @example A test without a server
 * ```ts
 * import { to_fetch } from "@tsgi/serve/fetch";
 * import { assertEquals } from "@std/assert";
 *
 * const handler = to_fetch((environ, start_response) => {
 *   start_response("200 OK", [["Content-Type", "text/plain"]]);
 *   return [new TextEncoder().encode(`${environ.REQUEST_METHOD} ${environ.PATH_INFO}`)];
 * });
 * const response = await handler(new Request("http://localhost/a%20b"));
 * assertEquals(response.headers.get("content-type"), "text/plain");
 * assertEquals(await response.text(), "GET /a b");
 * ```
 *
 * @example Mounted below a path that the caller strips from the URL
 * ```ts
 * import { to_fetch } from "@tsgi/serve/fetch";
 * import { request_uri } from "@tsgi/serve/util";
 * import { assertEquals } from "@std/assert";
 *
 * const handler = to_fetch((environ, start_response) => {
 *   start_response("200 OK", [["Content-Type", "text/plain"]]);
 *   return [new TextEncoder().encode(request_uri(environ))];
 * }, { script_name: "/wsgi" });
 * const response = await handler(new Request("http://localhost/a"));
 * assertEquals(await response.text(), "http://localhost/wsgi/a");
 * ```
 *
 * @category Essentials
 */
export function to_fetch(
  app: WSGIApplication,
  options: ToFetchOptions = {},
): (request: Request, info?: FetchInfo) => Promise<Response> {
  const { script_name = "" } = options;
  check_function(app, "the application");
  if (script_name !== "") check_script_name(script_name);
  const errors = options.stderr ?? stderr;
  return async (request, info) => {
    const refused = unanswerable(request, info?.remoteAddr);
    if (refused) return refused;
    const exchange = new FetchExchange(request, info, errors, script_name);
    const answer = script_name === "" ? direct_way(app, request) : null;
    const answered = answer ? await answered_by(answer, exchange) : app;
    return typeof answered === "function"
      ? await exchange.handler.respond(answered)
      : answered;
  };
}

async function answered_by(
  answer: DirectAnswer,
  exchange: Exchange,
): Promise<Answered> {
  try {
    return await answer(exchange);
  } catch (error) {
    return failing_with(error);
  }
}

/** A request, and the handler that runs an application for it if necessary. */
class FetchExchange extends OwnExchange {
  readonly errors: ErrorStream;
  #info: FetchInfo | undefined;
  #script_name: string;
  #handler: RequestHandler | null = null;

  constructor(
    request: Request,
    info: FetchInfo | undefined,
    errors: ErrorStream,
    script_name: string,
  ) {
    super(request, false);
    this.#info = info;
    this.errors = errors;
    this.#script_name = script_name;
  }

  get client_address(): [string, number] {
    const { hostname = "", port = 0 } = this.#info?.remoteAddr ?? {};
    return [hostname, port];
  }

  get completed(): Promise<void> | null {
    return (this.#info as { completed?: Promise<void> })?.completed ?? null;
  }

  get handler(): RequestHandler {
    return this.#handler ??= new RequestHandler(
      request_body(this.own),
      this.errors,
      environ_of(this.own, this.#info, this.#script_name),
      false,
      true,
    );
  }

  get environ(): WSGIEnvironment {
    const { handler } = this;
    if (!handler.environ) handler.setup_environ();
    return handler.environ!;
  }
}

class RequestHandler extends ResponseHandler {
  /** Empty, because a public server must not expose the environment of the process. */
  override os_environ: Readonly<Record<string, string>> = {};
}

/** The CGI variables of a request. */
function environ_of(
  request: Request,
  info: FetchInfo | undefined,
  script_name: string,
): Record<string, unknown> {
  const remote = info?.remoteAddr;
  const [address, port] = remote?.hostname !== undefined
    ? [remote.hostname, String(remote.port ?? "")]
    : ["", ""];
  const environ: Record<string, unknown> = {
    ...server_variables(request.url),
    GATEWAY_INTERFACE: "CGI/1.1",
    SERVER_PROTOCOL: "HTTP/1.1",
    SCRIPT_NAME: script_name,
    CONTENT_LENGTH: "",
    REMOTE_ADDR: address,
    REMOTE_HOST: "",
    REMOTE_PORT: port,
  };
  // The URL of a Request created by a program may have a fragment, which clients never send.
  const target = request_target(request).replace(/#.*/s, "");
  add_headers(environ, request, header_keys({ ...environ }));
  // A Request created by a program has no Host header, and needs none.
  if (environ.HTTP_HOST !== undefined) add_host(environ, request, null);
  add_request_line(environ, request, target);
  environ.REQUEST_URI = script_name + target;
  if (!request.headers.has("content-type")) delete environ.CONTENT_TYPE;
  return environ;
}

/** The variables from the origin of the URL: an invalid host, or the path of a Unix socket, becomes `localhost`. */
function server_variables(url: string): Record<string, string> {
  const secure = /^https:/i.test(url);
  const usual_port = secure ? "443" : "80";
  const { hostname, port } = URL.canParse(url) && /^https?:/i.test(url)
    ? new URL(url)
    : { hostname: "localhost", port: "" };
  return {
    SERVER_NAME: hostname,
    SERVER_PORT: port || usual_port,
    ...(secure && { HTTPS: "on" }),
  };
}
