/** Fetch handlers, and what they are given. */

import type { WSGIEnvironment } from "../../types.ts";
import type { ExecutionContext } from "./execution_context.ts";

/** A `Deno.NetAddr`, on any runtime. */
export interface NetAddress {
  /** How it is spoken to. */
  transport: "tcp" | "udp";
  /** The IP address. */
  hostname: string;
  /** The port. */
  port: number;
}

/** What {@linkcode from_fetch} gives a handler beside the `Request`: what `Deno.serve` gives, and the environ. */
export interface WSGIFetchInfo {
  /** Where the request came from, by `REMOTE_ADDR` and `REMOTE_PORT`; `""` and 0 where they do not say it. */
  remoteAddr: NetAddress;
  /** Resolves when the body has been taken to its end, rejects when it has been left before. */
  completed: Promise<void>;
  /** The environ that the request was made of. */
  environ: WSGIEnvironment;
}

/** A fetch handler: the `fetch` of a module for `deno serve` or Workers, a `Deno.ServeHandler`, the `app.fetch` of a Hono application. */
export type FetchHandler = (
  request: Request,
  info: WSGIFetchInfo,
  context: ExecutionContext,
) => Response | Promise<Response>;

/** What has a fetch handler: the default export of a module for `deno serve` or Workers, a Hono application. */
export interface FetchApplication {
  /** Answers a request. */
  fetch(
    request: Request,
    info: WSGIFetchInfo,
    context: ExecutionContext,
  ): Response | Promise<Response>;
}
