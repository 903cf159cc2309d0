/** A connection of a gateway: what comes in is parsed from a buffer, what goes out keeps its order. */

import { disconnected } from "./disconnect.ts";
import { DONE } from "../promise.ts";

/** What a parser found at the beginning of the data; a view of them is good until more is asked of the connection. */
export interface Parsed<T> {
  value: T;
  /** How many bytes it took. */
  length: number;
}

/** Parses the beginning of some data; null where more is needed. */
export type Parser<T> = (data: Uint8Array) => Parsed<T> | null;

/** What most heads fit into. */
const BUFFER_SIZE = 4096;

/** Buffers that nobody uses just now: to make one for each connection takes a tenth of an SCGI request. */
const buffers: Uint8Array<ArrayBuffer>[] = [];

/** How many of them are kept. */
const MOST_BUFFERS = 256;

function take_buffer(): Uint8Array<ArrayBuffer> {
  return buffers.pop() ?? new Uint8Array(BUFFER_SIZE);
}

/** Leaves a buffer, which nothing is read into or written from any more, to whoever takes the next. */
function leave_buffer(buffer: Uint8Array<ArrayBuffer>): void {
  if (buffer.length !== BUFFER_SIZE || buffers.length === MOST_BUFFERS) return;
  buffers.push(buffer);
}

const NOTHING = new Uint8Array();

/** The most that a stream reads at once, unless it is asked for less or more. */
const BLOCK_SIZE = 65536;

/** How long nothing may come in before a connection that is only drained is closed, in milliseconds. */
const LINGER = 30_000;

export class Connection {
  #conn: Deno.Conn;
  #buffer = take_buffer();
  #filling = false;
  #start = 0;
  #end = 0;
  /** How many bytes the streams of `readable` have given. */
  bytes_read = 0;
  #last_write: Promise<void> = DONE;
  /** How many writes are under way. */
  #writes = 0;
  #closed = false;
  /** Set while nothing is waited for but the end of the connection. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
    set_no_delay(conn);
  }

  /** Whether it has been closed: what came in is no longer there. */
  get is_closed(): boolean {
    return this.#closed;
  }

  /** Whether nothing has come in that was not taken. */
  get is_empty(): boolean {
    return this.#start === this.#end;
  }

  /**
   * What `parse` finds in what has come in; null where it needs more.
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
   * Waits for more to come in.
   *
   * @returns Whether it has; if not, the connection has ended.
   * @throws {Deno.errors.UnexpectedEof} If it has ended within something.
   */
  async more(): Promise<boolean> {
    if (this.is_empty) this.#start = this.#end = 0;
    if (this.#end === this.#buffer.length) this.#make_room();
    this.#filling = true;
    const length = await this.#read(this.#buffer.subarray(this.#end));
    this.#filling = false;
    if (length !== null) {
      this.#end += length;
      return true;
    }
    if (this.is_empty) return false;
    throw new Deno.errors.UnexpectedEof(
      `the connection ended after ${this.#end - this.#start} bytes of it`,
    );
  }

  /**
   * What comes in behind what was parsed, as a stream that reads no more than it is asked for.
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

  /** Writes all of `data` behind what was written before; fails as a client does that has gone. */
  write(data: Uint8Array): Promise<void> {
    return this.#write(data, NOTHING);
  }

  /** Writes `size` bytes, which `fill` puts at the beginning of a buffer. */
  send(size: number, fill: (buffer: Uint8Array) => void): Promise<void> {
    const buffer = size > BUFFER_SIZE ? new Uint8Array(size) : take_buffer();
    fill(buffer);
    return this.#write(buffer.subarray(0, size), buffer);
  }

  /** Writes `data`, and leaves `buffer`, which they are in, to others. */
  #write(data: Uint8Array, buffer: Uint8Array<ArrayBuffer>): Promise<void> {
    const before = this.#writes++ > 0 ? this.#last_write : null;
    return this.#last_write = this.#write_behind(before, data, buffer);
  }

  /** Settles when all that was written has been sent; fails as a client does that has gone. */
  written(): Promise<void> {
    return this.#last_write;
  }

  /** Closes the connection at once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#last_write.catch(() => {}); // Whoever wrote has been told.
    this.#conn.close();
    if (!this.#filling) this.#give_back();
  }

  /**
   * Ends what goes out. What still comes in has to be taken to its end, so that the peer can read what it was sent: to
   * close a connection with data unread makes a reset of it.
   */
  async end(): Promise<void> {
    await this.#last_write;
    await this.#conn.closeWrite();
    this.#linger();
  }

  /** Ends what goes out, drops what still comes in, and closes the connection. */
  async finish(): Promise<void> {
    await this.end().catch(() => {}); // It has gone, which is what is waited for.
    await this.drain();
    this.close();
  }

  /** Drops what still comes in; settles when the peer has ended it, or has gone. */
  async drain(): Promise<void> {
    try {
      do this.#start = this.#end; while (await this.more());
    } catch {
      // It has gone.
    }
  }

  /** Closes the connection when nothing comes in any more. */
  #linger(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close(), LINGER);
  }

  /** What is in the buffer goes first. */
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

  /** Leaves the buffer to another connection. */
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
    if (this.#closed) return Promise.reject(disconnected()); // The buffer has been given back.
    if (this.#timer !== undefined) this.#linger();
    return this.#conn.read(view).catch(lost);
  }
}

/** Whatever went wrong with a connection, its peer has gone. */
function lost(): never {
  throw disconnected();
}

/** Without it a server in front that writes twice waits for an acknowledgement in between, some 40 ms. */
function set_no_delay(conn: Deno.Conn): void {
  try {
    if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay();
  } catch {
    // The peer has gone already; the first read will say so.
  }
}
