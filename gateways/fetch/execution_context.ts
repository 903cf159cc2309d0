/** The third argument of a fetch handler. */

import { note_work } from "../../_internal/background.ts";
import { format_exception } from "../../_internal/handler/traceback.ts";
import type { ErrorStream } from "../../types.ts";

/** What a fetch handler can do beside its response: the `ctx` of Workers, Hono's `c.executionCtx`. */
export interface ExecutionContext {
  /**
   * Says that work goes on behind the response. The response does not wait for it; the command does before it ends, as
   * long as `--graceful-timeout` allows, and so does a CGI script. What it fails with is logged by `wsgi.errors`.
   *
   * @param promise Settles when it is done.
   */
  waitUntil(promise: Promise<unknown>): void;
  /** Does nothing: there is no other server behind this one that could answer for a handler that throws. */
  passThroughOnException(): void;
  /** Empty: Workers have here what a binding was given. */
  // deno-lint-ignore no-explicit-any -- It is what everybody who has such a type says.
  props: any;
}

/** That of a request, whose errors go to its `wsgi.errors`. */
export class RequestContext implements ExecutionContext {
  props: Record<string, unknown> = {};
  #errors: ErrorStream;

  constructor(errors: ErrorStream) {
    this.#errors = errors;
  }

  waitUntil(promise: Promise<unknown>): void {
    const failed = (error: unknown) => this.#log(error);
    note_work(Promise.resolve(promise).catch(failed));
  }

  #log(error: unknown): void {
    this.#errors.write(`error in waitUntil(): ${format_exception(error)}`);
    this.#errors.flush();
  }

  passThroughOnException(): void {}
}
