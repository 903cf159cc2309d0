/** A connection of a gateway: input is parsed from a buffer, output keeps its order. */

import { disconnected } from "./disconnect.ts";
import { DONE } from "../promise.ts";

/**
 * What a parser found at the beginning of the data; views of the data are valid until the next read from the
 * connection.
 */
export interface Parsed<T> {
  value: T;
  /** The number of bytes parsed. */
  length: number;
}

/** Parses the beginning of the data; returns null if it needs more. */
export type Parser<T> = (data: Uint8Array) => Parsed<T> | null;

/** Most heads fit into this size. */
const BUFFER_SIZE = 4096;

/** Unused buffers: allocating one for each connection takes a tenth of an SCGI request. */
const buffers: Uint8Array<ArrayBuffer>[] = [];

/** The maximum number of unused buffers. */
const MOST_BUFFERS = 256;

function take_buffer(): Uint8Array<ArrayBuffer> {
  return buffers.pop() ?? new Uint8Array(BUFFER_SIZE);
}

/** Returns a buffer to the pool once no read or write uses it. */
function leave_buffer(buffer: Uint8Array<ArrayBuffer>): void {
  if (buffer.length !== BUFFER_SIZE || buffers.length === MOST_BUFFERS) return;
  buffers.push(buffer);
}

const NOTHING = new Uint8Array();

/** The default size of a stream's reads. */
const BLOCK_SIZE = 65536;

/** How long a connection that is being drained may be idle before it is closed, in milliseconds. */
const LINGER = 30_000;

export class Connection {
  #conn: Deno.Conn;
  #buffer = take_buffer();
  #filling = false;
  #start = 0;
  #end = 0;
  /** The number of bytes read from the streams of `readable`. */
  bytes_read = 0;
  #last_write: Promise<void> = DONE;
  /** The number of pending writes. */
  #writes = 0;
  #closed = false;
  /** Set while only the end of the connection is awaited. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
    set_no_delay(conn);
  }

  /** Whether it has been closed, and its buffered input dropped. */
  get is_closed(): boolean {
    return this.#closed;
  }

  /** Whether all input has been parsed. */
  get is_empty(): boolean {
    return this.#start === this.#end;
  }

  /**
   * Parses the buffered input; returns null if `parse` needs more.
   *
   * @throws What `parse` throws.
   */
  take<T>(parse: Parser<T>): T | null {
    if (this.is_empty) return null;
    const found = parse(this.#buffer.subarray(this.#start, this.#end));
    if (!found) return null;
    this.#start += found.length;
    return found.value;
  }

  /**
   * Waits for more input.
   *
   * @returns False if the connection has ended.
   * @throws {Deno.errors.UnexpectedEof} If it has ended with unparsed input.
   */
  async more(): Promise<boolean> {
    if (this.is_empty) this.#start = this.#end = 0;
    if (this.#end === this.#buffer.length) this.#make_room();
    this.#filling = true;
    // Of a new connection, it is all of the buffer, and a view of that takes time.
    const room = this.#end === 0
      ? this.#buffer
      : this.#buffer.subarray(this.#end);
    const length = await this.#read(room);
    this.#filling = false;
    if (length !== null) {
      this.#end += length;
      return true;
    }
    if (this.is_empty) return false;
    throw new Deno.errors.UnexpectedEof(
      `the connection ended after ${
        this.#end - this.#start
      } bytes of an incomplete request`,
    );
  }

  /**
   * The input after what was parsed, as a stream that reads only what is requested.
   *
   * @param on_read Called when `bytes_read` has grown.
   */
  readable(on_read: () => void): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({
      type: "bytes",
      autoAllocateChunkSize: BLOCK_SIZE,
      pull: async (controller) => {
        const request = controller.byobRequest!;
        const length = await this.#read_behind(request.view as Uint8Array);
        if (length === null) controller.close();
        request.respond(length ?? 0);
        if (length !== null) on_read();
      },
    });
  }

  /** Writes all of `data` after earlier writes. Fails as on a disconnect. */
  write(data: Uint8Array): Promise<void> {
    return this.#write(data, NOTHING);
  }

  /** Writes `size` bytes, which `fill` writes to the beginning of a buffer. */
  send(size: number, fill: (buffer: Uint8Array) => void): Promise<void> {
    const buffer = size > BUFFER_SIZE ? new Uint8Array(size) : take_buffer();
    fill(buffer);
    return this.#write(buffer.subarray(0, size), buffer);
  }

  /** Writes `data`, then returns the `buffer` that contains them to the pool. */
  #write(data: Uint8Array, buffer: Uint8Array<ArrayBuffer>): Promise<void> {
    const before = this.#writes++ > 0 ? this.#last_write : null;
    return this.#last_write = this.#write_behind(before, data, buffer);
  }

  /** Resolves when all writes have been sent. Fails as on a disconnect. */
  written(): Promise<void> {
    return this.#last_write;
  }

  /** Closes the connection at once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#last_write.catch(() => {}); // The writer has got the error.
    this.#conn.close();
    if (!this.#filling) this.#give_back();
  }

  /**
   * Ends the output. The rest of the input has to be read to its end, so that the peer can read the output: closing a
   * connection with unread data resets it.
   */
  async end(): Promise<void> {
    await this.#last_write;
    await this.#conn.closeWrite();
    this.#linger();
  }

  /** Ends the output, drops further input, and closes the connection. */
  async finish(): Promise<void> {
    await this.end().catch(() => {}); // The peer has disconnected, which is what is awaited.
    await this.drain();
    this.close();
  }

  /** Drops further input; resolves when the peer has ended it or disconnected. */
  async drain(): Promise<void> {
    try {
      do this.#start = this.#end; while (await this.more());
    } catch {
      // The peer has disconnected.
    }
  }

  /** Closes the connection when it has been idle for a while. */
  #linger(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close(), LINGER);
  }

  /** Reads from the buffer first, then from the connection. */
  async #read_behind(view: Uint8Array): Promise<number | null> {
    let length = Math.min(view.length, this.#end - this.#start);
    if (length > 0) {
      view.set(this.#buffer.subarray(this.#start, this.#start + length));
      this.#start += length;
    } else {
      const read = await this.#read(view);
      if (read === null) return null;
      length = read;
    }
    this.bytes_read += length;
    return length;
  }

  async #write_behind(
    before: Promise<void> | null,
    data: Uint8Array,
    buffer: Uint8Array<ArrayBuffer>,
  ): Promise<void> {
    try {
      if (before) await before;
      let sent = await this.#conn.write(data);
      while (sent < data.length) {
        sent += await this.#conn.write(data.subarray(sent));
      }
    } catch {
      throw disconnected();
    } finally {
      this.#writes--;
      leave_buffer(buffer);
    }
  }

  /** Returns the buffer to the pool. */
  #give_back(): void {
    leave_buffer(this.#buffer);
    this.#buffer = NOTHING;
    this.#start = this.#end = 0;
  }

  #make_room(): void {
    const kept = this.#buffer.subarray(this.#start, this.#end);
    const larger = this.#start > 0
      ? this.#buffer
      : new Uint8Array(2 * this.#buffer.length);
    larger.set(kept);
    this.#buffer = larger;
    this.#end = kept.length;
    this.#start = 0;
  }

  #read(view: Uint8Array): Promise<number | null> {
    if (this.#closed) return Promise.reject(disconnected()); // The buffer is back in the pool.
    if (this.#timer !== undefined) this.#linger();
    return this.#conn.read(view).catch(lost);
  }
}

/** Any error of a connection means that its peer has disconnected. */
function lost(): never {
  throw disconnected();
}

/** Without it, a server in front that writes twice waits for an acknowledgement in between, about 40 ms. */
function set_no_delay(conn: Deno.Conn): void {
  try {
    if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay();
  } catch {
    // The peer has already disconnected; the first read will report it.
  }
}
