/** `wsgi.input` and `wsgi.errors`, as the application gets them from the validator. */

import { stand_in } from "../streams/own_request.ts";
import type { ErrorStream, WSGIEnvironment } from "../../types.ts";
import { breach, count, PEP, show } from "./report.ts";

/**
 * A stream in the place of `wsgi.input`: one read of it is one read of the server's, and nothing is read
 * ahead.
 */
export class WatchedInput {
  /** The stream for the application. */
  readonly stream: ReadableStream<Uint8Array>;

  #source: ReadableStream<Uint8Array>;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  #reading = false;
  #finished = false;
  #length = 0;
  /** The bytes that have to come; null where nobody knows. */
  #expected: number | null;
  /** Whether a body may be dropped whole (RFC 9110, sections 9.3.1 and 9.3.2), as `Deno.serve` does. */
  #may_be_dropped: boolean;

  /** Stands in for the `wsgi.input` of `environ`. */
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

  /** Lets go of the server's stream: the response is finished. */
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
      throw breach(
        "wsgi.input must give Uint8Array",
        show(chunk),
        PEP.streams,
      );
    }
    this.#length += chunk.length;
    /// input: It must end where `CONTENT_LENGTH` says
    /// (PEP 3333, "Input and Error Streams").
    if (this.#expected !== null && this.#length > this.#expected) {
      throw breach(
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
    /// input: It must fail, and not end, where the body ends before
    /// `CONTENT_LENGTH`; but the body of a `GET` or a `HEAD` may be dropped whole
    /// (PEP 3333, "Input and Error Streams").
    if (this.#expected !== null && this.#length < this.#expected && !dropped) {
      throw breach(
        `wsgi.input must fail where the body is cut short of the CONTENT_LENGTH of ${
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
    /// input: It must not be read once the response is finished
    /// (PEP 3333, "Input and Error Streams").
    if (this.#finished) {
      throw breach(
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

/** A stream in the place of `wsgi.errors`, with nothing that an `ErrorStream` does not have. */
export class WatchedErrors implements ErrorStream {
  #errors: ErrorStream;

  /** Hands on to `errors`. */
  constructor(errors: ErrorStream) {
    this.#errors = errors;
  }

  write(text: string): void {
    /// errors: `write()` must be given a string
    /// (PEP 3333, "Input and Error Streams").
    if (typeof text !== "string") {
      throw breach(
        "wsgi.errors.write() must be given a string",
        show(text),
        PEP.streams,
      );
    }
    this.#errors.write(text);
  }

  writelines(lines: Iterable<string>): void {
    /// errors: `writelines()` must be given an iterable of strings, which a
    /// string alone is not meant to be (PEP 3333, "Input and Error Streams").
    if (typeof lines === "string" || !is_iterable(lines)) {
      throw breach(
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

  /** What the stream behind has to show: that of `setup_testing_defaults` its text. */
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
      throw breach(
        "a line for wsgi.errors.writelines() must be a string",
        show(line),
        PEP.streams,
      );
    }
    yield line;
  }
}

function refuse_end(method: string): never {
  /// errors: The application must not end it: it is the server's, and other
  /// requests write to it too (PEP 3333, "Input and Error Streams").
  throw breach(
    "wsgi.errors must be left open by the application",
    `${method}()`,
    PEP.streams,
  );
}
