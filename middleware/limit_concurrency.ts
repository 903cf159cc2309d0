/** A limit for concurrent requests, and how they are counted. */

import { STATUS_CODE } from "@std/http/status";
import {
  check_result,
  does_give_away,
  GIVES_AWAY,
  is_plain_array,
} from "../_internal/handler/application_result.ts";
import { is_promise } from "../_internal/promise.ts";
import { check_count, check_function } from "../_internal/text/check.ts";
import type {
  StartResponse,
  WSGIApplication,
  WSGIEnvironment,
  WSGIResult,
} from "../types.ts";
import { refuse } from "../_internal/handler/refusal.ts";

/**
 * An object that counts the requests in flight.
 *
 * @category Middleware
 */
export interface RequestCounter {
  /** The number of requests in flight, including the one that the application is called for. */
  readonly active: number;
}

/**
 * Options of {@linkcode limit_concurrency}.
 *
 * @category Middleware
 */
export interface LimitConcurrencyOptions {
  /** The maximum number of requests in flight; 0 means no limit. */
  max_concurrent: number;
  /**
   * The counter of a server that already counts its requests.
   *
   * @default {the middleware itself}
   */
  counter?: RequestCounter;
}

/**
 * Answers a request with a 503 (RFC 9110, section 15.6.4) while `max_concurrent` others are in flight: with
 * `Retry-After: 1`, and without calling the application.
 *
 * A request is in flight from the call of the application until its result is closed, or the application has failed. So
 * each result gets a `close()`: an array is copied, and anything else is wrapped in a `Proxy`. If a server already
 * counts its requests, pass its `counter` instead.
 *
 * @param app The application.
 * @param options The limit, a whole number, 0 or more; and the counter.
 * @throws {TypeError} If `app` is not a function, or `max_concurrent` not a number.
 * @throws {RangeError} If `max_concurrent` is negative or not a whole number.
 *
 * @example
 * ```ts
 * import { to_fetch } from "@tsgi/serve/fetch";
 * import { limit_concurrency } from "@tsgi/serve/middleware";
 * import { assertEquals } from "@std/assert";
 *
 * const { promise, resolve } = Promise.withResolvers<void>();
 * const handler = to_fetch(limit_concurrency(
 *   async (_environ, start_response) => {
 *     await promise;
 *     start_response("204 No Content", []);
 *     return [];
 *   },
 *   { max_concurrent: 1 },
 * ));
 * const first = handler(new Request("http://localhost/"));
 * const second = await handler(new Request("http://localhost/"));
 * assertEquals(second.status, 503);
 * assertEquals(second.headers.get("retry-after"), "1");
 * resolve();
 * assertEquals((await first).status, 204);
 * ```
 *
 * @category Middleware
 */
export function limit_concurrency(
  app: WSGIApplication,
  { max_concurrent, counter }: LimitConcurrencyOptions,
): WSGIApplication {
  check_function(app, "the application");
  check_count(max_concurrent, "max_concurrent", "requests");
  if (max_concurrent === 0) return app;
  if (counter) {
    return (environ, start_response) =>
      counter.active > max_concurrent
        ? spare(environ, start_response)
        : app(environ, start_response);
  }
  const requests = new ActiveRequests(app);
  return (environ, start_response) =>
    requests.active >= max_concurrent
      ? spare(environ, start_response)
      : requests.run(environ, start_response);
}

/** Tells a client to try again. */
function spare(
  environ: WSGIEnvironment,
  start_response: StartResponse,
): Uint8Array[] {
  const code = STATUS_CODE.ServiceUnavailable;
  return refuse(environ, start_response, code, [["Retry-After", "1"]]);
}

/** Calls an application, and counts its requests in flight. */
class ActiveRequests {
  /** The number of requests in flight. */
  active = 0;
  #app: WSGIApplication;

  constructor(app: WSGIApplication) {
    this.#app = app;
  }

  /** Calls the application for a request, which counts as in flight from now on. */
  run(
    environ: WSGIEnvironment,
    start_response: StartResponse,
  ): WSGIResult | Promise<WSGIResult> {
    this.active++;
    try {
      const result = this.#app(environ, start_response);
      return is_promise(result) ? this.#follow(result) : this.#watch(result);
    } catch (error) {
      this.active--;
      throw error;
    }
  }

  async #follow(promise: Promise<WSGIResult>): Promise<WSGIResult> {
    try {
      return this.#watch(await promise);
    } catch (error) {
      this.active--;
      throw error;
    }
  }

  /** @throws {TypeError} If `result` is not a valid result of an application, because nobody would close it. */
  #watch(result: WSGIResult): WSGIResult {
    check_result(result);
    let is_open = true;
    return with_close(result, async () => {
      try {
        await result.close?.();
      } finally {
        if (is_open) this.active--;
        is_open = false;
      }
    });
  }
}

/** An equivalent of `result` with another `close()`. `result` itself is not modified, because it may be shared. */
function with_close(
  result: WSGIResult,
  close: () => Promise<void>,
): WSGIResult {
  const gives_away = does_give_away(result);
  // An array only consists of its blocks, which are slow to read through a proxy.
  if (is_plain_array(result)) {
    return Object.assign([...result], { close, [GIVES_AWAY]: gives_away });
  }
  // A file, a stream or a generator is recognised by its class, and its methods must be called on the object itself.
  return new Proxy<WSGIResult>(Array.isArray(result) ? [] : {} as WSGIResult, {
    get(_, key) {
      if (key === "close") return close;
      if (key === GIVES_AWAY) return gives_away;
      const value = Reflect.get(result, key);
      return typeof value === "function" ? value.bind(result) : value;
    },
    has: (_, key) => key === "close" || Reflect.has(result, key),
    getPrototypeOf: () => Reflect.getPrototypeOf(result),
  });
}
