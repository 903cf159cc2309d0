/** Many waits of the same duration, with one timer for all of them. */

import { Bag, type Bagged } from "../_internal/bag.ts";
import { platform } from "../_internal/platform.ts";

/** The longest delay of a timer, in seconds: a longer one fires at once. */
export const LONGEST = Math.floor((2 ** 31 - 1) / 1000);

/** Something with a deadline. */
export interface Waiting extends Bagged {
  /** The `performance.now()` of the deadline; set by `add()`. */
  deadline: number;
  /** Called at the deadline. */
  expire(): void;
}

/**
 * A set of waits of the same duration. They share one timer, which is created with the first of them; it keeps the
 * process alive only while there are any.
 */
export class Deadlines {
  #duration: number;
  #waiting = new Bag<Waiting>();
  /** Set for what was the first deadline at that time. */
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** Whether the timer is about to be set. */
  #is_setting = false;

  /** Creates waits of `duration` milliseconds. */
  constructor(duration: number) {
    this.#duration = duration;
  }

  /** Starts the time of `waiting`. */
  add(waiting: Waiting): void {
    waiting.deadline = performance.now() + this.#duration;
    this.#waiting.add(waiting);
    if (this.#timer === null) this.#set_soon();
    else if (this.#waiting.size === 1) platform.set_vital(this.#timer, true);
  }

  /** Removes `waiting`, if it is there. */
  delete(waiting: Waiting): void {
    const is_last = this.#waiting.delete(waiting) && this.#waiting.size === 0;
    if (is_last && this.#timer !== null) platform.set_vital(this.#timer, false);
  }

  /**
   * Sets the timer after pending microtasks: with the first timer, Deno loads its timers and runs pending microtasks,
   * which would run the application in the middle of its caller.
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
