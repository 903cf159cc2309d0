/** One request on its way through an application of Python: the other half of _tsgi_response.py. */

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

export class Exchange {
  readonly bridge: Bridge;
  readonly number: number;
  /** Values of the environ that are no strings. */
  extras: Record<string, unknown> | null = null;
  /** A block that is too long for the way that others take. */
  kept: Uint8Array<ArrayBuffer> | null = null;
  #environ: WSGIEnvironment;
  #start_response: StartResponse;
  #body: RequestBody | null;
  #write: Write | null = null;
  #written: WrittenBlocks | null = null;
  /** How many bytes `write()` has been given. */
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
   * What Python has answered, as a result.
   *
   * @param text The kind of the answer, what belongs to that, a NUL and the head, unless that has gone out.
   * @param size How many bytes that took: the blocks follow.
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
    // Complete, and closed by Python; where that has failed, its error is still there.
    const close = kind === "!" ? () => this.close() : () => this.end();
    return this.#written
      ? new CompleteBlocks(this, blocks, close)
      : Object.assign(blocks, { close });
  }

  #fail(report: string): never {
    this.end();
    throw new PythonError(JSON.parse(report) as ExceptionReport);
  }

  /** A call that has taken too long: it is answered as `limit_time` of @tsgi/serve does. */
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

  /** The blocks that follow the head, each as Python gave it. */
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

  /** A file, which the server reads by itself; one that Python alone knows is read there. */
  #file(details: string): WSGIResult {
    const [fd, position] = details.split(",").map(Number);
    const stream = this.bridge.file_of(fd!);
    const wrapper = this.#environ["wsgi.file_wrapper"];
    if (stream === null || wrapper === undefined) return new Blocks(this);
    return wrapper(new OpenFile(this, stream, position!));
  }

  /** Sends by `write()`; gives the reason where that is not possible. */
  write(head: string | undefined, data: Uint8Array): string | undefined {
    try {
      if (head !== undefined) this.#begin_response(head);
      this.#given += data.length;
      if (this.#given > MOST_IN_MEMORY) {
        this.#written ??= new WrittenBlocks(this.bridge.temporary);
        this.#written.put(data);
      } else {
        this.#write!(data).catch(() => {}); // The handler knows, and ends the response with it.
      }
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** What `write()` has been given that has not gone out yet, block by block; null where there is none. */
  next_written(): Uint8Array | null {
    return this.#written && this.#written.next();
  }

  /** Puts the next bytes of the request body into `block`. */
  take(block: Uint8Array): number {
    return this.#body?.take(block) ?? 0;
  }

  /** Writes to `wsgi.errors`. */
  log(text: string): void {
    this.#environ["wsgi.errors"].write(text);
  }

  /** Has Python close the result. */
  close(): void {
    try {
      this.bridge.close(this.number);
    } finally {
      this.end();
    }
  }

  /** Lets go of what the exchange holds. */
  end(): void {
    this.bridge.forget(this.number);
    this.#body?.close();
    this.#written?.close();
  }
}

/** A text for the log, in which nobody can begin another line. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(/[^ -~]/g, encodeURIComponent);
}

/** So much is taken at once of what was written. */
const BLOCK = 65536;

/**
 * What `write()` is given faster than a client takes it, as a call of Python cannot wait: behind the first part, which
 * the server keeps, it is kept in a temporary file, or in memory where that is not allowed.
 */
class WrittenBlocks {
  #blocks: Uint8Array[] = [];
  #file: TemporaryFile | null = null;

  constructor(folder: string) {
    try {
      this.#file = new TemporaryFile(folder);
    } catch {
      // The response is more important than the memory.
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

/** Blocks that Python has, each behind what it has written before. */
abstract class WrittenFirst implements IterableIterator<Uint8Array> {
  protected exchange: Exchange;
  /** The block that comes next; null at the end, undefined where that is not known. */
  #next: Uint8Array | null | undefined;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  /** The next block of Python; null at the end. */
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

/** The blocks of a result that Python makes step by step. */
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

/** The blocks of a result that is complete, and closed by Python. */
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

/** A file that Python has opened, as a server reads it. */
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
