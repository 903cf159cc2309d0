/** A promise that knows whether it is awaited. */

export class WatchedPromise<T> extends Promise<T> {
  /** Whether it has been awaited, or `then`, `catch` or `finally` been called. */
  watched = false;

  /** Derived promises are ordinary ones. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  /** A watched promise that settles like `promise`. If nobody awaits it, its rejection is not reported as unhandled. */
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
