/** Results that are over and not closed yet. */

import { caution, PEP, type Warn } from "./report.ts";

/** What there is to say of a result. */
interface OpenResult {
  /** The request that it answers: `"GET /x"`. */
  request: string;
  /** When it was over, by `performance.now()`. */
  since: number;
}

/** The results of one application that their servers have still to close. */
export class OpenResults {
  #results = new Map<object, OpenResult>();

  /** Adds a result that is over: read to its end, failed, or left by its server. */
  add(key: object, request: string): void {
    if (this.#results.has(key)) return;
    this.#results.set(key, { request, since: performance.now() });
  }

  /** Removes a result that was closed. */
  delete(key: object): void {
    this.#results.delete(key);
  }

  /** Warns, once, of each result that has been over for `patience` milliseconds. */
  report(patience: number, warn: Warn): void {
    const now = performance.now();
    for (const [key, { request, since }] of this.#results) {
      if (now - since < patience) return; // Those that follow are younger.
      this.#results.delete(key);
      /// server: It must call `close()` when it is done with a result. Nothing
      /// can be thrown where that is forgotten: it is a warning, given when the
      /// application is called the next time
      /// (PEP 3333, "Specification Details").
      warn(caution(
        "the server must call close() of every result",
        `none for that of ${request}, which was over before this request`,
        PEP.details,
      ));
    }
  }
}
