/** A handler whose output is a `Response`. */

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
import { type MaybePromise, unsettled } from "../promise.ts";
import { parse_status } from "./response_head.ts";
import { format_exception } from "./traceback.ts";

/** The response that was made last of which all was there. */
let whole: Response | null = null;

/** Whether a handler has just made a response, and all of it was there: nothing is under way any more. */
export function is_just_made_whole(response: unknown): boolean {
  return response === whole;
}

/**
 * Runs an application and gives what it answers as a `Response`: the handler of an origin server whose
 * platform does the writing.
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
 */
export class ResponseHandler extends BaseHandler {
  /** The body of the request. */
  stdin: ReadableStream<Uint8Array>;
  /** `wsgi.errors`. */
  stderr: ErrorStream;
  /** The variables of the request, which the environ gets on top of `os_environ`. */
  base_env: Readonly<Record<string, unknown>>;

  /** The body of the request, as the application gets it; null before. */
  #input: ReadableStream<Uint8Array> | null = null;
  #response: Response | null = null;
  #deliver: ((response: Response) => void) | null = null;
  #body: BodyStream | null = null;

  /**
   * Takes what the handler works on.
   *
   * @param stdin The body of the request; ends where that ends.
   * @param stderr Where the log goes, and `wsgi.errors`.
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
   * Runs `application`, and gives its response as soon as that has begun. An application that answers at once
   * has its response given at once, without a promise.
   *
   * @throws What `run` throws before the response has begun. Afterwards the body fails with it.
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
        () => resolve(new Response(null, { status: 500 })), // The client has gone: nobody reads it.
        (failure) => this.#response ? report(failure) : reject(failure),
      );
    });
  }

  /**
   * Makes the response, all but its headers.
   *
   * @ignore
   */
  protected new_response(
    body: BodyInit | null,
    code: number,
    reason: string,
  ): Response {
    return new Response(body, { status: code, statusText: reason });
  }

  /** `stdin`, as a stream that fails where it ends before `CONTENT_LENGTH`. */
  override get_stdin(): ReadableStream<Uint8Array> {
    return this.#input = whole_body(this.stdin, this.environ?.CONTENT_LENGTH);
  }

  /** `stderr`. */
  override get_stderr(): ErrorStream {
    return this.stderr;
  }

  /** Puts `base_env` on top of the environ. */
  override add_cgi_vars(): void {
    const environ: Record<string, unknown> = this.environ!;
    for (const key in this.base_env) environ[key] = this.base_env[key];
  }

  /**
   * As in every handler; but a `Response` has no status above 599.
   *
   * @throws {RangeError} If `status` is above that.
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

  /** Adds `Server`; the headers themselves go out with the response. */
  override send_headers(): MaybePromise {
    this.cleanup_headers();
    const sent = this.send_preamble();
    if (sent) return sent.then(() => void (this.headers_sent = true));
    this.headers_sent = true;
  }

  /** Sets `Server` where the handler has a `server_software`; `Date` and the status line are the platform's. */
  override send_preamble(): MaybePromise {
    if (this.server_software) {
      this.headers!.setdefault("Server", this.server_software);
    }
  }

  /** Gives a body that is whole as it is, and any other to a stream; so the platform may send a large one faster. */
  override _write(data: Uint8Array): MaybePromise {
    const is_small = data.length < platform.streams_from;
    if (!this.#response && is_small && this.is_whole()) {
      return this.#begin(unshared(data));
    }
    (this.#body ?? this.#stream()).send(this.own(data));
  }

  /** Waits until the client takes more. */
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
   * What the stream failed with, it knows itself: no block needs to be followed.
   *
   * @ignore
   */
  protected override follow(sending: Promise<void>): Promise<void> {
    return sending;
  }

  /**
   * Whether an error says that the client has gone.
   *
   * @ignore
   */
  protected override is_loss(error: unknown): boolean {
    return super.is_loss(error) || this.#body?.has_failed_with(error) === true;
  }

  /** Closes the result, and drops what the application left of the request body. */
  override close(): MaybePromise {
    this._end(); // Where a step that was overridden has not: after this there are no headers to begin with.
    this.#drop_input();
    return super.close();
  }

  /** Makes the body fail, so that the client does not take it for whole, and drops the rest of the request body. */
  override break_off(_reason: unknown): MaybePromise {
    this.#drop_input();
    if (this.headers_sent && !this.#response) this.#stream();
    this.#body?.fail();
  }

  /** Deno would keep the connection for what is left. */
  #drop_input(): void {
    // A GET or a HEAD has none, by the fetch standard; they are most requests.
    const { REQUEST_METHOD: method } = this.base_env;
    if (method === "GET" || method === "HEAD") return;
    const input = this.#input ?? this.stdin;
    if (!input.locked) drop_leftover(input);
  }

  #begin(body: BodyInit | null): void {
    const { code, reason } = parse_status(this.status!);
    const response = this.new_response(body, code, reason);
    // Not by the constructor: of a body that is there and several headers it makes something that is quick to send, but
    // that costs more to make and to clear away.
    const { headers } = response;
    for (const [name, value] of this.headers!) headers.append(name, value);
    this.#response = response;
    if (!this.#body) whole = response;
    this.#deliver?.(response);
  }

  #stream(): BodyStream {
    if (this.#response) {
      throw new RangeError("the body goes past the end of the response");
    }
    this.#body = new BodyStream(() => this.abort());
    this.#begin(this.#body.readable);
    return this.#body;
  }

  /**
   * Null, but for the answer to a HEAD: an empty stream keeps the platform from claiming a
   * Content-Length of 0.
   */
  #empty_body(): BodyInit | null {
    return this.is_head() && !parse_status(this.status!).bodiless
      ? empty_body()
      : null;
  }
}

/** For what goes wrong when nobody is left to be told. */
function report(failure: unknown): void {
  stderr.write(format_exception(failure));
}
