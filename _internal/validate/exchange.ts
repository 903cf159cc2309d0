/** Checks of what the application does, from its call to the end of its body. */

import type {
  StartResponse,
  Write,
  WSGIEnvironment,
  WSGIResult,
} from "../../types.ts";
import { is_promise } from "../promise.ts";
import { check_head, type Head } from "./head.ts";
import type { OpenResults } from "./open_results.ts";
import { count, PEP, show, violation, type Warn } from "./report.ts";
import { WatchedInput } from "./streams.ts";

/** The state of one request and its response. */
export class Exchange {
  /** The `wsgi.input` for the application. */
  readonly input: WatchedInput;

  #server: StartResponse;
  #warn: Warn;
  #open_results: OpenResults;
  #request: string;
  #head_request: boolean;
  #head: Head | null = null;
  #returned = false;
  #length = 0;

  /**
   * Begins a request.
   *
   * @param environ The environ, before the application can change it.
   * @param start_response The server's `start_response`.
   * @param warn Receives the warnings.
   * @param open_results Tracks results that have ended but are not closed.
   */
  constructor(
    environ: WSGIEnvironment,
    start_response: StartResponse,
    warn: Warn,
    open_results: OpenResults,
  ) {
    const { REQUEST_METHOD, SCRIPT_NAME = "", PATH_INFO = "" } = environ;
    this.input = new WatchedInput(environ);
    this.#server = start_response;
    this.#warn = warn;
    this.#open_results = open_results;
    this.#request = show(`${REQUEST_METHOD} ${SCRIPT_NAME}${PATH_INFO}`);
    this.#head_request = REQUEST_METHOD === "HEAD";
  }

  /** The `start_response` for the application. */
  start_response(...args: unknown[]): Write {
    /// start_response: `start_response()` must be called with two or three
    /// arguments (PEP 3333, "The start_response() Callable").
    if (args.length !== 2 && args.length !== 3) {
      throw violation(
        "start_response() must be called with status, headers and optionally exc_info",
        count(args.length, "argument"),
        PEP.start_response,
      );
    }
    const [status, headers, exc_info] = args;
    /// start_response: It must not be called a second time, except with an
    /// error as `exc_info` (PEP 3333, "The start_response() Callable").
    if (this.#head && (exc_info === undefined || exc_info === null)) {
      throw violation(
        "start_response() must be called once, or again with exc_info",
        `a second call with ${show(status)} and without it`,
        PEP.start_response,
      );
    }
    const head = check_head(status, headers, this.#warn);
    const write = this.#server(...args as Parameters<StartResponse>);
    /// server: `start_response()` must return `write()`, a function
    /// (PEP 3333, "The write() Callable").
    if (typeof write !== "function") {
      throw violation(
        "the server's start_response() must return write(), a function",
        show(write),
        PEP.write,
      );
    }
    this.#head = head;
    return (...data: unknown[]) => this.#write(write, data);
  }

  /** Checks what the application returned. */
  accept(result: unknown): asserts result is WSGIResult {
    /// result: The application must return an iterable of blocks, or a promise of
    /// one (PEP 3333, "Specification Details").
    if (
      typeof result !== "object" || result === null ||
      !(Symbol.iterator in result || Symbol.asyncIterator in result)
    ) {
      throw violation(
        "the application must return an iterable of Uint8Array",
        `${show(result)}${
          typeof result === "string" ? ": encode it and return [data]" : ""
        }`,
        PEP.details,
      );
    }
    /// result: It must not return a bare `Uint8Array`, whose iteration yields
    /// numbers (PEP 3333, "Specification Details").
    if (result instanceof Uint8Array) {
      throw violation(
        "the application must return an iterable of Uint8Array",
        `${show(result)} alone: return [data]`,
        PEP.details,
      );
    }
    /// result: A stream that it returns must not be locked to a reader
    /// (PEP 3333, "Specification Details").
    if (result instanceof ReadableStream && result.locked) {
      throw violation(
        "a stream that the application returns must not be locked",
        "a locked one",
        PEP.details,
      );
    }
    /// result: If the result has a `close`, that must be a function (PEP 3333,
    /// "Specification Details").
    const { close } = result as WSGIResult;
    if (close !== undefined && typeof close !== "function") {
      throw violation(
        "the result's close must be a function if it is present",
        show(close),
        PEP.details,
      );
    }
    this.#returned = true;
  }

  /** Checks and counts a block of the body before it is passed on. */
  take(block: unknown): void {
    /// result: Every block must be a `Uint8Array`
    /// (PEP 3333, "Specification Details").
    if (!(block instanceof Uint8Array)) {
      throw violation(
        "a block of the body must be a Uint8Array",
        `${show(block)}${
          typeof block === "string" ? ": encode it with TextEncoder" : ""
        }`,
        PEP.details,
      );
    }
    /// result: `start_response()` must be called before the first block, even
    /// an empty one (PEP 3333, "Specification Details").
    if (!this.#head) {
      throw violation(
        "start_response() must be called before the first block of the body",
        `${show(block)} first`,
        PEP.details,
      );
    }
    if (block.length === 0) return;
    this.#check_bodiless(this.#head, block);
    this.#length += block.length;
    const { content_length } = this.#head;
    /// result: The body must not be longer than its `Content-Length`
    /// (PEP 3333, "Handling the Content-Length Header").
    if (content_length !== null && this.#length > content_length) {
      throw violation(
        `the body must be as long as its Content-Length of ${
          count(content_length, "byte")
        }`,
        String(this.#length),
        PEP.content_length,
      );
    }
  }

  #check_bodiless({ code }: Head, block: Uint8Array): void {
    /// result: A response with status 204, 205 or 304 must have no body
    /// (RFC 9110, sections 6.4.1 and 15.3.6).
    if (code === "204" || code === "205" || code === "304") {
      throw violation(
        `a response with status ${code} must have no body`,
        show(block),
        "RFC 9110, sections 6.4.1 and 15.3.6",
      );
    }
  }

  /** Whether the body has reached its `Content-Length`, so that the server need not request more. */
  is_complete(): boolean {
    return this.#length === this.#head?.content_length;
  }

  /** Checks one step of the iteration of the result. */
  take_step(step: { done?: boolean; value?: unknown }): void {
    if (step.done) this.#end();
    else this.take(step.value);
  }

  /** Checks all blocks of a result at once. */
  take_all(blocks: unknown[]): void {
    for (const block of blocks) this.take(block);
    this.#end();
  }

  /** Called when the result has ended. */
  over(): void {
    this.#open_results.add(this, this.#request);
  }

  /** Called when the server has called `close()`. */
  closed(): void {
    this.#open_results.delete(this);
  }

  /** Called when the response is finished: the result has been closed, or the application failed. */
  finish(): void {
    this.input.finish();
  }

  #end(): void {
    /// result: `start_response()` must be called before the body ends (PEP
    /// 3333, "Specification Details").
    if (!this.#head) {
      throw violation(
        "start_response() must be called before the body ends",
        "no call",
        PEP.details,
      );
    }
    const { content_length } = this.#head;
    if (content_length === null || this.#head_request) return;
    /// result: The body must not be shorter than its `Content-Length`
    /// (PEP 3333, "Handling the Content-Length Header").
    if (this.#length < content_length) {
      throw violation(
        `the body must be as long as its Content-Length of ${
          count(content_length, "byte")
        }`,
        String(this.#length),
        PEP.content_length,
      );
    }
  }

  #write(write: Write, args: unknown[]): Promise<void> {
    const [data] = args;
    /// result: `write()` must be given exactly one argument, a `Uint8Array`
    /// (PEP 3333, "The write() Callable").
    if (!(data instanceof Uint8Array) || args.length !== 1) {
      throw violation(
        "write() must be given one Uint8Array",
        args.map(show).join(" and ") || "nothing",
        PEP.write,
      );
    }
    /// result: It must not be called after the application has returned, and
    /// therefore not by a generator: from then on the result is the body (PEP
    /// 3333, "The write() Callable").
    if (this.#returned) {
      throw violation(
        "write() must not be called once the application has returned its result",
        `${show(data)}: yield it instead`,
        PEP.write,
      );
    }
    this.take(data);
    const written: unknown = write(data);
    /// server: `write()` must return a promise, which tells the application
    /// when to continue (PEP 3333, "Buffering and Streaming").
    if (!is_promise(written)) {
      throw violation(
        "the server's write() must return a promise",
        show(written),
        PEP.streaming,
      );
    }
    return written as Promise<void>;
  }
}
