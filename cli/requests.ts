/** The requests of a process: counts those in flight and those answered, and logs each. */

import type { Headers } from "../headers.ts";
import type { RequestCounter } from "../middleware/mod.ts";
import type { WSGIEnvironment } from "../types.ts";
import type { AccessLog } from "./logs/access_log.ts";

/** The part of a handler that the log needs. */
interface AnsweringHandler {
  environ: WSGIEnvironment | null;
  headers: Headers | null;
}

export class Requests implements RequestCounter {
  /** The number in flight. */
  active = 0;
  /** Whether one has arrived. */
  begun = false;
  /** Whether every HTTP response has to be the last on its connection. */
  are_last = false;
  /** After how many of them `on_worn` is called. */
  #most: number;
  /** How many of those are still to come. */
  #left: number;
  #on_worn: () => void;
  #log: AccessLog | null;

  /**
   * @param log The log; null for none.
   * @param most `on_worn` is called after each `most` of them; 0 for never.
   */
  constructor(log: AccessLog | null, most: number, on_worn: () => void) {
    this.#log = log;
    this.#left = this.#most = most > 0 ? most : Infinity;
    this.#on_worn = on_worn;
  }

  /** Counts a request that begins. Returns its start time, if the log needs it. */
  begin(): number {
    this.active++;
    this.begun = true;
    return this.#log?.needs_time ? performance.now() : 0;
  }

  /** Whether they are logged. */
  get are_logged(): boolean {
    return this.#log !== null;
  }

  /** Counts and logs a request that has been answered. Its handler is null if nothing had to see the response. */
  end(
    handler: AnsweringHandler | null,
    status: string,
    size: number,
    started: number,
  ): void {
    this.forget();
    if (!this.#log) return;
    const { environ = null, headers = null } = handler ?? {};
    const answered = { environ: environ ?? {}, status, size, headers, started };
    this.#log.log(answered);
  }

  /** Counts a request that was not answered. */
  forget(): void {
    this.active--;
    if (--this.#left > 0) return;
    this.#left = this.#most;
    this.#on_worn();
  }
}
