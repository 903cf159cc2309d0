/** Requests that have arrived and wait to be handled. */

/** A request in the queue. */
interface WaitingRequest {
  /** Handles it, so that its client gets the answer. */
  handle(): void;
  /** Turns it away. */
  refuse(): void;
  /** Resolves when its response is complete. */
  completed: Promise<void>;
}

/** A queue of requests that are answered with an `Answer`. */
export class RequestQueue<Answer> {
  #refuse: () => Answer;
  #waiting: WaitingRequest[] = [];
  #takers: ((request: WaitingRequest | null) => void)[] = [];
  #open = false;
  #closed = false;

  /** @param refuse Returns the answer for a request that is turned away. */
  constructor(refuse: () => Answer) {
    this.#refuse = refuse;
  }

  /**
   * Queues a request.
   *
   * @param answer Handles the request.
   * @param completed Resolves when its response is complete.
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

  /** Whether requests are handled as they arrive, without `add`. */
  get is_open(): boolean {
    return this.#open;
  }

  /** Handles all waiting requests, and all further ones as they arrive. */
  open(): void {
    this.#open = true;
    for (const request of this.#waiting.splice(0)) request.handle();
  }

  /**
   * Handles the request that has waited longest, or the next one.
   *
   * @returns A promise that resolves when its response is complete, or when the queue is closed before a request
   * arrives.
   * @throws {Error} If the queue is open.
   */
  async handle_one(): Promise<void> {
    if (this.#open) throw new Error("serve_forever() handles all requests");
    const request = await this.#take();
    if (!request) return;
    request.handle();
    await request.completed.catch(() => {}); // It is also complete if the client has disconnected.
  }

  /** Takes the request that has waited longest, or the next one; null once the queue is closed. */
  #take(): Promise<WaitingRequest | null> {
    const waiting = this.#waiting.shift();
    if (waiting || this.#closed) return Promise.resolve(waiting ?? null);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** Turns away all waiting requests, and all further ones. */
  close(): void {
    this.#closed = true;
    for (const request of this.#waiting.splice(0)) request.refuse();
    for (const taker of this.#takers.splice(0)) taker(null);
  }
}
