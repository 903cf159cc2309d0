/** Requests that have arrived and wait until somebody handles them. */

/** A request in the queue. */
export interface WaitingRequest {
  /** Handles it: its client gets the answer. */
  handle(): void;
  /** Turns it away. */
  refuse(): void;
  /** Settles when its response is complete. */
  completed: Promise<void>;
}

/** Requests that are answered by an `Answer`. */
export class RequestQueue<Answer> {
  #refuse: () => Answer;
  #waiting: WaitingRequest[] = [];
  #takers: ((request: WaitingRequest | null) => void)[] = [];
  #closed = false;

  /** @param refuse What a request gets that is turned away. */
  constructor(refuse: () => Answer) {
    this.#refuse = refuse;
  }

  /**
   * Keeps a request until it is taken.
   *
   * @param answer Handles the request.
   * @param completed Settles when its response is complete.
   */
  add(
    answer: () => Answer | Promise<Answer>,
    completed: Promise<void>,
  ): Answer | Promise<Answer> {
    if (this.#closed) return this.#refuse();
    return new Promise((resolve, reject) => {
      const request = {
        handle() {
          try {
            resolve(answer());
          } catch (error) {
            reject(error);
          }
        },
        refuse: () => resolve(this.#refuse()),
        completed,
      };
      const taker = this.#takers.shift();
      if (taker) taker(request);
      else this.#waiting.push(request);
    });
  }

  /** Takes the request that has waited longest, or the next to come; null once the queue is closed. */
  take(): Promise<WaitingRequest | null> {
    const waiting = this.#waiting.shift();
    if (waiting || this.#closed) return Promise.resolve(waiting ?? null);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** Takes all that wait. */
  take_all(): WaitingRequest[] {
    return this.#waiting.splice(0);
  }

  /** Turns away whatever waits, and whatever comes from now on. */
  close(): void {
    this.#closed = true;
    for (const request of this.take_all()) request.refuse();
    for (const taker of this.#takers.splice(0)) taker(null);
  }
}
