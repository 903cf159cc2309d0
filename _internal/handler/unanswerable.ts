/** Requests that no application is asked about, because of what comes before or behind them on their connection. */

import { BrokenOff } from "./body_stream.ts";

/** Where a request came from, as Deno says it. */
type RemoteAddress = { transport: string; hostname?: string; port?: number };

/**
 * The answer to a request that is not for the application; null for any other.
 *
 * @param remote Where it came from, if that is known.
 */
export function unanswerable(
  request: Request,
  remote: RemoteAddress | undefined,
): Response | null {
  if (remote && has_left(remote)) return new Response(null, { status: 400 });
  return is_tunnel_with_content(request) ? breaking_off() : null;
}

/**
 * Whether the client has reset its connection already. The system does not know its address any more then, and Deno makes
 * one up: whoever is kept out by it would not be.
 */
function has_left({ hostname, port }: RemoteAddress): boolean {
  return port === 0 && hostname === "0.0.0.0";
}

/**
 * Whether a CONNECT has content, which it cannot (RFC 9110, section 9.3.6). Deno takes what follows its head for the next
 * request, whatever Content-Length says.
 */
function is_tunnel_with_content({ method, headers }: Request): boolean {
  if (method !== "CONNECT") return false;
  const length = headers.get("content-length") ?? "0";
  return !/^0+$/.test(length);
}

/** A refusal that ends the connection, as Deno does not for `Connection: close`. */
function breaking_off(): Response {
  const body = new ReadableStream({
    pull(controller) {
      controller.error(new BrokenOff());
    },
  });
  const headers = { "Connection": "close" };
  return new Response(body, { status: 400, headers });
}
