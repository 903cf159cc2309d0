/** Requests that have arrived and wait until somebody handles them. */

/** A request in the queue. */
interface WaitingRequest {
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
  #open = false;
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

  /** Whether requests are handled as they come: `add` is not for them then. */
  get is_open(): boolean {
    return this.#open;
  }

  /** Has all requests handled that wait, and those that come from now on. */
  open(): void {
    this.#open = true;
    for (const request of this.#waiting.splice(0)) request.handle();
  }

  /**
   * Handles the request that has waited longest, or the next to come.
   *
   * @returns A promise that resolves when its response is complete, or when the queue is closed before it comes.
   * @throws {Error} If the queue is open.
   */
  async handle_one(): Promise<void> {
    if (this.#open) throw new Error("serve_forever() handles all requests");
    const request = await this.#take();
    if (!request) return;
    request.handle();
    await request.completed.catch(() => {}); // It is complete as well when the client has left.
  }

  /** Takes the request that has waited longest, or the next to come; null once the queue is closed. */
  #take(): Promise<WaitingRequest | null> {
    const waiting = this.#waiting.shift();
    if (waiting || this.#closed) return Promise.resolve(waiting ?? null);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** Turns away whatever waits, and whatever comes from now on. */
  close(): void {
    this.#closed = true;
    for (const request of this.#waiting.splice(0)) request.refuse();
    for (const taker of this.#takers.splice(0)) taker(null);
  }
}
