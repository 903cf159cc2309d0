/** Disconnects of the client, which a handler treats as the end of a request and not as a failure. */

import { platform } from "../platform.ts";

/** The error for everything that still waits for the client. */
export function disconnected(): Error {
  return new platform.errors.ConnectionAborted("the client has disconnected");
}

/**
 * Whether an error of a connection to a client means that it is lost. Use it only for errors of such connections: an
 * application's own connections fail in the same way.
 */
export function is_lost(error: unknown): error is Error {
  return platform.is_lost(error);
}
