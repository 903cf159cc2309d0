/** Errors of accepting connections. */

import { escape_controls } from "../text/log.ts";

/**
 * How long a server waits after a repeated failure before it accepts again, in milliseconds: file descriptors may have
 * run out.
 */
const PAUSE = 50;

/** How long further errors are not logged after one, in milliseconds. */
const SILENCE = 10_000;

/** Handles errors of `accept`: logs the first of a series. */
export class AcceptErrors {
  #log: (text: string) => void;
  #silent_until = -Infinity;

  /** @param log Receives the lines. */
  constructor(log: (text: string) => void) {
    this.#log = log;
  }

  /** Logs an error unless one was logged shortly before; resolves when the server may accept again. */
  async take(error: unknown): Promise<void> {
    const now = performance.now();
    const is_news = now > this.#silent_until;
    this.#silent_until = now + SILENCE;
    if (!is_news) {
      return await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
    // Deno.serve wraps the error of accept() in one of its own.
    const reason = error instanceof Deno.errors.Http
      ? error.message
      : String(error);
    this.#log(`cannot accept a connection: ${escape_controls(reason)}\n`);
  }
}
