/** A promise that knows whether anybody waits for it. */

export class WatchedPromise<T> extends Promise<T> {
  /** Whether it has been awaited, or `then`, `catch` or `finally` been called. */
  watched = false;

  /** What follows it is an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  /** A watched promise that settles as `promise` does, and whose rejection is nobody's if nobody waits for it. */
  static of<T>(promise: Promise<T>): WatchedPromise<T> {
    const watched = new WatchedPromise<T>((resolve, reject) => {
      promise.then(resolve, reject);
    });
    Promise.prototype.then.call(watched, undefined, () => {});
    return watched;
  }

  override then<A = T, B = never>(
    ...callbacks: Parameters<Promise<T>["then"]>
  ): Promise<A | B> {
    this.watched = true;
    return super.then(...callbacks) as Promise<A | B>;
  }
}
