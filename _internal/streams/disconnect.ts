/** The client has gone: what a handler treats as the end of a request and not as a failure. */

import { platform } from "../platform.ts";

/** What whoever still waits for the client is told. */
export function disconnected(): Error {
  return new platform.errors.ConnectionAborted("the client has gone");
}

/**
 * Whether `error`, which a connection to a client failed with, says that it is lost. To be asked only where that is
 * known: an application has connections of its own, which fail in the same way.
 */
export function is_lost(error: unknown): error is Error {
  return platform.is_lost(error);
}
