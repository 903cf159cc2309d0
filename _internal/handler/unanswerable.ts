/** Requests that are refused before the application is called, because of the state of their connection. */

import { BrokenOff } from "./body_stream.ts";

/** The client's address, as Deno reports it. */
type RemoteAddress = { transport: string; hostname?: string; port?: number };

/**
 * The response to a request that the application must not get; null for any other request.
 *
 * @param remote The client's address, if it is known.
 */
export function unanswerable(
  request: Request,
  remote: RemoteAddress | undefined,
): Response | null {
  if (remote && has_left(remote)) return new Response(null, { status: 400 });
  return is_tunnel_with_content(request) ? breaking_off() : null;
}

/**
 * Whether the client has already reset its connection. Then the kernel no longer knows its address, and Deno makes one
 * up, which could bypass access control by address.
 */
function has_left({ hostname, port }: RemoteAddress): boolean {
  return port === 0 && hostname === "0.0.0.0";
}

/**
 * Whether a CONNECT has content, which is not allowed (RFC 9110, section 9.3.6). Deno reads that content as the next
 * request, whatever Content-Length says.
 */
function is_tunnel_with_content(request: Request): boolean {
  // The headers are not touched of any other: to make them takes a third of what a small request does.
  if (request.method !== "CONNECT") return false;
  const length = request.headers.get("content-length") ?? "0";
  return !/^0+$/.test(length);
}

/** A refusal that closes the connection, which Deno does not do for `Connection: close`. */
function breaking_off(): Response {
  const body = new ReadableStream({
    pull(controller) {
      controller.error(new BrokenOff());
    },
  });
  const headers = { "Connection": "close" };
  return new Response(body, { status: 400, headers });
}
