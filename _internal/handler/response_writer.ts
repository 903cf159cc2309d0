/** What `start_response` and `write` keep of a response, and how it goes out: the half of `BaseHandler` that writes. */

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
import { check_block } from "./block.ts";
import { in_turn, type Steps } from "./in_turn.ts";
import { declared_length, own_headers, parse_status } from "./response_head.ts";
import { Transport } from "./transport.ts";
import { WatchedPromise } from "./watched_promise.ts";

/** A class that keeps response headers as `Headers` does. */
export type HeadersClass = typeof Headers;

/**
 * The half of `BaseHandler` that writes a response: status, headers, body, and that these agree. The steps of a
 * request, of which these methods are some, stand in `BaseHandler`, which is the class to extend.
 */
export abstract class ResponseWriter extends Transport {
  /** Whether the handler speaks HTTP to the client itself, with a status line, rather than to a server in front. */
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
  /** How many bytes of the body have been sent. */
  bytes_sent = 0;

  /** The `Content-Length` of the response, once it is known. */
  #content_length: number | null = null;
  /** Whether the request is a HEAD. */
  #head = false;
  /** Whether the response has no body, whatever the application returns. */
  #bodiless = false;
  /** Whether the run has ended: what the application kept of it does nothing any more. */
  #over = false;
  /** Every `write()` of the application so far, which it need not have awaited; never rejects. */
  #writes: Promise<void> | null = null;
  /** The first `write()` that failed. */
  #failed_write: { written: WatchedPromise<void>; error: unknown } | null =
    null;
  /** Settles when the headers are out, where that had to be waited for. */
  #head_sent: Promise<void> | null = null;
  /** Whether a hook sent the body, which `bytes_sent` may not count. */
  #file_sent = false;

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
      throw about_application(
        new Error("the body was begun before start_response() was called"),
      );
    }
    this.bytes_sent += data.length; // Before the headers: set_content_length reads it.
    const head = this.#head_sent ??
      (this.headers_sent ? null : this.#send_head());
    return head
      ? head.then(() => this.#write_body(data))
      : this.#write_body(data);
  }

  /** Sends the headers, which may have got their Content-Length only now. */
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
   * Makes sure that headers and body are complete. Override to end the body in a way of the transport's own,
   * after calling this.
   *
   * @throws {Error} If `start_response` has not been called.
   * @throws {RangeError} If the body is shorter than its `Content-Length`.
   * @throws What a `write()` failed with that the application did not await.
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
          `the application declared a Content-Length of ${this.#content_length}, but gave ${this.bytes_sent} bytes`,
        ),
      );
    }
  }

  /** Whether the request is a HEAD, whatever the application has made of its environ since. */
  is_head(): boolean {
    return this.#head;
  }

  /** Whether the response has a `Content-Length` that what was sent so far does not reach. */
  is_short(): boolean {
    if (this.#bodiless || this.#content_length === null) return false;
    if (this.#file_sent && this.bytes_sent === 0) return false;
    return this.bytes_sent < this.#content_length;
  }

  /** Whether all of the body has been given that the `Content-Length` of the response tells of. */
  is_whole(): boolean {
    return this.bytes_sent === this.#content_length;
  }

  /**
   * Sets `Content-Length` where it is certain: for an array of one block. Called when the headers are
   * about to be sent and have none. Override to set it for more results than that.
   */
  set_content_length(): void {
    if (!Array.isArray(this.result) || this.result.length !== 1) return;
    if (this.#writes) return; // It is not all of the body.
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

  /** Whether the client takes a status line and headers: every one but HTTP/0.9. Override where that is known better. */
  client_is_modern(): boolean {
    return this.environ?.SERVER_PROTOCOL?.toUpperCase() !== "HTTP/0.9";
  }

  /** Writes an error with its stack to the log. */
  abstract log_exception(exc_info: unknown): void;

  /**
   * Makes ready for the response to a request.
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
   * From now on, `start_response` and `write` fail.
   *
   * @ignore
   */
  protected end_response(): void {
    this.#over = true;
  }

  /**
   * The `start_response` that an application gets.
   *
   * @ignore
   */
  protected response_starter(): StartResponse {
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
    const written = this.write(this.note_given(this.keep_block(data)));
    if (written) await written;
  }

  #check_under_way(callable: string): void {
    if (!this.#over) return;
    throw about_application(
      new Error(`${callable}() was called after the response had ended`),
    );
  }

  /**
   * Sends a block of the result, as much of it as the `Content-Length` allows.
   *
   * @ignore
   */
  protected send_block(block: unknown): MaybePromise {
    check_block(block);
    // PEP 3333: the headers wait for the first block that is not empty.
    if (block.length === 0) return;
    this.note_given(block);
    const declared = this.#content_length;
    if (declared === null || this.bytes_sent + block.length <= declared) {
      return this.write(block);
    }
    return this.#send_beginning(block, declared);
  }

  /**
   * Sends a block of the result that the application may use again.
   *
   * @ignore
   */
  protected send_copy(block: unknown): MaybePromise {
    check_block(block);
    return this.send_block(this.keep_block(block));
  }

  /** Sends what of a block there is room for, and logs that there was more. */
  async #send_beginning(block: Uint8Array, declared: number): Promise<void> {
    await this.write(block.subarray(0, declared - this.bytes_sent));
    this.log_exception(
      about_application(
        new RangeError(
          `the application declared a Content-Length of ${declared}, but gave more: the rest was not sent`,
        ),
      ),
    );
  }

  /**
   * Whether no more of the result is wanted.
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
   * Takes it that the body was sent by a hook, which need not count it.
   *
   * @ignore
   */
  protected trust_file(): void {
    this.#file_sent = true;
  }
}
