/** The body of a `Request`, for a handler. */

import { empty_body, whole_body } from "../streams/body.ts";
import { note_request } from "../streams/own_request.ts";

/** The body of a request; an empty stream if there is none. */
export function request_body(request: Request): ReadableStream<Uint8Array> {
  const { body, headers } = request;
  if (!body) return empty_body();
  note_request(body, request);
  const is_measured = headers.has("content-length") ||
    headers.has("transfer-encoding");
  return is_measured ? body : whole_body(body, undefined, request);
}
