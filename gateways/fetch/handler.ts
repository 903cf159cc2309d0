/** The types of fetch handlers and their arguments. */

import type { WSGIEnvironment } from "../../types.ts";
import type { ExecutionContext } from "./execution_context.ts";

/**
 * A `Deno.NetAddr`, on any runtime.
 *
 * @category Fetch
 */
export interface NetAddress {
  /** The transport protocol. */
  transport: "tcp" | "udp";
  /** The IP address. */
  hostname: string;
  /** The port. */
  port: number;
}

/**
 * The second argument that {@linkcode from_fetch} passes to a handler: that of `Deno.serve`, and the environ.
 *
 * @category Fetch
 */
export interface WSGIFetchInfo {
  /** The client's address, from `REMOTE_ADDR` and `REMOTE_PORT`; `""` and 0 if these are not set. */
  remoteAddr: NetAddress;
  /** Resolves when the body of the response has been read to its end, and rejects if it was abandoned before. */
  completed: Promise<void>;
  /** The environ of the request. */
  environ: WSGIEnvironment;
}

/**
 * A fetch handler, such as the `fetch` of a module for `deno serve` or Workers, a `Deno.ServeHandler`, or Hono's
 * `app.fetch`.
 *
 * @category Fetch
 */
export type FetchHandler = (
  request: Request,
  info: WSGIFetchInfo,
  context: ExecutionContext,
) => Response | Promise<Response>;

/**
 * An object with a fetch handler, such as the default export of a module for `deno serve` or Workers, or a Hono
 * application.
 *
 * @category Fetch
 */
export interface FetchApplication {
  /** Responds to a request. */
  fetch(
    request: Request,
    info: WSGIFetchInfo,
    context: ExecutionContext,
  ): Response | Promise<Response>;
}
