/** The third argument of a fetch handler. */

import { note_work } from "../../_internal/background.ts";
import { format_exception } from "../../_internal/handler/traceback.ts";
import type { ErrorStream } from "../../types.ts";

/**
 * The context of a fetch handler: the `ctx` of Workers, Hono's `c.executionCtx`.
 *
 * @category Fetch
 */
export interface ExecutionContext {
  /**
   * Registers work that continues after the response. The response does not wait for it; the command does before it
   * exits, for at most `--graceful-timeout`, and so does a CGI script. Its error is written to `wsgi.errors`.
   *
   * @param promise Settles when the work is done.
   */
  waitUntil(promise: Promise<unknown>): void;
  /** Does nothing, because there is no origin server that could respond if the handler throws. */
  passThroughOnException(): void;
  /** Empty; on Workers, these are the properties of a binding. */
  // deno-lint-ignore no-explicit-any -- As in the types of Workers and of Hono.
  props: any;
}

/** Registers work that continues after a response; its error is written to `errors`. */
export function wait_for(work: Promise<unknown>, errors: ErrorStream): void {
  const failed = (error: unknown) => {
    errors.write(`error in waitUntil(): ${format_exception(error)}`);
    errors.flush();
  };
  note_work(Promise.resolve(work).catch(failed));
}
