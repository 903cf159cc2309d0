/** Interrupts calls of Python that take too long. That needs another thread, as a call blocks this one. */

import { Worker } from "node:worker_threads";
import type { Pyodide } from "../interpreter/pyodide.ts";

/** The indices of the memory that the two threads share. */
export const enum Place {
  /** The number of the current call; 0 if there is none. */
  Call,
  /** The number of the last call that took too long. */
  GivenUp,
  /** The number of a signal, which Pyodide checks regularly. */
  Interrupt,
  /** Never changes: the other thread waits on it. */
  Nothing,
}

/** The message to the other thread. */
export interface WatchOrder {
  shared: Int32Array<SharedArrayBuffer>;
  /** How long a call may take, in milliseconds. */
  limit: number;
}

/** Interrupts calls that take longer than `timeout`. */
export class Watchdog {
  #shared = new Int32Array(new SharedArrayBuffer(4 * 4));
  #last = 0;

  /** @param timeout How long a call may take, in seconds. */
  constructor(timeout: number, pyodide: Pyodide) {
    pyodide.setInterruptBuffer(
      this.#shared.subarray(Place.Interrupt, Place.Interrupt + 1),
    );
    const url = new URL("./watchdog_worker.ts", import.meta.url);
    const worker = new Worker(url);
    const order: WatchOrder = { shared: this.#shared, limit: timeout * 1000 };
    worker.postMessage(order);
    worker.unref(); // It must not keep the process alive.
  }

  /** A call begins. */
  begin(): void {
    this.#last = (this.#last % 0x3fffffff) + 1;
    Atomics.store(this.#shared, Place.Call, this.#last);
  }

  /** The call has ended. */
  end(): void {
    Atomics.store(this.#shared, Place.Call, 0);
  }

  /** Whether the current call took too long: when the signal arrives, the next one may have begun. */
  is_given_up(): boolean {
    return Atomics.load(this.#shared, Place.GivenUp) ===
      Atomics.load(this.#shared, Place.Call);
  }
}
