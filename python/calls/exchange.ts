/** One request to an application in Python: the counterpart of _tsgi_response.py. */

import { readSync } from "node:fs";
import type {
  HeaderList,
  StartResponse,
  Write,
  WSGIEnvironment,
  WSGIResult,
} from "@tsgi/serve/types";
import type { Bridge } from "./bridge.ts";
import type { FileStream } from "../interpreter/pyodide.ts";
import { type ExceptionReport, PythonError } from "../python_error.ts";
import type { RequestBody } from "./request_body.ts";
import { MOST_IN_MEMORY, TemporaryFile } from "./temporary_file.ts";

/** A request and its response. */
export class Exchange {
  readonly bridge: Bridge;
  readonly number: number;
  /** Values of the environ that are not strings. */
  extras: Record<string, unknown> | null = null;
  /** Blocks that are too long for the shared bytes. */
  kept: Uint8Array<ArrayBuffer> | null = null;
  #environ: WSGIEnvironment;
  #start_response: StartResponse;
  #body: RequestBody | null;
  #write: Write | null = null;
  #written: WrittenBlocks | null = null;
  /** How many bytes have been passed to `write()`. */
  #given = 0;

  constructor(
    bridge: Bridge,
    number: number,
    environ: WSGIEnvironment,
    start_response: StartResponse,
    body: RequestBody | null,
  ) {
    this.bridge = bridge;
    this.number = number;
    this.#environ = environ;
    this.#start_response = start_response;
    this.#body = body;
  }

  /**
   * Turns what Python has answered into a result.
   *
   * @param text The kind of the answer (see `put` in _tsgi_bridge.py) and its details, then a NUL and the head, which is
   * empty if it has been sent already.
   * @param size The size of `text` in Python's output; the blocks follow it.
   */
  begin(text: string, size: number): WSGIResult {
    const end = text.indexOf("\0");
    const kind = text[0]!;
    const details = text.slice(1, end);
    const head = text.slice(end + 1);
    if (kind === "-") return this.#fail(head);
    if (kind === "x") return this.#give_up(details, head);
    if (kind === "=" && !this.#written) {
      this.end();
      if (head !== "") this.#begin_response(head);
      return this.#blocks(details, size);
    }
    try {
      if (head !== "") this.#begin_response(head);
    } catch (error) {
      this.close();
      throw error;
    }
    if (kind === "@" && !this.#written) return this.#file(details);
    if (kind === "@") return new Blocks(this);
    const blocks = this.#blocks(details, size);
    if (kind === "+") return new Blocks(this, blocks[0]);
    // Python has closed the result. If that failed, close() still has to report the error.
    const close = kind === "!" ? () => this.close() : () => this.end();
    return this.#written
      ? new CompleteBlocks(this, blocks, close)
      : Object.assign(blocks, { close });
  }

  #fail(report: string): never {
    this.end();
    throw new PythonError(JSON.parse(report) as ExceptionReport);
  }

  /** Answers a call that took too long, with the same response as `limit_time` of @tsgi/serve. */
  #give_up(timeout: string, report: string): WSGIResult {
    if (this.#write) return this.#fail(report);
    this.end();
    const { REQUEST_METHOD, REQUEST_URI, SERVER_PROTOCOL } = this.#environ;
    const line = `${REQUEST_METHOD} ${REQUEST_URI ?? ""} ${SERVER_PROTOCOL}`;
    const { text } = JSON.parse(report) as ExceptionReport;
    this.log(
      `${quoted(line)} was not answered within ${timeout} s: 503\n${text}`,
    );
    const body = new TextEncoder().encode("Service Unavailable");
    this.#start_response("503 Service Unavailable", [
      ["Content-Type", "text/plain"],
      ["Content-Length", String(body.length)],
    ]);
    return REQUEST_METHOD === "HEAD" ? [] : [body];
  }

  #begin_response(head: string): void {
    const parts = head.split("\0");
    const headers: HeaderList = [];
    for (let index = 1; index < parts.length; index += 2) {
      headers.push([parts[index]!, parts[index + 1]!]);
    }
    this.#write = this.#start_response(parts[0]!, headers);
  }

  /** The blocks that follow the head. */
  #blocks(sizes: string, start: number): Uint8Array<ArrayBuffer>[] {
    if (sizes === "") return [];
    const { kept } = this;
    if (kept === null && !sizes.includes(",")) {
      return [this.bridge.output(start, start + Number(sizes))];
    }
    const lengths = sizes.split(",").map(Number);
    const total = lengths.reduce((sum, length) => sum + length, 0);
    const bytes = kept ?? this.bridge.output(start, start + total);
    this.kept = null;
    let at = 0;
    return lengths.map((length) => bytes.subarray(at, at += length));
  }

  /** A result that the server reads from disk; a file that only Python knows is read by Python. */
  #file(details: string): WSGIResult {
    const [fd, position] = details.split(",").map(Number);
    const stream = this.bridge.file_of(fd!);
    const wrapper = this.#environ["wsgi.file_wrapper"];
    if (stream === null || wrapper === undefined) return new Blocks(this);
    return wrapper(new OpenFile(this, stream, position!));
  }

  /** Sends what was passed to `write()`; returns an error message if that is not possible. */
  write(head: string | undefined, data: Uint8Array): string | undefined {
    try {
      if (head !== undefined) this.#begin_response(head);
      this.#given += data.length;
      if (this.#given > MOST_IN_MEMORY) {
        this.#written ??= new WrittenBlocks(this.bridge.temporary);
        this.#written.put(data);
      } else {
        this.#write!(data).catch(() => {}); // The handler reports it.
      }
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** The next block that was passed to `write()` and has not been sent yet; null if there is none. */
  next_written(): Uint8Array | null {
    return this.#written && this.#written.next();
  }

  /** Reads the next bytes of the request body into `block`; returns how many, 0 at the end. */
  take(block: Uint8Array): number {
    return this.#body?.take(block) ?? 0;
  }

  /** Writes to `wsgi.errors`. */
  log(text: string): void {
    this.#environ["wsgi.errors"].write(text);
  }

  /** Closes the result. */
  close(): void {
    try {
      this.bridge.close(this.number);
    } finally {
      this.end();
    }
  }

  /** Releases what the exchange holds. */
  end(): void {
    this.bridge.forget(this.number);
    this.#body?.close();
    this.#written?.close();
  }
}

/** A text for the log that cannot contain a line break. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(/[^ -~]/g, encodeURIComponent);
}

/** The size of the blocks that are read back from the file, in bytes. */
const BLOCK = 65536;

/**
 * Blocks that were passed to `write()` faster than the client takes them, which it cannot wait for. They are kept in a
 * temporary file, or in memory if that is not allowed.
 */
class WrittenBlocks {
  #blocks: Uint8Array[] = [];
  #file: TemporaryFile | null = null;

  constructor(folder: string) {
    try {
      this.#file = new TemporaryFile(folder);
    } catch {
      // A response is worth more than memory.
    }
  }

  put(block: Uint8Array): void {
    if (this.#file) this.#file.put(block);
    else this.#blocks.push(block);
  }

  next(): Uint8Array | null {
    if (!this.#file) return this.#blocks.shift() ?? null;
    if (this.#file.left === 0) return null;
    const block = new Uint8Array(Math.min(BLOCK, this.#file.left));
    return block.subarray(0, this.#file.take(block));
  }

  close(): void {
    this.#file?.close();
  }
}

/** The blocks of a result, each preceded by what was passed to `write()` before it. */
abstract class WrittenFirst implements IterableIterator<Uint8Array> {
  protected exchange: Exchange;
  /** The next block of the result; null at the end, undefined if it has not been taken yet. */
  #next: Uint8Array | null | undefined;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  /** Takes the next block of the result; null at the end. */
  abstract step(): Uint8Array | null;

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Uint8Array> {
    if (this.#next === undefined) this.#next = this.step();
    const written = this.exchange.next_written();
    if (written) return { done: false, value: written };
    const value = this.#next;
    if (value === null) return { done: true, value: undefined };
    this.#next = undefined;
    return { done: false, value };
  }
}

/** A result whose blocks are taken from Python one by one. */
class Blocks extends WrittenFirst {
  #first: Uint8Array | null;
  #ended = false;

  constructor(exchange: Exchange, first: Uint8Array | null = null) {
    super(exchange);
    this.#first = first;
  }

  step(): Uint8Array | null {
    const first = this.#first;
    if (first) {
      this.#first = null;
      return first;
    }
    if (this.#ended) return null;
    const { bridge, number } = this.exchange;
    const size = bridge.step(number);
    if (size > 0) return bridge.output(0, size);
    if (size === -2) return this.exchange.kept;
    this.#ended = true;
    if (size < 0) throw bridge.error_of(number);
    return null;
  }

  close(): void {
    this.#ended = true;
    this.exchange.close();
  }
}

/** A result that is complete, and that Python has closed. */
class CompleteBlocks extends WrittenFirst {
  #blocks: Uint8Array[];
  readonly close: () => void;

  constructor(exchange: Exchange, blocks: Uint8Array[], close: () => void) {
    super(exchange);
    this.#blocks = blocks;
    this.close = close;
  }

  step(): Uint8Array | null {
    return this.#blocks.shift() ?? null;
  }
}

/** A file that Python has opened, with the methods that a server needs to send it. */
class OpenFile {
  #exchange: Exchange;
  #fd: number;
  #position: number;

  constructor(exchange: Exchange, stream: FileStream, position: number) {
    this.#exchange = exchange;
    this.#fd = stream.nfd!;
    this.#position = position;
  }

  read(block: Uint8Array): Promise<number | null> {
    const size = readSync(this.#fd, block, 0, block.length, this.#position);
    this.#position += size;
    return Promise.resolve(size || null);
  }

  close(): void {
    this.#exchange.close();
  }
}
