/** `wsgi.input` and `wsgi.errors`, as the validator passes them to the application. */

import { stand_in } from "../streams/own_request.ts";
import type { ErrorStream, WSGIEnvironment } from "../../types.ts";
import { count, PEP, show, violation } from "./report.ts";

/** Replaces `wsgi.input`: each read is one read of the server's stream, and nothing is read ahead. */
export class WatchedInput {
  /** The stream for the application. */
  readonly stream: ReadableStream<Uint8Array>;

  #source: ReadableStream<Uint8Array>;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  #reading = false;
  #finished = false;
  #length = 0;
  /** The number of bytes expected; null if unknown. */
  #expected: number | null;
  /** Whether the server may drop the whole body (RFC 9110, sections 9.3.1 and 9.3.2), as `Deno.serve` does. */
  #may_be_dropped: boolean;

  /** Wraps the `wsgi.input` of `environ`. */
  constructor(environ: WSGIEnvironment) {
    const { CONTENT_LENGTH: expected, REQUEST_METHOD: method } = environ;
    this.#source = environ["wsgi.input"];
    this.#expected = expected ? Number(expected) : null;
    this.#may_be_dropped = method === "GET" || method === "HEAD";
    this.stream = new ReadableStream({
      pull: (controller) => this.#pull(controller),
      cancel: (reason) => this.#cancel(reason),
    }, { highWaterMark: 0 });
    stand_in(this.stream, this.#source);
  }

  /** Releases the server's stream when the response is finished. */
  finish(): void {
    this.#finished = true;
    if (!this.#reading) this.#release();
  }

  #release(): void {
    this.#reader?.releaseLock();
    this.#reader = null;
  }

  #check_chunk(chunk: unknown): void {
    /// input: Its chunks must be `Uint8Array`
    /// (PEP 3333, "Input and Error Streams").
    if (!(chunk instanceof Uint8Array)) {
      throw violation(
        "wsgi.input must yield Uint8Array",
        show(chunk),
        PEP.streams,
      );
    }
    this.#length += chunk.length;
    /// input: It must end at `CONTENT_LENGTH` (PEP 3333, "Input and Error
    /// Streams").
    if (this.#expected !== null && this.#length > this.#expected) {
      throw violation(
        `wsgi.input must end at the CONTENT_LENGTH of ${
          count(this.#expected, "byte")
        }`,
        String(this.#length),
        PEP.streams,
      );
    }
  }

  #check_end(): void {
    const dropped = this.#length === 0 && this.#may_be_dropped;
    /// input: It must fail, and not end, if the body ends before
    /// `CONTENT_LENGTH`; but the whole body of a `GET` or `HEAD` may be dropped
    /// (PEP 3333, "Input and Error Streams").
    if (this.#expected !== null && this.#length < this.#expected && !dropped) {
      throw violation(
        `wsgi.input must fail if the body is shorter than the CONTENT_LENGTH of ${
          count(this.#expected, "byte")
        }`,
        `an end after ${this.#length}`,
        PEP.streams,
      );
    }
  }

  async #pull(
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): Promise<void> {
    /// input: It must not be read after the response is finished (PEP 3333,
    /// "Input and Error Streams").
    if (this.#finished) {
      throw violation(
        "wsgi.input must not be read once the response is finished",
        "a read",
        PEP.streams,
      );
    }
    const step = await this.#read();
    if (step.done) {
      this.#check_end();
      controller.close();
    } else {
      this.#check_chunk(step.value);
      controller.enqueue(step.value);
    }
  }

  async #read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    this.#reader ??= this.#source.getReader();
    this.#reading = true;
    try {
      return await this.#reader.read();
    } finally {
      this.#reading = false;
      if (this.#finished) this.#release();
    }
  }

  async #cancel(reason: unknown): Promise<void> {
    await (this.#reader ?? this.#source).cancel(reason);
  }
}

/** Replaces `wsgi.errors`, with only the methods of an `ErrorStream`. */
export class WatchedErrors implements ErrorStream {
  #errors: ErrorStream;

  /** Wraps `errors`. */
  constructor(errors: ErrorStream) {
    this.#errors = errors;
  }

  write(text: string): void {
    /// errors: `write()` must be given a string
    /// (PEP 3333, "Input and Error Streams").
    if (typeof text !== "string") {
      throw violation(
        "wsgi.errors.write() must be given a string",
        show(text),
        PEP.streams,
      );
    }
    this.#errors.write(text);
  }

  writelines(lines: Iterable<string>): void {
    /// errors: `writelines()` must be given an iterable of strings, and not a
    /// single string (PEP 3333, "Input and Error Streams").
    if (typeof lines === "string" || !is_iterable(lines)) {
      throw violation(
        "wsgi.errors.writelines() must be given an iterable of strings",
        show(lines),
        PEP.streams,
      );
    }
    this.#errors.writelines(only_strings(lines));
  }

  flush(): void {
    this.#errors.flush();
  }

  /** Refused. */
  close(): never {
    return refuse_end("close");
  }

  /** Refused. */
  cancel(): never {
    return refuse_end("cancel");
  }

  /** The string of the wrapped stream: that of `setup_testing_defaults` returns its text. */
  toString(): string {
    return String(this.#errors);
  }
}

function is_iterable(value: unknown): boolean {
  return typeof (value as Partial<Iterable<unknown>> | null | undefined)
    ?.[Symbol.iterator] === "function";
}

function* only_strings(lines: Iterable<unknown>): Iterable<string> {
  for (const line of lines) {
    /// errors: Every line must be a string
    /// (PEP 3333, "Input and Error Streams").
    if (typeof line !== "string") {
      throw violation(
        "a line for wsgi.errors.writelines() must be a string",
        show(line),
        PEP.streams,
      );
    }
    yield line;
  }
}

function refuse_end(method: string): never {
  /// errors: The application must not close it, because it belongs to the
  /// server and other requests write to it too (PEP 3333, "Input and Error
  /// Streams").
  throw violation(
    "the application must not close wsgi.errors",
    `${method}()`,
    PEP.streams,
  );
}
