/** The access log of the command: a line for each request that was answered. */

import {
  type AccessFormat,
  type Answered,
  compile_format,
} from "./access_format.ts";
import { type LogFile, open_log } from "./log_file.ts";

/**
 * Opens the access log.
 *
 * @param logfile What `--access-logfile` says: a file, `-` for the process's stderr, `none`.
 * @param format What `--access-logformat` says.
 * @param report Told in a line what is wrong with the file, and when that has ended.
 * @returns Null where requests are not logged.
 * @throws {UsageError} If the file cannot be opened, or the format is none.
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

  /** Writes to `file` the lines that `format` makes. */
  constructor(file: LogFile, format: AccessFormat) {
    this.#file = file;
    this.#format = format;
  }

  /** Whether its lines tell how long a request took. */
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

  /** Writes what is kept, and closes the file. What is written later is lost. */
  close(): void {
    this.#file.close();
  }
}
