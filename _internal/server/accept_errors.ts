/** Connections that are not to be had. */

import { escape_controls } from "../text/log.ts";

/** How long a server waits before it accepts again, in milliseconds, where it has failed before: there may be no file descriptor left. */
const PAUSE = 50;

/** For how long an error behind another is no news, in milliseconds. */
const SILENCE = 10_000;

/** What a server makes of the errors that `accept` ends in: a line in the log for the first of them. */
export class AcceptErrors {
  #log: (text: string) => void;
  #silent_until = -Infinity;

  /** @param log Gets the lines. */
  constructor(log: (text: string) => void) {
    this.#log = log;
  }

  /** Logs an error if it is news; settles when it may be tried again. */
  async take(error: unknown): Promise<void> {
    const now = performance.now();
    const is_news = now > this.#silent_until;
    this.#silent_until = now + SILENCE;
    if (!is_news) {
      return await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
    // Deno.serve puts what accept() says into an error of its own.
    const reason = error instanceof Deno.errors.Http
      ? error.message
      : String(error);
    this.#log(`cannot accept a connection: ${escape_controls(reason)}\n`);
  }
}
