/** The body of a `Request`, for a handler. */

import { empty_body, whole_body } from "../streams/body.ts";
import { note_request } from "../streams/own_request.ts";

/** Whether a request has a body. A GET or HEAD has none by the fetch standard, and reading `body` is slower than knowing that. */
function has_body(request: Request): boolean {
  const { method } = request;
  return method !== "GET" && method !== "HEAD" && request.body !== null;
}

/** The body of a request; an empty stream if there is none. */
export function request_body(request: Request): ReadableStream<Uint8Array> {
  if (!has_body(request)) return note_request(empty_body(), request);
  const body = note_request(request.body!, request);
  const { headers } = request;
  const is_measured = headers.has("content-length") ||
    headers.has("transfer-encoding");
  return is_measured ? body : whole_body(body, undefined, request);
}
