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

/** Notes work, which goes on behind a response; what it fails with goes to `errors`. */
export function wait_for(work: Promise<unknown>, errors: ErrorStream): void {
  const failed = (error: unknown) => {
    errors.write(`error in waitUntil(): ${format_exception(error)}`);
    errors.flush();
  };
  note_work(Promise.resolve(work).catch(failed));
}
