/** The handler behind SCGI, FastCGI and uwsgi. */

import { complete, type Variables } from "../_internal/request/variables.ts";
import { whole_body } from "../_internal/streams/body.ts";
import { concat, is_ascii, type Part } from "../_internal/text/bytes.ts";
import { does_give_away } from "../_internal/handler/application_result.ts";
import { DONE, type MaybePromise } from "../_internal/promise.ts";
import { BaseCGIHandler, type ByteWriter } from "../handlers.ts";
import type { WSGIApplication, WSGIEnvironment } from "../types.ts";

/** A class that runs the application for one request of a gateway. */
export type GatewayHandlerClass = new (
  ...args: ConstructorParameters<typeof BaseCGIHandler>
) => GatewayHandler;

/** Who is told of a request that was answered. */
export interface RequestLogger {
  /** Logs a request that was answered. */
  log_request(
    variables: Variables,
    code: string,
    size: number,
    handler: GatewayHandler,
  ): void;
}

/** How much is kept of a response that is all there. */
const BLOCK_SIZE = 65536;

const LINE_END = new Uint8Array([13, 10]);

/** A `BaseCGIHandler` that tells its server how the request ended, and leaves the end of the response to it. */
export class GatewayHandler extends BaseCGIHandler {
  /** Empty: the server has put the environment of the process beside the variables of the request. */
  override os_environ: Readonly<Record<string, string>> = {};
  /**
   * Who logs the request; null leaves it unlogged.
   *
   * @ignore
   */
  server: RequestLogger | null = null;
  /** Whether the response was begun and could not be completed. */
  broken = false;
  /** Whether nothing more of the response comes. */
  over = false;

  /** Ends the response; set by the connection of the request. */
  end: ((is_closing: boolean) => MaybePromise) | null = null;
  /** The end of the response, where it did not wait for the result to be closed. */
  ended: Promise<void> | null = null;

  #kept: Part[] = [];
  #kept_size = 0;
  #begun = false;
  #gone = false;

  /** Runs `application`, unless the web server has gone while the request waited for its turn. */
  override run(application: WSGIApplication): Promise<void> {
    return this.#gone ? DONE : super.run(application);
  }

  /** Tells the handler that the web server has gone. */
  override abort(): void {
    this.#gone = true;
    super.abort();
  }

  /** A copy of the variables: the server logs them as they came, whatever the application does to its environ. */
  override new_environ(): WSGIEnvironment {
    const environ = { ...this.base_env } as WSGIEnvironment;
    complete(environ);
    return environ;
  }

  /** The body of the request: all of `stdin` where the web server says nothing of its length. */
  override get_stdin(): ReadableStream<Uint8Array> {
    return this.environ!.CONTENT_LENGTH
      ? super.get_stdin()
      : whole_body(this.stdin);
  }

  /** Adds nothing: all variables are there already. */
  override add_cgi_vars(): void {}

  /** Keeps the text for `_flush`: put where it goes out, it needs no array of its own. */
  override _write_head(text: string): MaybePromise {
    if (this.#is_overridden() || !is_ascii(text)) {
      return super._write_head(text);
    }
    this.#keep(text);
  }

  /** Keeps the bytes for `_flush`. */
  override _write(data: Uint8Array): MaybePromise {
    this.#keep(data);
  }

  #keep(part: Part): void {
    this.#kept.push(part);
    this.#kept_size += part.length;
  }

  /**
   * The block itself: `_flush` settles when it has been sent.
   *
   * @ignore
   */
  protected override keep_block(block: Uint8Array): Uint8Array {
    return this.#is_overridden() ? super.keep_block(block) : block;
  }

  /** Whether a subclass has a say in what goes out, and when. */
  #is_overridden(): boolean {
    const { write, _write, _flush } = GatewayHandler.prototype;
    return this.write !== write || this._write !== _write ||
      this._flush !== _flush;
  }

  /**
   * Sends what was kept. But of an array all blocks are there already: they go out together, and the last of them with
   * the end of the response.
   */
  override _flush(): MaybePromise {
    if (this.#kept_size < (this.#is_all_there() ? BLOCK_SIZE : 1)) return;
    this.#begun = true;
    return (this.stdout as ByteWriter).write(concat(this.take_rest()));
  }

  #is_all_there(): boolean {
    return Array.isArray(this.result) && does_give_away(this.result);
  }

  /**
   * Nothing: what is left is sent with the end of the response.
   *
   * @ignore
   */
  protected override _end(): MaybePromise {}

  /**
   * What is still to be sent, in parts.
   *
   * @ignore
   */
  take_rest(): Part[] {
    const rest = this.#kept;
    this.#kept = [];
    this.#kept_size = 0;
    return rest;
  }

  /** Notes that the response is not whole: its connection ends without a sign of its end, where the protocol has one. */
  override break_off(_reason: unknown): MaybePromise {
    this.broken = this.over = true;
  }

  /** Has the server log the request. */
  override log_request(code: string, size: number): void {
    this.server?.log_request(this.base_env as Variables, code, size, this);
  }

  /** Closes the result. */
  override close(): MaybePromise {
    this.over = true;
    return super.close();
  }

  /**
   * Ends the response: who waits for it does not wait for what an application does behind it.
   *
   * @ignore
   */
  protected override closing(closed: Promise<void>): void {
    super.closing(closed);
    this.ended = Promise.resolve(this.end?.(true));
    this.ended.catch(() => {}); // It is looked at when the run has ended.
  }

  /** Answers with a bare 500 where not even the error page could be made; too late for that, the response is broken. */
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
