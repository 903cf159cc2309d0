/** A handler that produces a `Response`. */

import type {
  ErrorStream,
  HeaderList,
  Write,
  WSGIApplication,
} from "../../types.ts";
import { unshared } from "./block.ts";
import { BaseHandler } from "./base_handler.ts";
import { BodyStream } from "./body_stream.ts";
import { platform } from "../platform.ts";
import { empty_body, whole_body } from "../streams/body.ts";
import { stderr } from "../streams/error_stream.ts";
import { drop_leftover } from "../streams/leftover.ts";
import { is_loss_of } from "../streams/own_request.ts";
import { type MaybePromise, unsettled } from "../promise.ts";
import { parse_status } from "./response_head.ts";
import { format_exception } from "./traceback.ts";

/** The last response whose body was complete when it was made. */
let whole: Response | null = null;

/** Whether a handler has just made this response with a complete body, so that no work is left. */
export function is_just_made_whole(response: unknown): boolean {
  return response === whole;
}

/**
 * Runs an application and returns its response as a `Response`: the handler for an origin server whose platform sends
 * responses.
 *
 * @example
 * ```ts
 * import { ResponseHandler } from "@tsgi/serve/handlers";
 * import { setup_testing_defaults } from "@tsgi/serve/util";
 * import { assertEquals } from "@std/assert";
 *
 * const environ = {};
 * setup_testing_defaults(environ);
 * const handler = new ResponseHandler(
 *   environ["wsgi.input"],
 *   environ["wsgi.errors"],
 *   environ,
 * );
 * const response = await handler.respond((_environ, start_response) => {
 *   start_response("200 OK", [["Content-Type", "text/plain"]]);
 *   return [new TextEncoder().encode("Hello")];
 * });
 * assertEquals(response.headers.get("content-type"), "text/plain");
 * assertEquals(await response.text(), "Hello");
 * ```
 *
 * @category Handlers
 */
export class ResponseHandler extends BaseHandler {
  /** The body of the request. */
  stdin: ReadableStream<Uint8Array>;
  /** `wsgi.errors`. */
  stderr: ErrorStream;
  /** The variables of the request; they override `os_environ` in the environ. */
  base_env: Readonly<Record<string, unknown>>;

  /** The application's `wsgi.input`; null before it is created. */
  #input: ReadableStream<Uint8Array> | null = null;
  #response: Response | null = null;
  #deliver: ((response: Response) => void) | null = null;
  #body: BodyStream | null = null;

  /**
   * Sets what the handler works on.
   *
   * @param stdin The body of the request, and nothing after it.
   * @param stderr The log, which is also `wsgi.errors`.
   * @param environ The variables of the request; copied into the environ.
   * @param multithread `wsgi.multithread`.
   * @param multiprocess `wsgi.multiprocess`.
   */
  constructor(
    stdin: ReadableStream<Uint8Array>,
    stderr: ErrorStream,
    environ: Readonly<Record<string, unknown>>,
    multithread = true,
    multiprocess = false,
  ) {
    super();
    this.stdin = stdin;
    this.stderr = stderr;
    this.base_env = environ;
    this.wsgi_multithread = multithread;
    this.wsgi_multiprocess = multiprocess;
  }

  /**
   * Runs `application`, and returns its response as soon as that has begun. If the application responds synchronously,
   * this returns the `Response` itself instead of a promise.
   *
   * @throws What `run` throws before the response has begun. Later errors fail the body.
   */
  respond(application: WSGIApplication): Response | Promise<Response> {
    const ran = this.run(application);
    if (this.#response) {
      unsettled(ran)?.catch(report);
      return this.#response;
    }
    return new Promise((resolve, reject) => {
      this.#deliver = resolve;
      ran.then(
        () => resolve(new Response(null, { status: 500 })), // The client has disconnected: nobody reads this.
        (failure) => this.#response ? report(failure) : reject(failure),
      );
    });
  }

  /**
   * Creates the response.
   *
   * @ignore
   */
  protected new_response(
    body: BodyInit | null,
    code: number,
    reason: string,
    headers: HeaderList,
  ): Response {
    const response = new Response(body, { status: code, statusText: reason });
    return with_headers(response, headers);
  }

  /** Returns `stdin`, as a stream that fails if it ends before `CONTENT_LENGTH`. */
  override get_stdin(): ReadableStream<Uint8Array> {
    return this.#input = whole_body(this.stdin, this.environ?.CONTENT_LENGTH);
  }

  /** Returns `stderr`. */
  override get_stderr(): ErrorStream {
    return this.stderr;
  }

  /** Adds `base_env` to the environ. */
  override add_cgi_vars(): void {
    const environ: Record<string, unknown> = this.environ!;
    for (const key in this.base_env) environ[key] = this.base_env[key];
  }

  /**
   * Begins the response, as in every handler, but rejects a status above 599, which a `Response` cannot have.
   *
   * @throws {RangeError} If `status` is above 599.
   */
  override start_response(
    status: string,
    headers: HeaderList,
    exc_info?: unknown,
  ): Write {
    const write = super.start_response(status, headers, exc_info);
    if (status > "6") {
      throw new RangeError(
        `the status must be from 200 to 599, got ${JSON.stringify(status)}`,
      );
    }
    return write;
  }

  /** Adds `Server`; the headers themselves are sent with the response. */
  override send_headers(): MaybePromise {
    this.cleanup_headers();
    const sent = this.send_preamble();
    if (sent) return sent.then(() => void (this.headers_sent = true));
    this.headers_sent = true;
  }

  /** Sets `Server` if the handler has a `server_software`; the platform adds `Date` and the status line. */
  override send_preamble(): MaybePromise {
    if (this.server_software) {
      this.headers!.setdefault("Server", this.server_software);
    }
  }

  /**
   * Uses a complete small body as it is, and a stream for any other, which lets the platform send a large one faster.
   */
  override _write(data: Uint8Array): MaybePromise {
    const is_small = data.length < platform.streams_from;
    if (!this.#response && is_small && this.is_whole()) {
      return this.#begin(unshared(data));
    }
    (this.#body ?? this.#stream()).send(this.own(data));
  }

  /** Waits until the client can take more. */
  override _flush(): MaybePromise {
    return this.#body?.flush();
  }

  /**
   * Ends the stream, or begins a response that has no body.
   *
   * @ignore
   */
  protected override _end(): MaybePromise {
    if (this.#body) this.#body.end();
    else if (!this.#response && this.headers_sent) {
      this.#begin(this.#empty_body());
    }
  }

  /**
   * The stream itself remembers its error, so no block needs to be tracked.
   *
   * @ignore
   */
  protected override follow<Result>(sending: Promise<Result>): Promise<Result> {
    return sending;
  }

  /**
   * Whether an error means that the client has disconnected.
   *
   * @ignore
   */
  protected override is_loss(error: unknown): boolean {
    return super.is_loss(error) ||
      this.#body?.has_failed_with(error) === true ||
      is_loss_of(this.stdin, error);
  }

  /** Closes the result, and drops the unread rest of the request body. */
  override close(): MaybePromise {
    this._end(); // In case an overridden step has not done so: after this the headers are gone.
    this.#drop_input();
    return super.close();
  }

  /** Fails the body, so that the client does not mistake it for complete, and drops the rest of the request body. */
  override break_off(_reason: unknown): MaybePromise {
    this.#drop_input();
    if (this.headers_sent && !this.#response) this.#stream();
    this.#body?.fail();
  }

  /** Deno would keep the connection open for the rest of the body. */
  #drop_input(): void {
    // By the fetch standard, a GET or HEAD has no body; most requests are one of these.
    const { REQUEST_METHOD: method } = this.base_env;
    if (method === "GET" || method === "HEAD") return;
    const input = this.#input ?? this.stdin;
    if (!input.locked) drop_leftover(input);
  }

  #begin(body: BodyInit | null): void {
    const { code, reason } = parse_status(this.status!);
    const headers = this.headers!.items();
    const response = this.new_response(body, code, reason, headers);
    this.#response = response;
    if (!this.#body) whole = response;
    this.#deliver?.(response);
  }

  #stream(): BodyStream {
    if (this.#response) {
      throw new RangeError("the body exceeds the end of the response");
    }
    this.#body = new BodyStream(() => this.abort());
    this.#begin(this.#body.readable);
    return this.#body;
  }

  /** Null, except for a HEAD: there an empty stream keeps the platform from declaring a Content-Length of 0. */
  #empty_body(): BodyInit | null {
    return this.is_head() && !parse_status(this.status!).bodiless
      ? empty_body()
      : null;
  }
}

/**
 * Adds headers to a response. Not with the constructor: from a complete body and several headers it makes an object that
 * is fast to send, but slower to create and to release.
 */
export function with_headers(
  response: Response,
  list: HeaderList,
): Response {
  const { headers } = response;
  for (const [name, value] of list) headers.append(name, value);
  return response;
}

/** Logs an error that nobody is left to receive. */
function report(failure: unknown): void {
  stderr.write(format_exception(failure));
}
