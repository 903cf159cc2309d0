/** Runs an application: one template method, `run`, as a list of steps that a subclass may override. */

import { STATUS_CODE } from "@std/http/status";
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
import { after, DONE, is_promise, type MaybePromise } from "../promise.ts";
import { refused_with } from "../request/malformed.ts";
import { process_environ } from "../request/process_environ.ts";
import { has_failed_with } from "../streams/body_source.ts";
import { disconnected } from "../streams/disconnect.ts";
import {
  ApplicationResult,
  is_one_block,
  type Step,
} from "./application_result.ts";
import { refusal } from "../text/frames.ts";
import { file_wrapper_of, type FileWrapperClass } from "./file_wrapper.ts";
import { in_turn, type Steps } from "./in_turn.ts";
import { comes_of } from "./origin.ts";
import { ERROR_BODY, ERROR_HEADERS, ERROR_STATUS, refuse } from "./refusal.ts";
import { ResponseWriter } from "./response_writer.ts";
import { error_of_call, format_exception } from "./traceback.ts";
import { not_overridden } from "./transport.ts";

/**
 * Runs a WSGI application for one request (Python's `wsgiref.handlers.BaseHandler`).
 *
 * A subclass must override `_write`, `_flush`, `get_stdin`, `get_stderr` and `add_cgi_vars`, which do the input and
 * output. Every other method and attribute may be overridden too, in a class or on an instance. One instance serves one
 * request at a time.
 *
 * @example A handler that collects its output
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
 *
 * @category Handlers
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

  /** The variables that every environ starts from: the environment of the process, read once. Must not be modified. */
  os_environ: Readonly<Record<string, string>> = process_environ();

  /** The class that `wsgi.file_wrapper` instantiates; null leaves that out of the environ. */
  wsgi_file_wrapper: FileWrapperClass | null = FileWrapper;

  /** The number of stack frames that `log_exception` writes, starting at the throw; null writes all. */
  traceback_limit: number | null = null;
  /** The status of the page that `error_output` returns. */
  error_status: string = ERROR_STATUS;
  /** The headers of that page. */
  error_headers: HeaderList = ERROR_HEADERS;
  /** The body of that page. */
  error_body: Uint8Array = ERROR_BODY;

  /** The error being handled, like Python's `sys.exc_info()`. */
  exc_info: unknown = null;

  #blocks: ApplicationResult | null = null;
  /** The application's `wsgi.input`. */
  #input: ReadableStream<Uint8Array> | null = null;
  /** The error for everything that still waits for the client; null until it disconnects. */
  #gone: Error | null = null;
  #logged = false;

  /**
   * Runs `application` for one request, from the environ to the last byte.
   *
   * A request with malformed variables is answered without calling the application: an invalid `HTTP_HOST` or
   * `CONTENT_LENGTH` with a 400 (RFC 9112, section 3.2; RFC 9110, section 8.6), and an unsupported transfer coding with
   * a 501 (RFC 9112, section 6.1).
   *
   * An error of the application is logged by `log_exception`, then answered by `error_output` if no header has been
   * sent, or by `break_off` if one has. An error that the transport of the request reported, and any error caused by
   * it, is not the application's and is not logged: after a disconnect the response is abandoned, and an incomplete or
   * malformed request body is answered with a 400 if nothing has been sent. Override the steps rather than this method.
   *
   * @throws What `log_exception` or `error_output` threw, after closing the result.
   */
  run(application: WSGIApplication): Promise<void> {
    this.#gone = null;
    this.#logged = false;
    this.expect_response();
    let answered: MaybePromise;
    try {
      answered = after(this.setup_environ(), () => this.#call(application));
    } catch (error) {
      return this.#fail(error_of_call(error, application));
    }
    if (!answered) return this.#finish();
    return answered.then(() => this.#finish(), (error) => this.#fail(error));
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

  /** Sends what an overridden step has left unsent. */
  #finish(): Promise<void> {
    try {
      const ended = this.end_body();
      if (!ended) return this.#end();
      return ended.then(() => this.#end(), (error) => this.#fail(error));
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** Answers an error, or abandons the response. */
  async #fail(error: unknown): Promise<void> {
    try {
      await this.#recover(error);
    } finally {
      await this.#end();
    }
  }

  /** Ends the request: later calls of its `start_response` and `write` fail. */
  #end(): Promise<void> {
    this.end_response();
    try {
      this.#log();
    } catch (error) {
      return Promise.reject(error);
    }
    return DONE;
  }

  /** Answers an error; if that fails too, closes what is open. */
  async #recover(error: unknown): Promise<void> {
    try {
      if (this.#is_loss(error)) return await this.#leave(error);
      // start_response could not distinguish a thrown null or undefined from no error.
      this.exc_info = error ?? refusal(`${error} was thrown`);
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

  /** Whether an error was caused by a disconnect of the client. */
  #is_loss(error: unknown): boolean {
    return comes_of(error, (error) => this.is_loss(error));
  }

  /** Whether an error was caused by one that the transport of this request reported. */
  #is_reported(error: unknown): boolean {
    return comes_of(
      error,
      (error) => this.is_loss(error) || has_failed_with(this.#input, error),
    );
  }

  /** Answers a request whose body is incomplete or malformed. After a disconnect, nobody reads that. */
  async #refuse(): Promise<void> {
    if (this.headers_sent) return this.#leave(this.exc_info);
    this.result = refuse(
      this.environ!,
      this.response_starter(),
      STATUS_CODE.BadRequest,
      [],
      this.exc_info,
    );
    await this.finish_response();
  }

  /** Tells the handler that the client has disconnected: the result is closed at once, and `run` ends. */
  abort(): void {
    this.#gone ??= this.note_loss(disconnected());
    this.#blocks?.abandon(this.#gone);
  }

  /** Returns what `environ` starts from: a copy of `os_environ`. Override for a faster way. */
  new_environ(): WSGIEnvironment {
    return { ...this.os_environ } as unknown as WSGIEnvironment;
  }

  /**
   * Makes `environ`. Override to change what the application sees; the result must follow PEP 3333, "environ
   * Variables".
   */
  setup_environ(): MaybePromise {
    const environ = this.environ = this.new_environ();
    this.add_cgi_vars();
    this.set_input(environ);
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

  /** @ignore */
  protected set_input(environ: WSGIEnvironment): void {
    environ["wsgi.input"] = this.#input = this.get_stdin();
  }

  /**
   * Sends the result and closes it: block by block, or with `sendfile` if it is a file. Override to send results in
   * another way; the result must always be closed.
   *
   * @throws What the application, its result or a hook threw, after closing the result.
   */
  finish_response(): MaybePromise {
    const { result } = this;
    return is_one_block(result) && !this.headers_sent &&
        this.result_is_file === BaseHandler.prototype.result_is_file
      ? this.#finish_one_block(result[0])
      : in_turn(this.#finish_response());
  }

  /** What `#finish_response` does with most results: of an array of one block nothing is left to be closed. */
  #finish_one_block(block: unknown): MaybePromise {
    if (this.#gone) throw this.#gone;
    const end = () => after(this.end_body(), () => this.#close_complete());
    const finish = () => after(this.finish_content(), end);
    return after(this.send_block(block), finish);
  }

  *#finish_response(): Steps {
    try {
      const blocks = this.#blocks = new ApplicationResult(this.result);
      const writes = this.writes();
      if (writes) yield writes;
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
    const closed = this.#close_complete();
    if (closed) yield closed;
  }

  /** Closes the result of a response that is complete: there is nothing left to answer. */
  #close_complete(): MaybePromise {
    try {
      const closed = this.close();
      if (!closed) return;
      this.closing(closed);
      return closed.catch((error) => this.#log_error(error));
    } catch (error) {
      this.#log_error(error);
    }
  }

  /** Sends the result with `sendfile`, if it is a file and the response has a body. */
  #send_file(): boolean | Promise<boolean> {
    if (!this.may_have_body() || !this.result_is_file()) return false;
    try {
      const sent = this.sendfile();
      return is_promise(sent) ? this.follow(sent) : sent;
    } catch (error) {
      throw this.note_failure(error);
    }
  }

  /** Returns the `wsgi.url_scheme` of the request. Override if `HTTPS` does not determine it. */
  get_scheme(): string {
    return guess_scheme(this.environ!);
  }

  /**
   * Sends a result that is a file in a platform-specific way. Override if there is one; it must send the headers first,
   * then everything from the file's current offset to its end.
   *
   * @returns Whether it was sent; otherwise it is sent block by block.
   */
  sendfile(): boolean | Promise<boolean> {
    return false;
  }

  /**
   * Logs the request, closes the result once, and resets the handler for another request. Override to release resources
   * of a subclass, and call this method.
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
   * Called when the response is complete but closing its result takes time, with the promise of that.
   *
   * @ignore
   */
  protected closing(closed: Promise<void>): void {
    note_work(closed);
  }

  /** Returns whether the result came from `wsgi.file_wrapper`. Override if `sendfile` can send other results too. */
  result_is_file(): boolean {
    return this.wsgi_file_wrapper !== null &&
      this.result instanceof this.wsgi_file_wrapper;
  }

  /** Writes an error with its stack to `get_stderr()`. Override to log it elsewhere. */
  override log_exception(exc_info: unknown): void {
    const stderr = this.get_stderr();
    stderr.write(format_exception(exc_info, this.traceback_limit));
    stderr.flush();
  }

  /**
   * Logs `exc_info`, then sends the client the result of `error_output`, or aborts the response. Override
   * `log_exception` and `error_output` rather than this method.
   */
  async handle_error(): Promise<void> {
    this.log_exception(this.exc_info);
    if (this.headers_sent) return this.#leave(this.exc_info);
    const start_response = this.response_starter();
    this.result = await this.error_output(this.environ!, start_response);
    await this.finish_response();
  }

  /**
   * The application that responds in place of one that failed. Override for a custom error page; it must pass
   * `this.exc_info` to `start_response`, and should not show it to clients.
   */
  error_output(
    _environ: WSGIEnvironment,
    start_response: StartResponse,
  ): WSGIResult | Promise<WSGIResult> {
    start_response(this.error_status, [...this.error_headers], this.exc_info);
    return [this.error_body];
  }

  /**
   * Aborts a response that cannot be completed, because of an error or a disconnect. Override to signal that to the
   * client in the way of the transport.
   */
  break_off(_reason: unknown): MaybePromise {}

  /**
   * Called once for each request, when its response is complete or aborted. Override to log requests.
   *
   * @param _code The three digits of the status.
   * @param _size The number of bytes of the body that were sent.
   */
  log_request(_code: string, _size: number): void {}

  /**
   * Returns the stream for `wsgi.input`. Must be overridden. If the stream of one of this package's handlers fails,
   * `run` attributes the error to the client and not to the application.
   */
  get_stdin(): ReadableStream<Uint8Array> {
    throw not_overridden("get_stdin");
  }

  /** Returns the stream for `wsgi.errors` and the log. Must be overridden. */
  get_stderr(): ErrorStream {
    throw not_overridden("get_stderr");
  }

  /** Adds the variables of the request to `environ`. Must be overridden. */
  add_cgi_vars(): void {
    throw not_overridden("add_cgi_vars");
  }

  /** Aborts the response, and logs the request. */
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

  /** Closes the result because of an error; an error of `close()` itself is only logged. */
  async #close_after_error(): Promise<void> {
    try {
      await this.#blocks?.close();
    } catch (closing_error) {
      this.#log_error(closing_error);
    }
  }

  /** Logs an error, unless it was caused by one that the transport of this request reported. */
  #log_error(error: unknown): void {
    if (!this.#is_reported(error)) this.log_exception(error);
  }
}

/** Shared by all requests; it is frozen because Python's counterpart is a tuple. */
const WSGI_VERSION: [number, number] = Object.freeze([1, 0]) as never;
