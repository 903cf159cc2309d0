/** Whether a worker is still there: it is asked again and again. */

/** How often a worker is asked within the time in which it has to answer once. */
const TIMES = 10;

/** What a heartbeat is told. */
export interface HeartbeatOptions {
  /** How long the worker may be silent, in milliseconds. */
  patience: number;
  /** Asks the worker. */
  ask(): void;
  /** Called once, when it has not answered in time. */
  on_silence(): void;
}

/**
 * Asks a worker until it does not answer in time. Time is counted in turns of this process: what passes while the
 * whole machine sleeps does not count.
 */
export class Heartbeat {
  #options: HeartbeatOptions;
  #timer: ReturnType<typeof setInterval>;
  /** For how many turns an answer is waited for; null where none is. */
  #waited: number | null = null;

  /** Begins to ask. */
  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#turn(), options.patience / TIMES);
  }

  /** Takes it that the worker has answered. */
  answered(): void {
    this.#waited = null;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #turn(): void {
    if (this.#waited === null) {
      this.#waited = 0;
      this.#options.ask();
    } else if (++this.#waited >= TIMES) {
      this.stop();
      this.#options.on_silence();
    }
  }
}
