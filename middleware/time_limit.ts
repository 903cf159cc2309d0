/** What `limit_time` has for all requests: how long they may take, and who is told if one takes longer. */

import { format_exception } from "../_internal/handler/traceback.ts";
import {
  request_line,
  type Variables,
} from "../_internal/request/variables.ts";
import { escape_controls } from "../_internal/text/log.ts";
import type { ErrorStream, WSGIEnvironment } from "../types.ts";
import { Deadlines } from "./deadlines.ts";

export class TimeLimit {
  readonly deadlines: Deadlines;
  readonly #timeout: number;
  readonly #log: ((message: string) => void) | null;

  /**
   * @param timeout The time, in seconds.
   * @param log Receives the messages; null if they are written to the `errors` of the request.
   */
  constructor(timeout: number, log: ((message: string) => void) | null) {
    this.deadlines = new Deadlines(timeout * 1000);
    this.#timeout = timeout;
    this.#log = log;
  }

  /** Logs that a request has timed out; returns the error for what its application still does. */
  expire(environ: WSGIEnvironment, errors: ErrorStream): Error {
    const timeout = `${this.#timeout} s`;
    this.#write(environ, errors, `was not answered within ${timeout}: 503`);
    return new Error(
      `the application timed out: it did not respond within ${timeout}`,
    );
  }

  /** Logs an error of an application that has timed out. */
  log_late(
    environ: WSGIEnvironment,
    errors: ErrorStream,
    error: unknown,
  ): void {
    const text = format_exception(error).trimEnd();
    this.#write(environ, errors, `failed after it had timed out: ${text}`);
  }

  #write(environ: WSGIEnvironment, errors: ErrorStream, text: string): void {
    const line = request_line(environ as unknown as Variables);
    const message = `"${escape_controls(line)}" ${text}`;
    if (this.#log) return this.#log(message);
    errors.write(`${message}\n`);
    errors.flush();
  }
}
