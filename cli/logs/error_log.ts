/** The error log of the command: `wsgi.errors`, the stacks of errors, and the server's own messages. */

import {
  clock_time,
  escape_controls,
  two_digits,
} from "../../_internal/text/log.ts";
import type { ErrorStream } from "../../types.ts";
import { utc_offset } from "./access_format.ts";
import { type LogFile, open_log } from "./log_file.ts";
import { UsageError } from "../settings/usage_error.ts";
import { type Paint, painter, plain } from "../terminal.ts";

/** The values of `--log-level`, from the least to the most important. */
export const LOG_LEVELS = [
  "debug",
  "info",
  "warning",
  "error",
  "critical",
] as const;

/** One of `LOG_LEVELS`. */
export type LogLevel = typeof LOG_LEVELS[number];

/**
 * Opens the error log.
 *
 * @param logfile The value of `--error-logfile`: a file, or `-` for the process's stderr.
 * @param level The value of `--log-level`, in lower or upper case.
 * @throws {UsageError} If the file cannot be opened, or there is no such level.
 */
export function open_error_log(logfile: string, level: string): ErrorLog {
  const least = LOG_LEVELS.findIndex((name) => name === level.toLowerCase());
  if (least < 0) {
    throw new UsageError(
      `--log-level takes debug, info, warning, error or critical, got "${level}"`,
    );
  }
  // Unbuffered: an error should be seen immediately, and nothing may be lost in a crash.
  const file = open_log(logfile, "--error-logfile", { buffered: false });
  const paint = logfile === "-" ? painter(Deno.stderr) : plain;
  return new ErrorLog(file, least, paint);
}

/** An error log, and a `wsgi.errors`: text is in the file when `write` returns. */
export class ErrorLog implements ErrorStream {
  #file: LogFile;
  #least: number;
  #paint: Paint;

  /**
   * Writes to `file`.
   *
   * @param least The index in `LOG_LEVELS` of the lowest level to write.
   * @param paint Colours the levels from `warning` on.
   */
  constructor(file: LogFile, least: number, paint = plain) {
    this.#file = file;
    this.#least = least;
    this.#paint = paint;
  }

  /** Writes `text` unchanged, at any level. */
  write(text: string): void {
    this.#file.write(text);
  }

  /** Writes every string of `lines`, at any level. */
  writelines(lines: Iterable<string>): void {
    for (const line of lines) this.write(line);
  }

  /** Does nothing: everything is written. */
  flush(): void {}

  /**
   * Writes one of the server's own messages as one line, in gunicorn's format:
   * `[2026-11-21 00:55:42 +0100] [4242] [INFO] message`. Control characters are escaped. Does nothing if the level
   * is too low.
   */
  log(level: LogLevel, message: string): void {
    this.log_text(level, `${escape_controls(message)}\n`);
  }

  /** Like `log`, but writes `text` unchanged: it must end in a line feed, and may have several lines. */
  log_text(level: LogLevel, text: string): void {
    if (LOG_LEVELS.indexOf(level) < this.#least) return;
    const time = format_time(new Date());
    const shown = this.#painted(`[${level.toUpperCase()}]`, level);
    this.write(`[${time}] [${Deno.pid}] ${shown} ${text}`);
  }

  #painted(text: string, level: LogLevel): string {
    if (level === "debug" || level === "info") return text;
    return this.#paint(text, level === "warning" ? "yellow" : "red");
  }

  /** Reopens the file, as `LogFile` does. */
  reopen(): void {
    this.#file.reopen();
  }

  /** Closes the file. Anything written later is lost. */
  close(): void {
    this.#file.close();
  }
}

/** Local time with its offset: `2026-11-21 00:55:42 +0100`. */
function format_time(now: Date): string {
  const month = two_digits(now.getMonth() + 1);
  const date = `${now.getFullYear()}-${month}-${two_digits(now.getDate())}`;
  return `${date} ${clock_time(now)} ${utc_offset(now)}`;
}
