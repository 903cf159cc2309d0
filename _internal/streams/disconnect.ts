/** The client has gone: what a handler treats as the end of a request and not as a failure. */

import { platform } from "../platform.ts";

/** What a handler throws at whoever still waits for the client. */
export function disconnected(): Error {
  return new platform.errors.ConnectionAborted("the client has gone");
}

/** Whether `error` says that the client has gone. */
export function is_disconnect(error: unknown): boolean {
  return platform.is_lost(error) || is_cut_body(error);
}

/**
 * Whether `error` is how a request body of `Deno.serve` fails when its client leaves. Deno has no class of
 * its own for it, and an application may meet a BadResource of its own making, so the message decides.
 */
function is_cut_body(error: unknown): boolean {
  return error instanceof platform.errors.BadResource &&
    /^Cannot read (request )?body/.test(error.message);
}
