/** Many things that wait for the same time, and one timer for all of them. */

import { Bag, type Bagged } from "../_internal/bag.ts";
import { platform } from "../_internal/platform.ts";

/** What a timer can wait at most, in seconds: what is longer it takes for no time at all. */
export const LONGEST = Math.floor((2 ** 31 - 1) / 1000);

/** Something that has its time. */
export interface Waiting extends Bagged {
  /** What `performance.now()` is when the time is over; set when it begins. */
  deadline: number;
  /** Called when the time is over. */
  expire(): void;
}

/**
 * Who waits. There is no timer for each of them, and none before the first has come; the process is kept alive as long
 * as somebody waits, and no longer.
 */
export class Deadlines {
  #duration: number;
  #waiting = new Bag<Waiting>();
  /** For the first deadline there was when it was set. */
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** Whether it is about to be set. */
  #is_setting = false;

  /** All wait for `duration` milliseconds. */
  constructor(duration: number) {
    this.#duration = duration;
  }

  /** Begins the time of `waiting`. */
  add(waiting: Waiting): void {
    waiting.deadline = performance.now() + this.#duration;
    this.#waiting.add(waiting);
    if (this.#timer === null) this.#set_soon();
    else if (this.#waiting.size === 1) platform.set_vital(this.#timer, true);
  }

  /** Ends the time of `waiting`, if it waits. */
  delete(waiting: Waiting): void {
    const is_last = this.#waiting.delete(waiting) && this.#waiting.size === 0;
    if (is_last && this.#timer !== null) platform.set_vital(this.#timer, false);
  }

  /**
   * Sets the timer when what is pending has been done: Deno loads its timers with the first one, and does what is pending
   * meanwhile. That is the application, in the midst of whoever has called it.
   */
  #set_soon(): void {
    if (this.#is_setting) return;
    this.#is_setting = true;
    queueMicrotask(() => {
      this.#is_setting = false;
      this.#set_for_first(performance.now());
    });
  }

  #set(delay: number): void {
    this.#timer = setTimeout(() => this.#expire(), Math.ceil(delay));
  }

  #expire(): void {
    this.#timer = null;
    const now = performance.now();
    const over = [...this.#waiting].filter(({ deadline }) => deadline <= now);
    for (const waiting of over.sort((a, b) => a.deadline - b.deadline)) {
      if (this.#waiting.delete(waiting)) waiting.expire();
    }
    this.#set_for_first(now);
  }

  #set_for_first(now: number): void {
    if (this.#timer !== null) return;
    let first = Infinity;
    for (const { deadline } of this.#waiting) first = Math.min(first, deadline);
    if (first < Infinity) this.#set(first - now);
  }
}
