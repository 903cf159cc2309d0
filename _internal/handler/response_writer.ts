/** The state of `start_response` and `write`, and sending a response: the writing half of `BaseHandler`. */

import { Headers } from "../../headers.ts";
import type {
  HeaderList,
  StartResponse,
  Write,
  WSGIEnvironment,
  WSGIResult,
} from "../../types.ts";
import type { MaybePromise } from "../promise.ts";
import { about_application } from "../text/frames.ts";
import { check_block, copy_of } from "./block.ts";
import { in_turn, type Steps } from "./in_turn.ts";
import { declared_length, own_headers, parse_status } from "./response_head.ts";
import { Transport } from "./transport.ts";
import { WatchedPromise } from "./watched_promise.ts";

/**
 * A class of response headers: `Headers`, or a subclass.
 *
 * @category Handlers
 */
export type HeadersClass = typeof Headers;

/**
 * The half of `BaseHandler` that writes a response: status, headers and body, and checks that these agree. Extend
 * `BaseHandler`, not this class.
 *
 * @category Handlers
 */
export abstract class ResponseWriter extends Transport {
  /** Whether the handler itself speaks HTTP to the client, with a status line, rather than to a server in front. */
  origin_server = true;
  /** The version in the status line of an origin server. */
  http_version = "1.0";
  /** `SERVER_SOFTWARE` and the `Server` header of an origin server; null sends and sets neither. */
  server_software: string | null = null;
  /** The class of `headers`. */
  headers_class: HeadersClass = Headers;

  /** The environ of the request. */
  environ: WSGIEnvironment | null = null;
  /** What the application returned. */
  result: WSGIResult | null = null;
  /** The status given to `start_response`; null before. */
  status: string | null = null;
  /** The headers given to `start_response`; null before. */
  headers: Headers | null = null;
  /** Whether the headers have been sent: from then on the response cannot be replaced. */
  headers_sent = false;
  /** The number of bytes of the body that have been sent. */
  bytes_sent = 0;

  /** The `Content-Length` of the response, once it is known. */
  #content_length: number | null = null;
  /** Whether the request is a HEAD. */
  #head = false;
  /** Whether the response has no body, whatever the application returns. */
  #bodiless = false;
  /** Whether the run has ended, so that `start_response` and `write` fail. */
  #over = false;
  /** Resolves after all `write()` calls so far, which the application need not have awaited; never rejects. */
  #writes: Promise<void> | null = null;
  /** The first `write()` that failed. */
  #failed_write: { written: WatchedPromise<void>; error: unknown } | null =
    null;
  /** Resolves when the headers have been sent, if that has to be awaited. */
  #head_sent: Promise<void> | null = null;
  /** Whether a hook sent the body, in which case `bytes_sent` may not include it. */
  #file_sent = false;

  /**
   * Begins the response: the `start_response` of PEP 3333. Override to check or change what an application passes, and
   * call this method.
   *
   * @param status Three digits, a space and a reason.
   * @param headers The headers; copied, so that later changes to the list have no effect.
   * @param exc_info The error that was thrown, if this replaces a response that has already begun.
   * @returns The function that sends part of the body at once.
   * @throws {TypeError} If the status or the headers violate PEP 3333.
   * @throws {Error} If the response has already begun and `exc_info` is missing.
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
      throw about_application(
        new Error("start_response() was called a second time without exc_info"),
      );
    }
    const { bodiless } = parse_status(status);
    const own = new this.headers_class(own_headers(headers));
    this.#content_length = declared_length(own);
    this.headers = own;
    this.status = status;
    this.#bodiless = bodiless || this.#head;
    this.#writes = this.#failed_write = null;
    return (data) => {
      const writing = this.#write_directly(data);
      const written = WatchedPromise.of(writing);
      const settled = writing.catch((error) => {
        this.#failed_write ??= { written, error };
      });
      const before = this.#writes;
      this.#writes = before ? before.then(() => settled) : settled;
      return written;
    };
  }

  /**
   * Sends the status line of an origin server with `Date` and `Server`, or the `Status` line for a server in front.
   * Override for a protocol that begins differently.
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
   * Sends part of the body, after the headers if these have not been sent. Override to observe or change the body, and
   * call this method.
   *
   * @throws {TypeError} If `data` is not a `Uint8Array`.
   * @throws {Error} If `start_response` has not been called.
   */
  write(data: Uint8Array): MaybePromise {
    check_block(data);
    if (this.status === null) {
      throw about_application(
        new Error("the body began before start_response() was called"),
      );
    }
    this.bytes_sent += data.length; // Before the headers: set_content_length reads it.
    const head = this.#head_sent ??
      (this.headers_sent ? null : this.#send_head());
    return head
      ? head.then(() => this.#write_body(data))
      : this.#write_body(data);
  }

  /** Sends the headers, to which this step may add a Content-Length. */
  #send_head(): MaybePromise {
    let sent;
    try {
      sent = this.send_headers();
    } catch (error) {
      throw this.note_failure(error);
    }
    this.#content_length = declared_length(this.headers!);
    if (sent) return this.#head_sent = this.#wait_for_head(sent);
  }

  async #wait_for_head(sent: Promise<void>): Promise<void> {
    await this.follow(sent);
    this.#content_length = declared_length(this.headers!);
  }

  #write_body(data: Uint8Array): MaybePromise {
    if (this.#bodiless) this.bytes_sent = 0;
    try {
      const written = this.#bodiless ? undefined : this._write(data);
      const flushed = written
        ? written.then(() => this._flush())
        : this._flush();
      return flushed && this.follow(flushed);
    } catch (error) {
      throw this.note_failure(error);
    }
  }

  /**
   * Completes the headers and checks the length of the body. Override to end the body in the way of the transport,
   * after calling this method.
   *
   * @throws {Error} If `start_response` has not been called.
   * @throws {RangeError} If the body is shorter than its `Content-Length`.
   * @throws The error of a `write()` that the application did not await.
   */
  finish_content(): MaybePromise {
    if (this.headers_sent && !this.#writes) return this.#check_length();
    return in_turn(this.#finish_content());
  }

  *#finish_content(): Steps {
    if (this.#writes) yield this.#writes;
    const failed = this.#failed_write;
    if (failed && !failed.written.watched) throw failed.error;
    if (this.status === null) {
      throw about_application(
        new Error("the application did not call start_response()"),
      );
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
      throw about_application(
        new RangeError(
          `the application declared a Content-Length of ${this.#content_length}, but produced ${this.bytes_sent} bytes`,
        ),
      );
    }
  }

  /** Returns whether the request is a HEAD, even if the application has changed its environ. */
  is_head(): boolean {
    return this.#head;
  }

  /** Returns whether fewer bytes have been sent than the `Content-Length` of the response. */
  is_short(): boolean {
    if (this.#bodiless || this.#content_length === null) return false;
    if (this.#file_sent && this.bytes_sent === 0) return false;
    return this.bytes_sent < this.#content_length;
  }

  /** Returns whether the body has reached the `Content-Length` of the response. */
  is_whole(): boolean {
    return this.bytes_sent === this.#content_length;
  }

  /**
   * Sets `Content-Length` if it is certain: for an array of one block. Called before the headers are sent, if they have
   * none. Override to set it for other results too.
   */
  set_content_length(): void {
    if (!Array.isArray(this.result) || this.result.length !== 1) return;
    if (this.#writes) return; // It is not all of the body.
    // The result for a HEAD may lack the body, so its length means nothing.
    if (this.bytes_sent === 0 && this.#head) return;
    this.headers!.setdefault("Content-Length", String(this.bytes_sent));
  }

  /** Makes the last changes to the headers before they are sent. Override to add more. */
  cleanup_headers(): void {
    const headers = this.headers!;
    // RFC 9110, section 8.6: a 204 must not have one.
    if (this.status!.startsWith("204")) headers.delete("Content-Length");
    else if (
      !headers.has("Content-Length") && !parse_status(this.status!).bodiless
    ) {
      this.set_content_length();
    }
  }

  /**
   * Sends the status and the headers. Override if they are not sent as bytes; the override must call `cleanup_headers`
   * and set `headers_sent`.
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

  /**
   * Returns whether the client accepts a status line and headers, as all do except HTTP/0.9. Override if more is known.
   */
  client_is_modern(): boolean {
    return this.environ?.SERVER_PROTOCOL?.toUpperCase() !== "HTTP/0.9";
  }

  /** Writes an error with its stack to the log. */
  abstract log_exception(exc_info: unknown): void;

  /**
   * Resets the state for a new response.
   *
   * @ignore
   */
  protected expect_response(): void {
    this.#over = this.#head = this.#file_sent = false;
    this.#writes = this.#head_sent = this.#failed_write = null;
  }

  /**
   * Notes whether the response may have a body, before the application can change its environ.
   *
   * @ignore
   */
  protected note_method(method: string | undefined): void {
    this.#head = method === "HEAD";
  }

  /**
   * Makes later calls of `start_response` and `write` fail.
   *
   * @ignore
   */
  protected end_response(): void {
    this.#over = true;
  }

  /**
   * Returns the `start_response` for an application.
   *
   * @ignore
   */
  protected response_starter(): StartResponse {
    return (status, headers, exc_info) => {
      this.#check_under_way("start_response");
      return this.start_response(status, headers, exc_info);
    };
  }

  /**
   * The application's `write`, which must not exceed the `Content-Length` (PEP 3333, "Handling the Content-Length
   * Header").
   */
  async #write_directly(data: Uint8Array): Promise<void> {
    this.#check_under_way("write");
    check_block(data);
    const block = this.#bodiless ? data : copy_of(data); // It may not be awaited.
    if (this.#writes) {
      await this.#writes; // A transport is given one block at a time.
      this.#check_under_way("write");
    }
    const total = this.bytes_sent + data.length;
    if (this.#content_length !== null && total > this.#content_length) {
      throw new RangeError(
        `write() exceeds the Content-Length of ${this.#content_length}: ${total} bytes`,
      );
    }
    const written = this.write(this.note_given(block));
    if (written) await written;
  }

  #check_under_way(callable: string): void {
    if (!this.#over) return;
    throw about_application(
      new Error(`${callable}() was called after the response had ended`),
    );
  }

  /**
   * Sends a block of the result, as far as the `Content-Length` allows.
   *
   * @ignore
   */
  protected send_block(block: unknown): MaybePromise {
    check_block(block);
    // PEP 3333: the headers wait for the first block that is not empty.
    if (block.length === 0) return;
    const writes = this.#writes;
    return writes
      ? writes.then(() => this.#send_block(block))
      : this.#send_block(block);
  }

  #send_block(block: Uint8Array): MaybePromise {
    this.note_given(block);
    const declared = this.#content_length;
    if (declared === null || this.bytes_sent + block.length <= declared) {
      return this.write(block);
    }
    return this.#send_beginning(block, declared);
  }

  /**
   * Resolves after all `write()` calls so far, which the application need not have awaited; never rejects.
   *
   * @ignore
   */
  protected writes(): Promise<void> | null {
    return this.#writes;
  }

  /**
   * Sends a copy of a block of the result, because the application may reuse the block.
   *
   * @ignore
   */
  protected send_copy(block: unknown): MaybePromise {
    check_block(block);
    return this.send_block(this.#bodiless ? block : this.keep_block(block));
  }

  /** Sends the beginning of a block, and logs that there was more. */
  async #send_beginning(block: Uint8Array, declared: number): Promise<void> {
    await this.write(block.subarray(0, declared - this.bytes_sent));
    this.log_exception(
      about_application(
        new RangeError(
          `the application declared a Content-Length of ${declared}, but produced more: the rest was not sent`,
        ),
      ),
    );
  }

  /**
   * Whether nothing more of the result is needed.
   *
   * @ignore
   */
  protected is_complete(): boolean {
    if (!this.headers_sent) return false;
    return this.#bodiless || this.is_whole();
  }

  /**
   * Whether the response has begun, and may have a body.
   *
   * @ignore
   */
  protected may_have_body(): boolean {
    return this.status !== null && !this.#bodiless;
  }

  /**
   * Notes that a hook has sent the body, which it need not count.
   *
   * @ignore
   */
  protected trust_file(): void {
    this.#file_sent = true;
  }
}
