/** Results that have ended but are not closed yet. */

import { caution, PEP, type Warn } from "./report.ts";

/** What is reported about a result. */
interface OpenResult {
  /** Its request, such as `"GET /x"`. */
  request: string;
  /** The `performance.now()` of its end. */
  since: number;
}

/** The results of one application that their servers still have to close. */
export class OpenResults {
  #results = new Map<object, OpenResult>();

  /** Adds a result that has ended: read to its end, failed, or abandoned by its server. */
  add(key: object, request: string): void {
    if (this.#results.has(key)) return;
    this.#results.set(key, { request, since: performance.now() });
  }

  /** Removes a result that was closed. */
  delete(key: object): void {
    this.#results.delete(key);
  }

  /** Warns once about each result that ended at least `patience` milliseconds ago. */
  report(patience: number, warn: Warn): void {
    const now = performance.now();
    for (const [key, { request, since }] of this.#results) {
      if (now - since < patience) return; // The following ones are younger.
      this.#results.delete(key);
      /// server: It must call `close()` when it is done with a result. A
      /// missing call cannot throw: it is a warning at the next call of the
      /// application (PEP 3333, "Specification Details").
      warn(caution(
        "the server must call close() of every result",
        `none for the result of ${request}, which ended before this request`,
        PEP.details,
      ));
    }
  }
}
