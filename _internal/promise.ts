/** Hooks may be synchronous or asynchronous; a small response should not wait for promises that it does not need. */

/**
 * What a hook may return: nothing, or a promise that its caller awaits.
 *
 * @category Handlers
 */
export type MaybePromise = void | Promise<void>;

/** Whether `value` has to be awaited. */
export function is_promise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null)?.then === "function";
}

/** A resolved promise, returned where a promise is due but nothing has to be awaited. */
export const DONE: Promise<void> = Promise.resolve();

/** The promise, unless it is known to be resolved. */
export function unsettled(promise: Promise<void>): MaybePromise {
  return promise === DONE ? undefined : promise;
}

/** `Promise.withResolvers()`, which Node 20 does not have. */
export function deferred<T>(): PromiseWithResolvers<T> {
  let resolve!: PromiseWithResolvers<T>["resolve"];
  let reject!: PromiseWithResolvers<T>["reject"];
  const promise = new Promise<T>((...both) => [resolve, reject] = both);
  return { promise, resolve, reject };
}

/** Calls `next` at once, or after what has to be awaited first. */
export function after(
  first: MaybePromise,
  next: () => MaybePromise,
): MaybePromise {
  return first ? first.then(next) : next();
}
