/** Calls of Python that take too long: another thread looks at them, since this one runs nothing else meanwhile. */

import { Worker } from "node:worker_threads";
import type { Pyodide } from "../interpreter/pyodide.ts";

/** What the two threads share, by the places of it. */
export const enum Place {
  /** The number of the call that is under way; 0 where there is none. */
  Call,
  /** The number of the call that has taken too long. */
  GivenUp,
  /** What Pyodide looks at again and again: the number of a signal. */
  Interrupt,
  /** Nothing ever: the other thread waits here. */
  Nothing,
}

/** What the other thread is told. */
export interface WatchOrder {
  shared: Int32Array<SharedArrayBuffer>;
  /** How long a call may take, in milliseconds. */
  limit: number;
}

/** Interrupts calls that take longer than they may. */
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
    worker.unref(); // It is no reason for the process to go on.
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

  /** Whether the call that is under way has taken too long: it may be the next after that which had. */
  is_given_up(): boolean {
    return Atomics.load(this.#shared, Place.GivenUp) ===
      Atomics.load(this.#shared, Place.Call);
  }
}
