/** The access log of the command: one line for each response. */

import {
  type AccessFormat,
  type Answered,
  compile_format,
} from "./access_format.ts";
import { type LogFile, open_log } from "./log_file.ts";

/**
 * Opens the access log.
 *
 * @param logfile The value of `--access-logfile`: a file, `-` for the process's stderr, or `none`.
 * @param format The value of `--access-logformat`.
 * @param report Receives a line when the file cannot be written, and when it can be again.
 * @returns Null if requests are not logged.
 * @throws {UsageError} If the file cannot be opened, or the format is invalid.
 */
export function open_access_log(
  logfile: string,
  format: string,
  report: (message: string) => void,
): AccessLog | null {
  if (logfile === "none") return null;
  const file = open_log(logfile, "--access-logfile", { report });
  return new AccessLog(file, compile_format(format));
}

/** An access log. */
export class AccessLog {
  #file: LogFile;
  #format: AccessFormat;

  /** Writes lines in `format` to `file`. */
  constructor(file: LogFile, format: AccessFormat) {
    this.#file = file;
    this.#format = format;
  }

  /** Whether its format contains a duration. */
  get needs_time(): boolean {
    return this.#format.needs_time;
  }

  /** Writes the line of a request. */
  log(answered: Answered): void {
    this.#file.write(this.#format.line(answered));
  }

  /** Reopens the file, as `LogFile` does. */
  reopen(): void {
    this.#file.reopen();
  }

  /** Flushes the buffer and closes the file. Anything written later is lost. */
  close(): void {
    this.#file.close();
  }
}
