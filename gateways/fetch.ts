/**
 * Between WSGI and fetch handlers, the functions from `Request` to `Response` that `deno serve`, Deno Deploy and
 * most frameworks of the platform are made for.
 *
 * - {@linkcode to_fetch}: an application as a fetch handler
 * - {@linkcode from_fetch}: a fetch handler as an application, for every server of this package
 *
 * @example
 * ```ts
 * import { from_fetch, to_fetch } from "@tsgi/serve/fetch";
 * import { assertEquals } from "@std/assert";
 *
 * const app = from_fetch((request) => new Response(`Hello ${request.method}`));
 * const handler = to_fetch(app);
 * const response = await handler(new Request("http://localhost/"));
 * assertEquals(await response.text(), "Hello GET");
 * ```
 *
 * @module
 */

import { STATUS_CODE, STATUS_TEXT } from "@std/http/status";
import { empty_body } from "../_internal/streams/body.ts";
import { describe } from "../_internal/text/check.ts";
import { check_function } from "../_internal/text/check_argument.ts";
import { stderr } from "../_internal/streams/error_stream.ts";
import { quote, unquote } from "../_internal/text/quote.ts";
import {
  add_headers,
  add_request_line,
  header_keys,
  one_slash,
  request_target,
} from "../_internal/request/request.ts";
import { ResponseHandler } from "../_internal/handler/response_handler.ts";
import type {
  ErrorStream,
  HeaderList,
  StartResponse,
  WSGIApplication,
  WSGIEnvironment,
} from "../types.ts";
import { is_hop_by_hop } from "../util.ts";

/** What a server may say of a request beside the `Request`: that much of what `Deno.serve` says. */
export interface FetchInfo {
  /** Where the request came from: `REMOTE_ADDR` and `REMOTE_PORT`. */
  remoteAddr?: Deno.Addr;
}

/** What {@linkcode to_fetch} can be told. */
export interface ToFetchOptions {
  /**
   * Where `wsgi.errors` and the stacks of errors go.
   *
   * @default {the process's stderr}
   */
  stderr?: ErrorStream;
}

/**
 * Makes a fetch handler of an application: for `export default { fetch }`, for `Deno.serve`, for the routes of
 * a framework, and for tests without a server.
 *
 * The environ has what that of the simple server has, but the host and the scheme are the URL's, `CONTENT_TYPE` is
 * there only if the client sent one, and `wsgi.multiprocess` is true, because Deno Deploy and `deno serve --parallel`
 * run an application several times. It never has the environment of the process. The URL of a `Request` that was made
 * by a program is normalised before it gets here: `/a/../b` is `/b`.
 *
 * The application's result is closed when it is sent, when it fails, and when the body of the response is cancelled,
 * which is how a server says that the client has gone. `request.signal` has no part in it: `Deno.serve` aborts
 * that one after every response, and warns of its use.
 *
 * @param app The application.
 * @param options Where it logs.
 * @returns The handler. It rejects only when an application's error could not even be answered with a 500.
 * @throws {TypeError} If `app` is no function.
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
 */
export function to_fetch(
  app: WSGIApplication,
  options: ToFetchOptions = {},
): (request: Request, info?: FetchInfo) => Promise<Response> {
  check_function(app, "the application");
  return async (request, info) => {
    const handler = new RequestHandler(
      request.body ?? empty_body(),
      options.stderr ?? stderr,
      environ_of(request, info),
      false,
      true,
    );
    return await handler.respond(app);
  };
}

class RequestHandler extends ResponseHandler {
  /** Empty: who serves the world does not show it the environment of the process. */
  override os_environ: Readonly<Record<string, string>> = {};
}

/** The CGI variables of a request. */
function environ_of(
  request: Request,
  info: FetchInfo | undefined,
): Record<string, unknown> {
  const remote = info?.remoteAddr;
  const [address, port] = remote && "hostname" in remote
    ? [remote.hostname, String(remote.port)]
    : ["", ""];
  const environ: Record<string, unknown> = {
    ...server_variables(request.url),
    GATEWAY_INTERFACE: "CGI/1.1",
    SERVER_PROTOCOL: "HTTP/1.1",
    SCRIPT_NAME: "",
    CONTENT_LENGTH: "",
    REMOTE_ADDR: address,
    REMOTE_HOST: "",
    REMOTE_PORT: port,
  };
  // The fragment stays in the URL of a Request that a program made; no server gets to see it.
  const target = request_target(request).replace(/#.*/s, "");
  add_headers(environ, request, header_keys({ ...environ }));
  add_request_line(environ, request, target);
  if (!request.headers.has("content-type")) delete environ.CONTENT_TYPE;
  return environ;
}

/** The variables that the beginning of the URL says: a host that a client wrote badly, or a Unix socket's path, is `localhost`. */
function server_variables(url: string): Record<string, string> {
  const secure = url.startsWith("https:");
  const usual_port = secure ? "443" : "80";
  const { hostname, port } = (/^https?:/.test(url) && URL.parse(url)) ||
    { hostname: "localhost", port: "" };
  return {
    SERVER_NAME: hostname,
    SERVER_PORT: port || usual_port,
    ...(secure && { HTTPS: "on" }),
  };
}

/** What {@linkcode from_fetch} gives a handler beside the `Request`: what `Deno.serve` gives, and the environ. */
export interface WSGIFetchInfo {
  /** Where the request came from, by `REMOTE_ADDR` and `REMOTE_PORT`; `""` and 0 where they do not say it. */
  remoteAddr: Deno.NetAddr;
  /** Resolves when the body has been taken to its end, rejects when it has been left before. */
  completed: Promise<void>;
  /** The environ that the request was made of. */
  environ: WSGIEnvironment;
}

/** A fetch handler: the `fetch` of a module for `deno serve`, a `Deno.ServeHandler`, the `app.fetch` of a Hono application. */
export type FetchHandler = (
  request: Request,
  info: WSGIFetchInfo,
) => Response | Promise<Response>;

/** What has a fetch handler: the default export of a module for `deno serve` or Workers, a Hono application. */
export interface FetchApplication {
  /** Answers a request. */
  fetch(request: Request, info: WSGIFetchInfo): Response | Promise<Response>;
}

/**
 * Makes an application of a fetch handler: for every server of this package, and for every middleware.
 *
 * The handler is called when the server asks for the first block. Bodies are streamed both ways. The request's URL
 * is that of `HTTP_HOST`, `SCRIPT_NAME`, `PATH_INFO` and `QUERY_STRING`, spelled as it was sent where `REQUEST_URI`
 * still says the same (`/a%2Fb`), and normalised as the URL of every `Request` is. A `GET` or `HEAD` has no
 * body. As every application's, the response begins with the first block that is not empty. `CONNECT` and `TRACE`, which no `Request` can have, are answered with a 501. The hop-by-hop headers of
 * the response are left out, and so is the body of the answer to a `HEAD`.
 *
 * `request.signal` is aborted when the result is closed before its whole body was taken: to its end, or as far
 * as the response's `Content-Length` goes. So it is when the client leaves while the body is being sent, or
 * when the handler, the body or the server fails. A client that leaves before the response has begun is noticed only
 * by a server that calls `abort()` of its handler then; the simple server and `to_fetch` are told of it when they begin
 * to send.
 *
 * @param handler The handler. What it throws comes out of the result, and is answered as every error of an application.
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
export function from_fetch(handler: FetchHandler): WSGIApplication {
  check_function(handler, "the fetch handler");
  return (environ, start_response) => {
    // What the fetch standard calls a forbidden method.
    if (/^(CONNECT|TRACE|TRACK)$/i.test(environ.REQUEST_METHOD)) {
      return refuse_method(start_response);
    }
    return new FetchResult(handler, environ, start_response);
  };
}

function refuse_method(start_response: StartResponse): Uint8Array[] {
  const code = STATUS_CODE.NotImplemented;
  const status = `${code} ${STATUS_TEXT[code]}`;
  start_response(status, [["Content-Type", "text/plain"]]);
  return [new TextEncoder().encode(status)];
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** The response of a handler, as an application's result. */
class FetchResult implements AsyncIterableIterator<Uint8Array, undefined> {
  #handler: FetchHandler;
  #request: Request;
  #info: WSGIFetchInfo;
  #start_response: StartResponse;
  #controller = new AbortController();
  #completed = Promise.withResolvers<void>();
  #begun = false;
  #body: ReadableStreamDefaultReader<Uint8Array> | null = null;
  /** How many bytes are still to come, by the response's Content-Length. */
  #left = Infinity;
  #whole = false;
  #closed = false;

  constructor(
    handler: FetchHandler,
    environ: WSGIEnvironment,
    start_response: StartResponse,
  ) {
    this.#handler = handler;
    // Made now: a middleware may change the environ once the application has returned.
    this.#request = request_of(environ, this.#controller.signal);
    this.#completed.promise.catch(() => {}); // The handler need not look at it.
    this.#info = {
      remoteAddr: remote_address(environ),
      completed: this.#completed.promise,
      environ,
    };
    this.#start_response = start_response;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (!this.#begun) await this.#begin();
    if (!this.#body || this.#whole) return DONE;
    try {
      const step = await this.#body.read();
      if (step.done) return this.#end();
      this.#take(step.value.length);
      return step;
    } catch (error) {
      this.#body = null; // There is nothing left of it to cancel.
      throw error;
    }
  }

  /** For a middleware that leaves a loop over the result. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    await this.close();
    return DONE;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#whole) this.#completed.resolve();
    else {
      this.#controller.abort();
      this.#completed.reject(this.#controller.signal.reason);
    }
    await this.#body?.cancel();
  }

  async #begin(): Promise<void> {
    this.#begun = true;
    const response = await this.#handler(this.#request, this.#info);
    if (!(response instanceof Response)) {
      throw new TypeError(
        `a fetch handler must return a Response, got ${describe(response)}`,
      );
    }
    if (this.#closed) return await response.body?.cancel();
    this.#body = response.body?.getReader() ?? null;
    this.#start_response(status_of(response), headers_of(response));
    const length = response.headers.get("content-length");
    if (length !== null) this.#left = Number(length);
    const bodiless = this.#request.method === "HEAD" || !this.#body;
    if (bodiless) this.#whole = true;
  }

  #take(length: number): void {
    this.#left -= length;
    if (this.#left <= 0) this.#whole = true;
  }

  #end(): IteratorReturnResult<undefined> {
    this.#whole = true;
    return DONE;
  }
}

function status_of({ status, statusText }: Response): string {
  const texts: Record<number, string> = STATUS_TEXT;
  return `${status} ${statusText || (texts[status] ?? "")}`;
}

function headers_of({ headers }: Response): HeaderList {
  return [...headers].filter(([name]) => !is_hop_by_hop(name));
}

/** The request that an environ describes. */
function request_of(environ: WSGIEnvironment, signal: AbortSignal): Request {
  const { REQUEST_METHOD: method, "wsgi.input": input } = environ;
  const bodiless = /^(GET|HEAD)$/i.test(method);
  return new Request(`${origin_of(environ)}${target_of(environ)}`, {
    method,
    headers: request_headers(environ),
    body: bodiless ? null : input as ReadableStream<Uint8Array<ArrayBuffer>>,
    duplex: "half",
    signal,
  } as RequestInit);
}

function request_headers(environ: WSGIEnvironment): Headers {
  const headers = new Headers();
  for (const [key, value] of Object.entries(environ)) {
    if (key.startsWith("HTTP_") && typeof value === "string") {
      headers.append(key.slice("HTTP_".length).replaceAll("_", "-"), value);
    }
  }
  const { CONTENT_TYPE, CONTENT_LENGTH, HTTP_TRANSFER_ENCODING } = environ;
  // wsgiref's servers say text/plain where the client said nothing.
  const is_invented = CONTENT_TYPE === "text/plain" && !CONTENT_LENGTH &&
    !HTTP_TRANSFER_ENCODING;
  if (CONTENT_TYPE && !is_invented) headers.set("content-type", CONTENT_TYPE);
  if (CONTENT_LENGTH) headers.set("content-length", CONTENT_LENGTH);
  return headers;
}

/** Scheme, host and port; a Host header that could not stand in a URL, or would reach beyond its place there, counts for nothing. */
function origin_of(environ: WSGIEnvironment): string {
  const { HTTP_HOST, SERVER_NAME, SERVER_PORT } = environ;
  const authority = [HTTP_HOST, `${SERVER_NAME}:${SERVER_PORT}`]
    .find(is_authority) ?? "localhost";
  return `${environ["wsgi.url_scheme"]}://${authority}`;
}

function is_authority(host: string | undefined): boolean {
  return host !== undefined && /^[!-~]+$/.test(host) &&
    !/[/?#@\\]/.test(host) && URL.canParse(`http://${host}`);
}

/** What may stand in a path as it is, beside the unreserved characters (RFC 3986, section 3.3). */
const PATH_SAFE = "/:@!$&'()*+,;=";

/** Path and query. */
function target_of(environ: WSGIEnvironment): string {
  const { SCRIPT_NAME = "", PATH_INFO = "", REQUEST_URI } = environ;
  const { QUERY_STRING = "" } = environ;
  const path = `${SCRIPT_NAME}${PATH_INFO}`;
  // As it was sent, unless a middleware has changed the path or the query since.
  if (REQUEST_URI?.startsWith("/") && says(REQUEST_URI, path, QUERY_STRING)) {
    return escape_target(REQUEST_URI);
  }
  const quoted = quote(path.startsWith("/") ? path : `/${path}`, PATH_SAFE);
  return quoted + (QUERY_STRING && `?${escape_target(QUERY_STRING)}`);
}

/** Whether a target that was sent has that path, decoded, and that query. */
function says(target: string, path: string, query: string): boolean {
  const [, sent_path, sent_query] = target.match(/^([^?]*)\??(.*)$/s)!;
  return unquote(one_slash(sent_path!)) === path && sent_query === query;
}

/** Encodes what a URL parser would take for something else: bytes above ASCII, controls and blanks, `#`, and `\`, which it takes for a slash. */
function escape_target(target: string): string {
  return target.replace(/[^!-~]|[#\\]/g, (char) => quote(char, ""));
}

function remote_address(environ: WSGIEnvironment): Deno.NetAddr {
  const { REMOTE_ADDR = "", REMOTE_PORT } = environ;
  return {
    transport: "tcp",
    hostname: REMOTE_ADDR,
    port: Number(REMOTE_PORT) || 0,
  };
}
