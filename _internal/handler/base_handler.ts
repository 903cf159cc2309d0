/** How an application is run: one template method, `run`, as a list of steps that a subclass may override. */

import { STATUS_CODE, STATUS_TEXT } from "@std/http/status";
import { Headers } from "../../headers.ts";
import type {
  ErrorStream,
  HeaderList,
  StartResponse,
  Write,
  WSGIApplication,
  WSGIEnvironment,
  WSGIResult,
} from "../../types.ts";
import { FileWrapper, guess_scheme } from "../../util.ts";
import { ApplicationResult, type Step } from "./application_result.ts";
import { encode_latin1 } from "../text/bytes.ts";
import { describe } from "../text/check.ts";
import { disconnected, is_disconnect } from "../streams/disconnect.ts";
import { file_wrapper_of, type FileWrapperClass } from "./file_wrapper.ts";
import { process_environ } from "../request/process_environ.ts";
import { in_turn, type Steps } from "./in_turn.ts";
import { DONE, is_promise, type MaybePromise } from "../promise.ts";
import { declared_length, own_headers, parse_status } from "./response_head.ts";
import { format_exception } from "./traceback.ts";
import { WatchedPromise } from "./watched_promise.ts";

/** A class that keeps response headers as `Headers` does. */
export type HeadersClass = typeof Headers;

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
export class BaseHandler {
  /** `wsgi.version`. */
  wsgi_version: [number, number] = WSGI_VERSION;
  /** `wsgi.multithread`. */
  wsgi_multithread = true;
  /** `wsgi.multiprocess`. */
  wsgi_multiprocess = true;
  /** `wsgi.run_once`. */
  wsgi_run_once = false;

  /** Whether the handler speaks HTTP to the client itself, with a status line, rather than to a server in front. */
  origin_server = true;
  /** The version in the status line of an origin server. */
  http_version = "1.0";
  /** `SERVER_SOFTWARE` and the `Server` header of an origin server; null sends and sets neither. */
  server_software: string | null = null;
  /** What every environ starts from: the environment of the process, read once. Not to be changed. */
  os_environ: Readonly<Record<string, string>> = process_environ();

  /** The class behind `wsgi.file_wrapper`; null leaves that out of the environ. */
  wsgi_file_wrapper: FileWrapperClass | null = FileWrapper;
  /** The class of `headers`. */
  headers_class: HeadersClass = Headers;

  /** How many stack frames `log_exception` writes, those nearest to the throw; null writes all. */
  traceback_limit: number | null = null;
  /** The status of the page that `error_output` gives. */
  error_status: string = ERROR_STATUS;
  /** The headers of that page. */
  error_headers: HeaderList = ERROR_HEADERS;
  /** The body of that page. */
  error_body: Uint8Array = ERROR_BODY;

  /** The status given to `start_response`; null before. */
  status: string | null = null;
  /** What the application returned. */
  result: WSGIResult | null = null;
  /** The headers given to `start_response`; null before. */
  headers: Headers | null = null;
  /** Whether the headers have been sent: from then on the response cannot be replaced. */
  headers_sent = false;
  /** How many bytes of the body have been sent. */
  bytes_sent = 0;
  /** The environ of the request. */
  environ: WSGIEnvironment | null = null;
  /** The error being handled: what Python reads from `sys.exc_info()`. */
  exc_info: unknown = null;

  #blocks: ApplicationResult | null = null;
  /** The `Content-Length` of the response, once it is known. */
  #content_length: number | null = null;
  /** Whether the request is a HEAD; read before the application can change its environ. */
  #head = false;
  /** Whether the response has no body, whatever the application returns. */
  #bodiless = false;
  #gone = false;
  /** Whether the run has ended: what the application kept of it does nothing any more. */
  #over = false;
  #logged = false;
  /** The last `write()` of the application, which it need not have awaited; never rejects. */
  #last_write: Promise<void> | null = null;
  /** The first `write()` that failed. */
  #failed_write: { written: WatchedPromise<void>; error: unknown } | null =
    null;

  /**
   * Runs `application` for one request, from the environ to the last byte.
   *
   * An error of the application is logged by `log_exception`, and answered by `error_output` if no header
   * has been sent, or by `break_off` if one has. A client that has gone is no error. Override the steps
   * rather than this.
   *
   * @throws What `log_exception` or `error_output` threw; the result is closed then.
   */
  run(application: WSGIApplication): Promise<void> {
    this.#gone = this.#over = this.#logged = false;
    this.#last_write = this.#failed_write = null;
    let answered: MaybePromise;
    try {
      answered = this.#answer(application);
    } catch (error) {
      return this.#fail(error);
    }
    if (!answered) return this.#end();
    return answered.then(() => this.#end(), (error) => this.#fail(error));
  }

  #answer(application: WSGIApplication): MaybePromise {
    const set_up = this.setup_environ();
    return set_up
      ? set_up.then(() => this.#call(application))
      : this.#call(application);
  }

  #call(application: WSGIApplication): MaybePromise {
    this.#head = this.environ!.REQUEST_METHOD === "HEAD";
    const result = application(this.environ!, this.#start_response());
    if (!is_promise(result)) return this.#send(result);
    return Promise.resolve(result).then((result) => this.#send(result));
  }

  #send(result: WSGIResult): MaybePromise {
    this.result = result;
    return this.finish_response();
  }

  /** Leaves a client that has gone, and answers any other error. */
  async #fail(error: unknown): Promise<void> {
    try {
      if (is_disconnect(error)) return await this.#leave(error);
      // start_response could not tell an error of nothing from no error.
      this.exc_info = error ?? new TypeError(`${error} was thrown`);
      await this.#recover();
    } finally {
      await this.#end();
    }
  }

  /** Nothing more is said in the name of this request. */
  #end(): Promise<void> {
    this.#over = true;
    try {
      this.#log();
    } catch (error) {
      return Promise.reject(error);
    }
    return DONE;
  }

  /** Answers an error, and closes what is open where not even that can be done. */
  async #recover(): Promise<void> {
    try {
      await this.handle_error();
    } catch (failure) {
      if (is_disconnect(failure)) return this.#leave(failure);
      await this.close();
      throw failure;
    }
  }

  /** Tells the handler that the client has gone: the result is closed at once, and `run` ends. */
  abort(): void {
    this.#gone = true;
    this.#blocks?.abandon();
  }

  /** What `environ` starts from: a copy of `os_environ`. Override where there is something readier. */
  new_environ(): WSGIEnvironment {
    return { ...this.os_environ } as WSGIEnvironment;
  }

  /**
   * Makes `environ`. Override to change what the application sees; what must hold is PEP 3333,
   * "environ Variables".
   */
  setup_environ(): MaybePromise {
    const environ = this.environ = this.new_environ();
    this.add_cgi_vars();
    environ["wsgi.input"] = this.get_stdin();
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
      this.#blocks = new ApplicationResult(this.result);
      if (this.#gone) throw disconnected();
      const sent = this.result_is_file() && this.sendfile();
      if (!(is_promise(sent) ? yield sent : sent)) {
        while (!this.#enough()) {
          const next = this.#blocks.next();
          const step = is_promise(next) ? (yield next) as Step : next;
          if (step.done) break;
          const written = this.#send_block(step.value);
          if (written) yield written;
        }
        const finished = this.finish_content();
        if (finished) yield finished;
      }
    } catch (error) {
      yield this.#close_after_error();
      throw error;
    }
    try {
      const closed = this.close();
      if (closed) yield closed;
    } catch (error) {
      // The response is complete: there is nothing left to answer.
      this.log_exception(error);
    }
  }

  /** The `wsgi.url_scheme` of the request. Override where `HTTPS` does not say it. */
  get_scheme(): string {
    return guess_scheme(this.environ!);
  }

  /**
   * Sets `Content-Length` where it is certain: for an array of one block. Called when the headers are
   * about to be sent and have none. Override to set it for more results than that.
   */
  set_content_length(): void {
    if (!Array.isArray(this.result) || this.result.length !== 1) return;
    // The answer to a HEAD may lack the body whose length this would be.
    if (this.bytes_sent === 0 && this.#head) return;
    this.headers!.setdefault("Content-Length", String(this.bytes_sent));
  }

  /** Makes the last changes to the headers before they are sent. Override to add some. */
  cleanup_headers(): void {
    const headers = this.headers!;
    // RFC 9110, section 8.6: a 204 has none.
    if (this.status!.startsWith("204")) headers.delete("Content-Length");
    else if (
      !headers.has("Content-Length") && !parse_status(this.status!).bodiless
    ) {
      this.set_content_length();
    }
  }

  /**
   * Begins the response: the `start_response` of PEP 3333. Override to check or to change what an application
   * says, and call this.
   *
   * @param status Three digits, a space and a reason.
   * @param headers The headers; copied, so that what the application does to them later has no effect.
   * @param exc_info What was thrown, where this replaces a response already begun.
   * @returns The function that sends a part of the body at once.
   * @throws {TypeError} If status or headers are not what PEP 3333 asks.
   * @throws {Error} If the response was already begun and `exc_info` is not given.
   * @throws `exc_info`, if the headers have been sent.
   */
  start_response(
    status: string,
    headers: HeaderList,
    exc_info?: unknown,
  ): Write {
    if (exc_info !== undefined && exc_info !== null) {
      if (this.headers_sent) throw exc_info;
    } else if (this.headers) {
      throw new Error(
        "start_response() was called a second time without exc_info",
      );
    }
    const { bodiless } = parse_status(status);
    const own = new this.headers_class(own_headers(headers));
    this.#content_length = declared_length(own);
    this.headers = own;
    this.status = status;
    this.#bodiless = bodiless || this.#head;
    this.#failed_write = null;
    return (data) => {
      const writing = this.#write_directly(data);
      const written = WatchedPromise.of(writing);
      this.#last_write = writing.catch((error) => {
        this.#failed_write ??= { written, error };
      });
      return written;
    };
  }

  /**
   * Sends the status line of an origin server with `Date` and `Server`, or the `Status` line that a server in
   * front reads. Override for a protocol that begins otherwise.
   */
  send_preamble(): MaybePromise {
    if (!this.origin_server) {
      return this._write_head(`Status: ${this.status}\r\n`);
    }
    if (!this.client_is_modern()) return;
    let preamble = `HTTP/${this.http_version} ${this.status}\r\n`;
    if (!this.headers!.has("Date")) {
      preamble += `Date: ${new Date().toUTCString()}\r\n`;
    }
    if (this.server_software && !this.headers!.has("Server")) {
      preamble += `Server: ${this.server_software}\r\n`;
    }
    return this._write_head(preamble);
  }

  /**
   * Sends a part of the body, after the headers where they are still to be sent. Override to watch or to
   * change the body, and call this.
   *
   * @throws {TypeError} If `data` is no `Uint8Array`.
   * @throws {Error} If `start_response` has not been called.
   */
  write(data: Uint8Array): MaybePromise {
    check_block(data);
    if (this.status === null) {
      throw new Error("the body was begun before start_response() was called");
    }
    this.bytes_sent += data.length; // Before the headers: set_content_length reads it.
    if (this.headers_sent) return this.#write_body(data);
    const sent = this.#send_head();
    return sent
      ? sent.then(() => this.#write_body(data))
      : this.#write_body(data);
  }

  /** Sends the headers, which may have got their Content-Length only now. */
  #send_head(): MaybePromise {
    const sent = this.send_headers();
    this.#content_length = declared_length(this.headers!);
    return sent;
  }

  #write_body(data: Uint8Array): MaybePromise {
    if (this.#bodiless) this.bytes_sent = 0;
    const written = this.#bodiless ? undefined : this._write(data);
    return written ? written.then(() => this._flush()) : this._flush();
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
   * Makes sure that headers and body are complete. Override to end the body in a way of the transport's own,
   * after calling this.
   *
   * @throws {Error} If `start_response` has not been called.
   * @throws {RangeError} If the body is shorter than its `Content-Length`.
   * @throws What a `write()` failed with that the application did not await.
   */
  finish_content(): MaybePromise {
    if (this.headers_sent && !this.#last_write) return this.#check_length();
    return in_turn(this.#finish_content());
  }

  *#finish_content(): Steps {
    if (this.#last_write) yield this.#last_write;
    const failed = this.#failed_write;
    if (failed && !failed.written.watched) throw failed.error;
    if (this.status === null) {
      throw new Error("the application did not call start_response()");
    }
    if (!this.headers_sent) {
      if (!this.#bodiless) this.headers!.setdefault("Content-Length", "0");
      const sent = this.#send_head();
      if (sent) yield sent;
      const flushed = this._flush();
      if (flushed) yield flushed;
    }
    this.#check_length();
  }

  #check_length(): void {
    if (this.is_short()) {
      throw new RangeError(
        `the application declared a Content-Length of ${this.#content_length}, but gave ${this.bytes_sent} bytes`,
      );
    }
  }

  /** Whether the request is a HEAD, whatever the application has made of its environ since. */
  is_head(): boolean {
    return this.#head;
  }

  /** Whether the response has a `Content-Length` that what was sent so far does not reach. */
  is_short(): boolean {
    return !this.#bodiless && this.#content_length !== null &&
      this.bytes_sent < this.#content_length;
  }

  /** Whether all of the body has been given that the `Content-Length` of the response tells of. */
  is_whole(): boolean {
    return this.bytes_sent === this.#content_length;
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
   * Sends the status and the headers. Override where they do not go out as bytes; `cleanup_headers` must be
   * called, and `headers_sent` set.
   */
  send_headers(): MaybePromise {
    this.cleanup_headers();
    this.headers_sent = true;
    if (this.origin_server && !this.client_is_modern()) return;
    const head = String(this.headers);
    const sent = this.send_preamble();
    return sent
      ? sent.then(() => this._write_head(head))
      : this._write_head(head);
  }

  /** Whether the result came from `wsgi.file_wrapper`. Override where `sendfile` can send other results too. */
  result_is_file(): boolean {
    return this.wsgi_file_wrapper !== null &&
      this.result instanceof this.wsgi_file_wrapper;
  }

  /** Whether the client takes a status line and headers: every one but HTTP/0.9. Override where that is known better. */
  client_is_modern(): boolean {
    return this.environ?.SERVER_PROTOCOL?.toUpperCase() !== "HTTP/0.9";
  }

  /** Writes an error with its stack to `get_stderr()`. Override to send it elsewhere. */
  log_exception(exc_info: unknown): void {
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
      this.#start_response(),
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
   * Sends a part of the head, a native string, by `_write`. Override where text does better than bytes.
   *
   * @throws {TypeError} If a character is above U+00FF.
   */
  _write_head(text: string): MaybePromise {
    return this._write(encode_latin1(text));
  }

  /** Sends bytes, or keeps them until `_flush`. To be overridden. */
  _write(_data: Uint8Array): MaybePromise {
    throw not_overridden("_write");
  }

  /** Sends what `_write` kept; settles when the client can take more. To be overridden. */
  _flush(): MaybePromise {
    throw not_overridden("_flush");
  }

  /** The stream for `wsgi.input`. To be overridden. */
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

  #start_response(): StartResponse {
    return (status, headers, exc_info) => {
      this.#check_under_way("start_response");
      return this.start_response(status, headers, exc_info);
    };
  }

  /** The `write` that an application gets: it may not go past the `Content-Length` (PEP 3333, "Handling the Content-Length Header"). */
  async #write_directly(data: Uint8Array): Promise<void> {
    this.#check_under_way("write");
    check_block(data);
    const total = this.bytes_sent + data.length;
    if (this.#content_length !== null && total > this.#content_length) {
      throw new RangeError(
        `write() goes past the Content-Length of ${this.#content_length}: ${total} bytes`,
      );
    }
    const written = this.write(data);
    if (written) await written;
  }

  #check_under_way(callable: string): void {
    if (!this.#over) return;
    throw new Error(`${callable}() was called after the response had ended`);
  }

  /** Sends a block of the result, as much of it as the `Content-Length` allows. */
  #send_block(block: unknown): MaybePromise {
    check_block(block);
    // PEP 3333: the headers wait for the first block that is not empty.
    if (block.length === 0) return;
    const declared = this.#content_length;
    if (declared === null || this.bytes_sent + block.length <= declared) {
      return this.write(block);
    }
    return this.#send_beginning(block, declared);
  }

  /** Sends what of a block there is room for, and logs that there was more. */
  async #send_beginning(block: Uint8Array, declared: number): Promise<void> {
    await this.write(block.subarray(0, declared - this.bytes_sent));
    this.log_exception(
      new RangeError(
        `the application declared a Content-Length of ${declared}, but gave more: the rest was not sent`,
      ),
    );
  }

  /** Whether no more of the result is wanted. */
  #enough(): boolean {
    if (!this.headers_sent) return false;
    return this.#bodiless || this.is_whole();
  }

  /** Closes the result because of an error; that of the closing, should there be one, is only logged. */
  async #close_after_error(): Promise<void> {
    try {
      await this.#blocks?.close();
    } catch (closing_error) {
      this.log_exception(closing_error);
    }
  }
}

/** One for all requests: what Python has there is a tuple, which nobody can change either. */
const WSGI_VERSION = Object.freeze([1, 0]) as unknown as [number, number];

const ERROR_STATUS = `${STATUS_CODE.InternalServerError} ${
  STATUS_TEXT[STATUS_CODE.InternalServerError]
}`;

const ERROR_HEADERS: HeaderList = [["Content-Type", "text/plain"]];

const ERROR_BODY = new TextEncoder().encode(
  "A server error occurred.  Please contact the administrator.",
);

function not_overridden(method: string): Error {
  return new Error(`a subclass of BaseHandler must override ${method}()`);
}

function check_block(block: unknown): asserts block is Uint8Array {
  if (!(block instanceof Uint8Array)) {
    const hint = typeof block === "string" ? ": encode it" : "";
    throw new TypeError(
      `the body must be given as Uint8Array, got ${describe(block)}${hint}`,
    );
  }
}
