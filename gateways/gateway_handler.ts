/** The handler for SCGI, FastCGI and uwsgi. */

import { answer_of } from "../_internal/request/direct.ts";
import { move_note } from "../_internal/request/head_size.ts";
import { complete, type Variables } from "../_internal/request/variables.ts";
import { whole_body } from "../_internal/streams/body.ts";
import { concat, is_ascii, type Part } from "../_internal/text/bytes.ts";
import { does_give_away } from "../_internal/handler/application_result.ts";
import { DONE, type MaybePromise } from "../_internal/promise.ts";
import { BaseCGIHandler, type ByteWriter } from "../handlers.ts";
import type { WSGIApplication, WSGIEnvironment } from "../types.ts";
import { Shortcut } from "./shortcut.ts";

/**
 * A class that runs the application for one request of a gateway.
 *
 * @category Gateways
 */
export type GatewayHandlerClass = new (
  ...args: ConstructorParameters<typeof BaseCGIHandler>
) => GatewayHandler;

/** Logs requests that have been answered. */
export interface RequestLogger {
  /** Logs a request that has been answered. */
  log_request(
    variables: Variables,
    code: string,
    size: number,
    handler: GatewayHandler,
  ): void;
}

/** The number of bytes to buffer of a response that is complete. */
const BLOCK_SIZE = 65536;

const LINE_END = new Uint8Array([13, 10]);

/**
 * A `BaseCGIHandler` that reports to its server how the request ended, and leaves ending the response to it.
 *
 * @category Gateways
 */
export class GatewayHandler extends BaseCGIHandler {
  /** Empty, because the server has already merged the environment of the process into the variables. */
  override os_environ: Readonly<Record<string, string>> = {};
  /**
   * The server, which logs the request; null for no log.
   *
   * @ignore
   */
  server: RequestLogger | null = null;
  /** Whether the response has begun but could not be completed. */
  broken = false;
  /** Whether the response has ended. */
  over = false;

  /** Ends the response; set by the connection of the request. */
  end: ((is_closing: boolean) => MaybePromise) | null = null;
  /** The promise of the end of the response, if it did not wait for the result to be closed. */
  ended: Promise<void> | null = null;

  #kept: Part[] = [];
  #kept_size = 0;
  #begun = false;
  #gone = false;
  #shortcut: Shortcut | null = null;

  /** Runs `application`, unless the web server has disconnected while the request waited for its turn. */
  override run(application: WSGIApplication): Promise<void> {
    if (this.#gone) return DONE;
    const answer = answer_of(application);
    if (!answer) return super.run(application);
    const shortcut = this.#shortcut = new Shortcut(application, answer);
    return super.run((environ, start_response) =>
      shortcut.run(environ, start_response)
    );
  }

  /** Tells the handler that the web server has disconnected. */
  override abort(): void {
    this.#gone = true;
    super.abort();
    this.#shortcut?.leave();
  }

  /**
   * Returns a copy of the variables, because the server logs the originals, even if the application changes its
   * environ.
   */
  override new_environ(): WSGIEnvironment {
    const environ = { ...this.base_env } as WSGIEnvironment;
    move_note(this.base_env, environ);
    complete(environ);
    return environ;
  }

  /** Returns the body of the request: all of `stdin`, if the web server does not set its length. */
  override get_stdin(): ReadableStream<Uint8Array> {
    return this.environ!.CONTENT_LENGTH
      ? super.get_stdin()
      : whole_body(this.stdin);
  }

  /** Adds nothing, because all variables are already there. */
  override add_cgi_vars(): void {}

  /** Buffers the text for `_flush`, which encodes it into the output buffer without another array. */
  override _write_head(text: string): MaybePromise {
    if (this.#is_overridden() || !is_ascii(text)) {
      return super._write_head(text);
    }
    this.#keep(text);
  }

  /** Buffers the bytes for `_flush`. */
  override _write(data: Uint8Array): MaybePromise {
    this.#keep(data);
  }

  /** Appends a text to one before it: encoding two takes nearly twice as long. */
  #keep(part: Part): void {
    const last = this.#kept.length - 1;
    const before = this.#kept[last];
    if (typeof part === "string" && typeof before === "string") {
      this.#kept[last] = before + part;
    } else this.#kept.push(part);
    this.#kept_size += part.length;
  }

  /**
   * Returns the block itself, because `_flush` only resolves when it has been sent.
   *
   * @ignore
   */
  protected override keep_block(block: Uint8Array): Uint8Array {
    return this.#is_overridden() ? super.keep_block(block) : block;
  }

  /** Whether a subclass overrides how data is sent. */
  #is_overridden(): boolean {
    const { write, _write, _flush } = GatewayHandler.prototype;
    return this.write !== write || this._write !== _write ||
      this._flush !== _flush;
  }

  /**
   * Sends what was buffered. The blocks of an array, which are all there, are sent together, and the last of them with
   * the end of the response.
   */
  override _flush(): MaybePromise {
    if (this.#kept_size < (this.#is_all_there() ? BLOCK_SIZE : 1)) return;
    this.#begun = true;
    return (this.stdout as ByteWriter).write(concat(this.take_rest()));
  }

  /** Whether the end follows without waiting for anything of the application. */
  #is_all_there(): boolean {
    const { result } = this;
    return result !== null && (Array.isArray(result) || this.is_whole()) &&
      does_give_away(result);
  }

  /**
   * Does nothing: what is left is sent with the end of the response.
   *
   * @ignore
   */
  protected override _end(): MaybePromise {}

  /**
   * Takes what is still to be sent, in parts.
   *
   * @ignore
   */
  take_rest(): Part[] {
    const rest = this.#kept;
    this.#kept = [];
    this.#kept_size = 0;
    return rest;
  }

  /** Marks the response as incomplete: its connection ends without the protocol's end marker, if there is one. */
  override break_off(_reason: unknown): MaybePromise {
    this.broken = this.over = true;
  }

  /** Logs the request with the server. */
  override log_request(code: string, size: number): void {
    this.server?.log_request(this.base_env as Variables, code, size, this);
  }

  /** Closes the result. */
  override close(): MaybePromise {
    this.over = true;
    return super.close();
  }

  /**
   * Ends the response, so that the client does not wait for what the application does after it.
   *
   * @ignore
   */
  protected override closing(closed: Promise<void>): void {
    super.closing(closed);
    this.ended = Promise.resolve(this.end?.(true));
    this.ended.catch(() => {}); // It is checked when the run has ended.
  }

  /**
   * Answers with a bare 500 if even the error page has failed. If the response has begun, marks it as incomplete
   * instead.
   */
  async fail(): Promise<void> {
    this.broken = this.#begun;
    if (this.#begun) return;
    this.take_rest();
    this.status = "500 Internal Server Error";
    const preamble = this.send_preamble();
    if (preamble) await preamble;
    await this._write(LINE_END);
  }
}
