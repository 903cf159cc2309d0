/** Many things that wait for the same time, and one timer for all of them. */

/** Something that has its time. */
export interface Waiting {
  /** Called when the time is over. */
  expire(): void;
}

/**
 * Who waits, in the order of their deadlines. There is no timer for each of them, and none before the first has come;
 * the process is kept alive as long as somebody waits, and no longer.
 */
export class Deadlines {
  #duration: number;
  /** What `performance.now()` is when the time is over, of each that waits. */
  #waiting = new Map<Waiting, number>();
  /** For the deadline of the first, or of one that has left since: so there is one in `#duration` at the most. */
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** All wait for `duration` milliseconds. */
  constructor(duration: number) {
    this.#duration = duration;
  }

  /** Begins the time of `waiting`. */
  add(waiting: Waiting): void {
    this.#waiting.set(waiting, performance.now() + this.#duration);
    if (this.#timer === null) this.#set(this.#duration);
    else if (this.#waiting.size === 1) Deno.refTimer(this.#timer);
  }

  /** Ends the time of `waiting`, if it waits. */
  delete(waiting: Waiting): void {
    const is_last = this.#waiting.delete(waiting) && this.#waiting.size === 0;
    if (is_last && this.#timer !== null) Deno.unrefTimer(this.#timer);
  }

  #set(delay: number): void {
    this.#timer = setTimeout(() => this.#expire(), Math.ceil(delay));
  }

  #expire(): void {
    this.#timer = null;
    const now = performance.now();
    for (const [waiting, deadline] of this.#waiting) {
      if (deadline > now) return this.#set(deadline - now);
      this.#waiting.delete(waiting);
      waiting.expire();
    }
  }
}
