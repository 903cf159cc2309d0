/** A file that lines are appended to: they are buffered for a moment, and none is lost when the process ends. */

import { stderr } from "../../_internal/streams/error_stream.ts";
import { file_url } from "../settings/file_url.ts";
import { UsageError } from "../settings/usage_error.ts";

/** The maximum length of the buffer, in characters. */
const FULL = 64 * 1024;

/** The maximum time that a line stays in the buffer, in milliseconds. */
const DELAY = 100;

/** How many bytes Linux writes to a pipe atomically (PIPE_BUF in pipe(7)). */
const BLOCK = 4096;

const LINE_FEED = 10;

const encoder = new TextEncoder();

/** What a log is written to: a file, or the process's stderr. */
type Output = Pick<Deno.FsFile, "writeSync" | "close">;

type Timer = ReturnType<typeof setTimeout>;

/** Options of a log file. */
export interface LogFileOptions {
  /**
   * Whether lines are buffered.
   *
   * @default {true}
   */
  buffered?: boolean;
  /**
   * Receives a line when the file cannot be written, and when it can be again.
   *
   * @default {writes the line to the process's stderr}
   */
  report?: (message: string) => void;
}

/**
 * Opens a log to append to.
 *
 * @param path A file, which is created if necessary, or `-` for the process's stderr.
 * @param option The option that names it, for messages.
 * @throws {UsageError} If the file cannot be opened.
 */
export function open_log(
  path: string,
  option: string,
  options: LogFileOptions = {},
): LogFile {
  try {
    return new LogFile(path, option, options);
  } catch (error) {
    throw new UsageError(
      `cannot open ${option}: ${message_of(error)}`,
      { cause: error },
    );
  }
}

/**
 * A log that is appended to.
 *
 * Text is buffered until it reaches 64 KiB, for 100 ms, or to the end of the process: a normal one, `Deno.exit()`, an
 * uncaught error or an unhandled rejection. It is lost if the process is ended by a signal without a listener, or if a
 * listener that was added earlier stops the event; so a log is opened before an application is loaded.
 *
 * Nothing here throws, because a request must not fail if it cannot be logged. Lines that cannot be written are
 * dropped, and the next lines are tried again.
 */
export class LogFile {
  /** How many lines could not be written. */
  lost = 0;

  /** Absolute, so that `reopen()` works after the process has changed its working directory; null for stderr. */
  #path: URL | null;
  #option: string;
  #report: (message: string) => void;
  /** Null when closed. */
  #output: Output | null;
  /** The maximum length of the buffer. */
  #limit: number;
  #kept = "";
  #timer: Timer | null = null;
  /** The value of `lost` when writing began to fail; null while it works. */
  #lost_before: number | null = null;
  /** Whether the last write ended in the middle of a line. */
  #torn = false;

  /** A normal end fires `unload`; an error that ends the process only fires an event for that error. */
  #listeners: [type: string, listener: () => void][] = [
    ["unload", () => this.#end()],
    ["error", () => this.flush()],
    ["unhandledrejection", () => this.flush()],
  ];

  /**
   * Opens the file. The arguments are those of `open_log`.
   *
   * @throws {Error} If it cannot be opened.
   */
  constructor(path: string, option: string, options: LogFileOptions = {}) {
    const { buffered = true, report = say } = options;
    this.#path = path === "-" ? null : file_url(path);
    this.#option = option;
    this.#report = report;
    this.#limit = buffered ? FULL : 0;
    this.#output = this.#path === null ? Deno.stderr : open(this.#path);
    if (!buffered) return; // The buffer is always empty.
    for (const [type, listener] of this.#listeners) {
      addEventListener(type, listener);
    }
  }

  /** Buffers `text`, which must end in a line feed. */
  write(text: string): void {
    this.#kept += text;
    if (this.#kept.length >= this.#limit) this.flush();
    else this.#timer ??= flush_later(this);
  }

  /** Writes the buffer. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#kept === "") return;
    const kept = this.#kept;
    this.#kept = "";
    this.#append(encoder.encode(kept));
  }

  /**
   * Closes the file and opens its path again, after a program such as logrotate has renamed the file. If that fails,
   * the old file is kept.
   */
  reopen(): void {
    this.flush();
    if (this.#path === null || this.#output === null) return;
    try {
      const output = open(this.#path);
      this.#output.close();
      this.#output = output;
      this.#torn = false;
    } catch (error) {
      this.#report(
        `cannot reopen ${this.#option}: ${message_of(error)}`,
      );
    }
  }

  /** Flushes the buffer and closes the file. Anything written later is lost. */
  close(): void {
    this.flush();
    for (const [type, listener] of this.#listeners) {
      removeEventListener(type, listener);
    }
    if (this.#path !== null) this.#output?.close();
    this.#output = null;
    this.#limit = 0;
  }

  /** Stops buffering: other listeners may still log something, but no timer fires any more. */
  #end(): void {
    this.#limit = 0;
    this.flush();
  }

  #append(bytes: Uint8Array): void {
    if (this.#output === null) {
      this.lost += count_lines(bytes);
      return;
    }
    try {
      // The next line must not look like the rest of a torn one.
      if (this.#torn) this.#output.writeSync(LINE_END);
      this.#torn = false;
    } catch (error) {
      return this.#fail(error, bytes);
    }
    const { written, error } = write_blocks(this.#output, bytes);
    if (written === bytes.length) return this.#recover();
    this.#torn = written > 0 && bytes[written - 1] !== LINE_FEED;
    this.#fail(error, bytes.subarray(written));
  }

  #fail(error: unknown, rest: Uint8Array): void {
    const is_first = this.#lost_before === null;
    this.#lost_before ??= this.lost;
    this.lost += count_lines(rest);
    if (!is_first) return;
    this.#report(
      `cannot write to ${this.#option}, lines are lost: ${message_of(error)}`,
    );
  }

  #recover(): void {
    if (this.#lost_before === null) return;
    const lost = this.lost - this.#lost_before;
    this.#lost_before = null;
    this.#report(
      `writing to ${this.#option} again, lines lost: ${lost}`,
    );
  }
}

const LINE_END = new Uint8Array([LINE_FEED]);

function open(path: URL): Deno.FsFile {
  return Deno.openSync(path, { append: true, create: true });
}

/** A timer that does not keep the process alive. */
function flush_later(file: LogFile): Timer {
  const timer = setTimeout(() => file.flush(), DELAY);
  Deno.unrefTimer(timer);
  return timer;
}

/** Writes in blocks of whole lines, so that several processes can write to the same pipe without mixing their lines. */
function write_blocks(
  output: Output,
  bytes: Uint8Array,
): { written: number; error: unknown } {
  let written = 0;
  try {
    while (written < bytes.length) {
      const end = end_of_block(bytes, written);
      while (written < end) {
        written += output.writeSync(bytes.subarray(written, end));
      }
    }
  } catch (error) {
    return { written, error };
  }
  return { written, error: null };
}

/** The end of the block that begins at `start`: after as many lines as fit, or after one that is longer. */
function end_of_block(bytes: Uint8Array, start: number): number {
  const most = start + BLOCK;
  if (most >= bytes.length) return bytes.length;
  const last = bytes.lastIndexOf(LINE_FEED, most - 1);
  if (last >= start) return last + 1;
  const next = bytes.indexOf(LINE_FEED, most);
  return next < 0 ? bytes.length : next + 1;
}

function count_lines(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === LINE_FEED) count++;
  return count;
}

function message_of(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function say(message: string): void {
  stderr.write(`error: ${message}\n`);
}
