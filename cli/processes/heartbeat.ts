/** Checks regularly whether a worker still responds. */

/** How often a worker is asked within the time in which it has to respond once. */
const TIMES = 10;

/** The options of a heartbeat. */
export interface HeartbeatOptions {
  /** How long the worker may be silent, in milliseconds. */
  patience: number;
  /** Asks the worker. */
  ask(): void;
  /** Called once, when it has not responded in time. */
  on_silence(): void;
}

/**
 * Asks a worker until it does not respond in time. The time is counted in timer ticks of this process, so that it does not
 * run while the machine is suspended.
 */
export class Heartbeat {
  #options: HeartbeatOptions;
  #timer: ReturnType<typeof setInterval>;
  /** The number of ticks since the worker was asked; null if it has responded. */
  #waited: number | null = null;

  /** Starts asking. */
  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#turn(), options.patience / TIMES);
  }

  /** Notes that the worker has responded. */
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
