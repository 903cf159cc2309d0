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
import type { FileStream } from "./pyodide.ts";
import { type ExceptionReport, PythonError } from "./python_error.ts";
import type { RequestBody } from "./request_body.ts";

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
    if (kind === "=") {
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
    if (kind === "!") return this.#closing(this.#blocks(details, size));
    return kind === "@"
      ? this.#file(details)
      : new Blocks(this, this.#blocks(details, size)[0]!);
  }

  #fail(report: string): never {
    this.end();
    throw new PythonError(JSON.parse(report) as ExceptionReport);
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

  /** A result that is complete, and whose `close()` has failed. */
  #closing(blocks: Uint8Array[]): WSGIResult {
    return Object.assign(blocks, { close: () => this.close() });
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
      this.#write!(data).catch(() => {}); // The handler knows, and ends the response with it.
    } catch (error) {
      return (error as Error).message;
    }
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
  }
}

/** The blocks of a result that Python makes step by step. */
class Blocks implements IterableIterator<Uint8Array> {
  #exchange: Exchange;
  #first: Uint8Array | null;
  #ended = false;

  constructor(exchange: Exchange, first: Uint8Array | null = null) {
    this.#exchange = exchange;
    this.#first = first;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Uint8Array> {
    const value = this.#first ?? this.#step();
    this.#first = null;
    return value ? { done: false, value } : { done: true, value: undefined };
  }

  #step(): Uint8Array | null {
    if (this.#ended) return null;
    const { bridge, number } = this.#exchange;
    const size = bridge.step(number);
    if (size > 0) return bridge.output(0, size);
    if (size === -2) return this.#exchange.kept;
    this.#ended = true;
    if (size < 0) throw bridge.error_of(number);
    return null;
  }

  close(): void {
    this.#ended = true;
    this.#exchange.close();
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
