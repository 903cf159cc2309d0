/** The requests that an application has under way: each from its call until its result is closed, or it has failed. */

import {
  check_result,
  is_plain_array,
} from "../_internal/handler/application_result.ts";
import { is_promise } from "../_internal/promise.ts";
import type {
  StartResponse,
  WSGIApplication,
  WSGIEnvironment,
  WSGIResult,
} from "../types.ts";

/** Calls an application, and counts what it has under way. */
export class ActiveRequests {
  /** How many requests are under way. */
  active = 0;
  #app: WSGIApplication;

  constructor(app: WSGIApplication) {
    this.#app = app;
  }

  /** Calls the application for a request, which is under way from now on. */
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

  /** @throws {TypeError} If `result` is nothing that an application may return: then nobody would close it. */
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

/** What is `result` for a server in everything but its `close()`; `result` itself, which may be shared, is left alone. */
function with_close(
  result: WSGIResult,
  close: () => Promise<void>,
): WSGIResult {
  // Of an array the blocks are all; what is in front of one is slow to read.
  if (is_plain_array(result)) return Object.assign([...result], { close });
  // A file, a stream or a generator is known by its class, and its methods take no other object for it.
  return new Proxy<WSGIResult>(Array.isArray(result) ? [] : {} as WSGIResult, {
    get(_, key) {
      if (key === "close") return close;
      const value = Reflect.get(result, key);
      return typeof value === "function" ? value.bind(result) : value;
    },
    has: (_, key) => key === "close" || Reflect.has(result, key),
    getPrototypeOf: () => Reflect.getPrototypeOf(result),
  });
}
