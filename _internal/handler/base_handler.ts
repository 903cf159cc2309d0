/** How an application is run: one template method, `run`, as a list of steps that a subclass may override. */

import { STATUS_CODE, STATUS_TEXT } from "@std/http/status";
import type {
  ErrorStream,
  HeaderList,
  StartResponse,
  WSGIApplication,
  WSGIEnvironment,
  WSGIResult,
} from "../../types.ts";
import { FileWrapper, guess_scheme } from "../../util.ts";
import { note_work } from "../background.ts";
import { DONE, is_promise, type MaybePromise } from "../promise.ts";
import { refused_with } from "../request/malformed.ts";
import { process_environ } from "../request/process_environ.ts";
import { has_failed_with } from "../streams/body_source.ts";
import { disconnected } from "../streams/disconnect.ts";
import { ApplicationResult, type Step } from "./application_result.ts";
import { file_wrapper_of, type FileWrapperClass } from "./file_wrapper.ts";
import { in_turn, type Steps } from "./in_turn.ts";
import { comes_of } from "./origin.ts";
import { refuse } from "./refusal.ts";
import { ResponseWriter } from "./response_writer.ts";
import { format_exception } from "./traceback.ts";
import { not_overridden } from "./transport.ts";

/**
 * Runs a WSGI application for one request (Python's `wsgiref.handlers.BaseHandler`).
 *
 * A subclass says where bytes go and come from by overriding `_write`, `_flush`, `get_stdin`,
 * `get_stderr` and `add_cgi_vars`; every other method and attribute may be overridden too, in a class or on
 * an instance. One instance serves one request at a time.
 *
 * @example A handler that keeps its output
 * ```ts
 * import { BaseHandler } from "@tsgi/serve/handlers";
 * import { setup_testing_defaults } from "@tsgi/serve/util";
 * import { assertEquals } from "@std/assert";
 *
 * class TextHandler extends BaseHandler {
 *   override origin_server = false;
 *   text = "";
 *   override _write(data: Uint8Array) {
 *     this.text += new TextDecoder().decode(data);
 *   }
 *   override _flush() {}
 *   override get_stdin() {
 *     return ReadableStream.from<Uint8Array>([]);
 *   }
 *   override get_stderr() {
 *     return { write: console.error, writelines() {}, flush() {} };
 *   }
 *   override add_cgi_vars() {
 *     setup_testing_defaults(this.environ!);
 *   }
 * }
 *
 * const handler = new TextHandler();
 * await handler.run((_environ, start_response) => {
 *   start_response("200 OK", [["Content-Type", "text/plain"]]);
 *   return [new TextEncoder().encode("Hello")];
 * });
 * assertEquals(
 *   handler.text,
 *   "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nHello",
 * );
 * ```
 */
export class BaseHandler extends ResponseWriter {
  /** `wsgi.version`. */
  wsgi_version: [number, number] = WSGI_VERSION;
  /** `wsgi.multithread`. */
  wsgi_multithread = true;
  /** `wsgi.multiprocess`. */
  wsgi_multiprocess = true;
  /** `wsgi.run_once`. */
  wsgi_run_once = false;

  /** What every environ starts from: the environment of the process, read once. Not to be changed. */
  os_environ: Readonly<Record<string, string>> = process_environ();

  /** The class behind `wsgi.file_wrapper`; null leaves that out of the environ. */
  wsgi_file_wrapper: FileWrapperClass | null = FileWrapper;

  /** How many stack frames `log_exception` writes, those nearest to the throw; null writes all. */
  traceback_limit: number | null = null;
  /** The status of the page that `error_output` gives. */
  error_status: string = ERROR_STATUS;
  /** The headers of that page. */
  error_headers: HeaderList = ERROR_HEADERS;
  /** The body of that page. */
  error_body: Uint8Array = ERROR_BODY;

  /** The error being handled: what Python reads from `sys.exc_info()`. */
  exc_info: unknown = null;

  #blocks: ApplicationResult | null = null;
  /** `wsgi.input`, as the application got it. */
  #input: ReadableStream<Uint8Array> | null = null;
  /** What whoever waits for the client is told; null as long as it is there. */
  #gone: Error | null = null;
  #logged = false;

  /**
   * Runs `application` for one request, from the environ to the last byte.
   *
   * A request whose variables are malformed is answered without the application: a `HTTP_HOST` that is no host and a
   * `CONTENT_LENGTH` that is no number with a 400 (RFC 9112, section 3.2; RFC 9110, section 8.6), and a transfer coding
   * that nobody decodes with a 501 (RFC 9112, section 6.1).
   *
   * An error of the application is logged by `log_exception`, and answered by `error_output` if no header
   * has been sent, or by `break_off` if one has. What the transport of the request reported, and what comes of that, is
   * no error of the application, and not logged: a client that has gone is left, and a request body that is incomplete
   * or malformed is answered with a 400, if nothing has been sent. Override the steps rather than this.
   *
   * @throws What `log_exception` or `error_output` threw; the result is closed then.
   */
  run(application: WSGIApplication): Promise<void> {
    this.#gone = null;
    this.#logged = false;
    this.expect_response();
    let answered: MaybePromise;
    try {
      answered = this.#answer(application);
    } catch (error) {
      return this.#fail(error);
    }
    if (!answered) return this.#finish();
    return answered.then(() => this.#finish(), (error) => this.#fail(error));
  }

  #answer(application: WSGIApplication): MaybePromise {
    const set_up = this.setup_environ();
    return set_up
      ? set_up.then(() => this.#call(application))
      : this.#call(application);
  }

  #call(application: WSGIApplication): MaybePromise {
    const environ = this.environ!;
    this.note_method(environ.REQUEST_METHOD);
    const refused = refused_with(environ);
    const result = refused === null
      ? application(environ, this.response_starter())
      : refuse(environ, this.response_starter(), refused);
    if (!is_promise(result)) return this.#send(result);
    return Promise.resolve(result).then((result) => this.#send(result));
  }

  #send(result: WSGIResult): MaybePromise {
    this.result = result;
    return this.finish_response();
  }

  /** Sends what an overridden step has left to be sent. */
  #finish(): Promise<void> {
    try {
      const ended = this.end_body();
      if (!ended) return this.#end();
      return ended.then(() => this.#end(), (error) => this.#fail(error));
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** Answers an error, or leaves the client. */
  async #fail(error: unknown): Promise<void> {
    try {
      await this.#recover(error);
    } finally {
      await this.#end();
    }
  }

  /** Nothing more is said in the name of this request. */
  #end(): Promise<void> {
    this.end_response();
    try {
      this.#log();
    } catch (error) {
      return Promise.reject(error);
    }
    return DONE;
  }

  /** Answers an error, and closes what is open where not even that can be done. */
  async #recover(error: unknown): Promise<void> {
    try {
      if (this.#is_loss(error)) return await this.#leave(error);
      // start_response could not tell an error of nothing from no error.
      this.exc_info = error ?? new TypeError(`${error} was thrown`);
      if (this.#is_reported(error)) await this.#refuse();
      else await this.handle_error();
      await this.end_body();
    } catch (failure) {
      if (this.#is_loss(failure)) return this.#leave(failure);
      try {
        if (this.headers_sent) await this.#leave(failure);
      } finally {
        await this.close();
      }
      throw failure;
    }
  }

  /** Whether an error comes of the client's leaving. */
  #is_loss(error: unknown): boolean {
    return comes_of(error, (error) => this.is_loss(error));
  }

  /** Whether an error comes of what the transport of this request reported. */
  #is_reported(error: unknown): boolean {
    return comes_of(
      error,
      (error) => this.is_loss(error) || has_failed_with(this.#input, error),
    );
  }

  /** Answers a request whose body is incomplete or malformed. Where the client has gone, nobody reads that. */
  async #refuse(): Promise<void> {
    if (this.headers_sent) return this.#leave(this.exc_info);
    const start_response = this.response_starter();
    start_response(BAD_REQUEST, ERROR_HEADERS, this.exc_info);
    this.result = [BAD_REQUEST_BODY];
    await this.finish_response();
  }

  /** Tells the handler that the client has gone: the result is closed at once, and `run` ends. */
  abort(): void {
    this.#gone ??= this.note_loss(disconnected());
    this.#blocks?.abandon(this.#gone);
  }

  /** What `environ` starts from: a copy of `os_environ`. Override where there is something readier. */
  new_environ(): WSGIEnvironment {
    const environ: Record<string, unknown> = { ...this.os_environ };
    return environ as WSGIEnvironment;
  }

  /**
   * Makes `environ`. Override to change what the application sees; what must hold is PEP 3333,
   * "environ Variables".
   */
  setup_environ(): MaybePromise {
    const environ = this.environ = this.new_environ();
    this.add_cgi_vars();
    environ["wsgi.input"] = this.#input = this.get_stdin();
    environ["wsgi.input_terminated"] = true;
    environ["wsgi.errors"] = this.get_stderr();
    environ["wsgi.version"] = this.wsgi_version;
    environ["wsgi.run_once"] = this.wsgi_run_once;
    environ["wsgi.url_scheme"] = this.get_scheme();
    environ["wsgi.multithread"] = this.wsgi_multithread;
    environ["wsgi.multiprocess"] = this.wsgi_multiprocess;
    if (this.wsgi_file_wrapper) {
      environ["wsgi.file_wrapper"] = file_wrapper_of(this.wsgi_file_wrapper);
    }
    if (this.origin_server && this.server_software) {
      environ.SERVER_SOFTWARE ??= this.server_software;
    }
  }

  /**
   * Sends the result and closes it: block by block, or by `sendfile` where it is a file. Override to send
   * results in another way; the result must be closed in any case.
   *
   * @throws What the application, its result or a hook threw; the result is closed then.
   */
  finish_response(): MaybePromise {
    return in_turn(this.#finish_response());
  }

  *#finish_response(): Steps {
    try {
      const blocks = this.#blocks = new ApplicationResult(this.result);
      if (this.#gone) throw this.#gone;
      const sent = this.#send_file();
      if (is_promise(sent) ? yield sent : sent) this.trust_file();
      else {
        while (!this.is_complete()) {
          const next = blocks.next();
          const step = is_promise(next) ? (yield next) as Step : next;
          if (step.done) break;
          const written = blocks.gives_away
            ? this.send_block(step.value)
            : this.send_copy(step.value);
          if (written) yield written;
        }
      }
      const finished = this.finish_content();
      if (finished) yield finished;
      const ended = this.end_body();
      if (ended) yield ended;
    } catch (error) {
      yield this.#close_after_error();
      throw error;
    }
    try {
      const closed = this.close();
      if (closed) {
        this.closing(closed);
        yield closed;
      }
    } catch (error) {
      // The response is complete: there is nothing left to answer.
      this.#log_error(error);
    }
  }

  /** Has `sendfile` send the result, where it is a file and the response has a body. */
  #send_file(): boolean | Promise<boolean> {
    if (!this.may_have_body() || !this.result_is_file()) return false;
    try {
      const sent = this.sendfile();
      if (!is_promise(sent)) return sent;
      return sent.catch((error) => {
        throw this.note_failure(error);
      });
    } catch (error) {
      throw this.note_failure(error);
    }
  }

  /** The `wsgi.url_scheme` of the request. Override where `HTTPS` does not say it. */
  get_scheme(): string {
    return guess_scheme(this.environ!);
  }

  /**
   * Sends a result that is a file in a way of the platform's own. Override where there is one; it must send
   * the headers first, and everything from the file's current offset to its end.
   *
   * @returns Whether it was sent; if not, it is sent block by block.
   */
  sendfile(): boolean | Promise<boolean> {
    return false;
  }

  /**
   * Has the request logged, closes the result, once, and makes the handler ready for another request. Override to
   * release what a subclass holds, and call this.
   */
  close(): MaybePromise {
    let closed;
    try {
      this.#log();
    } finally {
      closed = this.#close();
    }
    return closed;
  }

  #close(): MaybePromise {
    try {
      return this.#blocks?.close();
    } finally {
      this.#blocks =
        this.result =
        this.headers =
        this.status =
        this.environ =
          null;
      this.bytes_sent = 0;
      this.headers_sent = false;
    }
  }

  /**
   * Told that the response is complete, and when its result is closed, where that takes time.
   *
   * @ignore
   */
  protected closing(closed: Promise<void>): void {
    note_work(closed);
  }

  /** Whether the result came from `wsgi.file_wrapper`. Override where `sendfile` can send other results too. */
  result_is_file(): boolean {
    return this.wsgi_file_wrapper !== null &&
      this.result instanceof this.wsgi_file_wrapper;
  }

  /** Writes an error with its stack to `get_stderr()`. Override to send it elsewhere. */
  override log_exception(exc_info: unknown): void {
    const stderr = this.get_stderr();
    stderr.write(format_exception(exc_info, this.traceback_limit));
    stderr.flush();
  }

  /**
   * Logs `exc_info`; then gives the client the result of `error_output`, or breaks the response off.
   * Override `log_exception` and `error_output` rather than this.
   */
  async handle_error(): Promise<void> {
    this.log_exception(this.exc_info);
    if (this.headers_sent) return this.#leave(this.exc_info);
    this.result = await this.error_output(
      this.environ!,
      this.response_starter(),
    );
    await this.finish_response();
  }

  /**
   * The application that answers in the place of one that failed. Override for a page of one's own; it must pass
   * `this.exc_info` to `start_response`, and should not show it to everybody.
   */
  error_output(
    _environ: WSGIEnvironment,
    start_response: StartResponse,
  ): WSGIResult | Promise<WSGIResult> {
    start_response(this.error_status, [...this.error_headers], this.exc_info);
    return [this.error_body];
  }

  /**
   * Leaves a response that cannot be completed, because of an error or because the client has gone. Override to tell
   * the client by whatever the transport has for it.
   */
  break_off(_reason: unknown): MaybePromise {}

  /**
   * Told, once for each request, how it was answered: when the response is complete, or when it was broken off, with
   * what was sent of it. Override to log that.
   *
   * @param _code The three digits of the status.
   * @param _size The number of bytes in the body.
   */
  log_request(_code: string, _size: number): void {}

  /**
   * The stream for `wsgi.input`. To be overridden. What the stream of a handler of this package fails with is the
   * client's, which `run` tells from the application's errors.
   */
  get_stdin(): ReadableStream<Uint8Array> {
    throw not_overridden("get_stdin");
  }

  /** The stream for `wsgi.errors` and the log. To be overridden. */
  get_stderr(): ErrorStream {
    throw not_overridden("get_stderr");
  }

  /** Puts the variables of the request into `environ`. To be overridden. */
  add_cgi_vars(): void {
    throw not_overridden("add_cgi_vars");
  }

  /** Breaks the response off, and has the request logged. */
  #leave(reason: unknown): MaybePromise {
    const left = this.break_off(reason);
    this.#log();
    return left;
  }

  #log(): void {
    if (this.#logged) return;
    this.#logged = true;
    this.log_request(this.status?.slice(0, 3) ?? "500", this.bytes_sent);
  }

  /** Closes the result because of an error; that of the closing, should there be one, is only logged. */
  async #close_after_error(): Promise<void> {
    try {
      await this.#blocks?.close();
    } catch (closing_error) {
      this.#log_error(closing_error);
    }
  }

  /** Logs an error, unless it comes of what the transport of this request reported. */
  #log_error(error: unknown): void {
    if (!this.#is_reported(error)) this.log_exception(error);
  }
}

/** One for all requests: what Python has there is a tuple, which nobody can change either. */
const WSGI_VERSION = Object.freeze([1, 0]) as unknown as [number, number];

const ERROR_STATUS = `${STATUS_CODE.InternalServerError} ${
  STATUS_TEXT[STATUS_CODE.InternalServerError]
}`;

const ERROR_HEADERS: HeaderList = [["Content-Type", "text/plain"]];

const BAD_REQUEST_REASON = STATUS_TEXT[STATUS_CODE.BadRequest];
const BAD_REQUEST = `${STATUS_CODE.BadRequest} ${BAD_REQUEST_REASON}`;
const BAD_REQUEST_BODY = new TextEncoder().encode(BAD_REQUEST_REASON);

const ERROR_BODY = new TextEncoder().encode(
  "A server error occurred.  Please contact the administrator.",
);
