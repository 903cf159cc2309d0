/** The requests of a process: how many are in flight, how many have been answered, and what is logged of each. */

import type { Headers } from "../headers.ts";
import type { RequestCounter } from "../middleware/mod.ts";
import type { WSGIEnvironment } from "../types.ts";
import type { AccessLog } from "./logs/access_log.ts";

/** The handler of a request, as far as the log needs it. */
interface AnsweringHandler {
  environ: WSGIEnvironment | null;
  headers: Headers | null;
}

export class Requests implements RequestCounter {
  /** How many are in flight. */
  active = 0;
  /** Whether there has been one. */
  begun = false;
  /** Whether every response by HTTP is to be the last of its connection. */
  are_last = false;
  /** How many are answered until `on_worn` is called. */
  #most: number;
  /** How many of these are left. */
  #left: number;
  #on_worn: () => void;
  #log: AccessLog | null;

  /**
   * @param log Where they are logged.
   * @param most After how many of them `on_worn` is called, each time; 0 for never.
   */
  constructor(log: AccessLog | null, most: number, on_worn: () => void) {
    this.#log = log;
    this.#left = this.#most = most > 0 ? most : Infinity;
    this.#on_worn = on_worn;
  }

  /** Counts a request that begins; gives its time, where the log has use for it. */
  begin(): number {
    this.active++;
    this.begun = true;
    return this.#log?.needs_time ? performance.now() : 0;
  }

  /** Whether they are logged. */
  get are_logged(): boolean {
    return this.#log !== null;
  }

  /** Counts and logs a request that was answered; there is no handler if nobody has to see the response. */
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

  /** Counts a request that came to nothing. */
  forget(): void {
    this.active--;
    if (--this.#left > 0) return;
    this.#left = this.#most;
    this.#on_worn();
  }
}
