/** The responses that are not the application's: of a request that is refused, and of an error. */

import { STATUS_CODE, STATUS_TEXT, type StatusCode } from "@std/http/status";
import { encode_latin1 } from "../text/bytes.ts";
import type {
  HeaderList,
  StartResponse,
  WSGIEnvironment,
} from "../../types.ts";

/**
 * Begins the response: plain text with the reason phrase of its status.
 *
 * @param code The status.
 * @param headers Additional headers.
 * @param exc_info The error that was thrown, if this replaces a response that may have begun.
 * @returns The body, which is empty for a HEAD.
 * @throws What `start_response` throws: `exc_info`, if the headers have been sent.
 */
export function refuse(
  environ: WSGIEnvironment,
  start_response: StartResponse,
  code: StatusCode,
  headers: HeaderList = [],
  exc_info?: unknown,
): Uint8Array[] {
  const reason = STATUS_TEXT[code];
  start_response(`${code} ${reason}`, [
    ["Content-Type", "text/plain"],
    ["Content-Length", String(reason.length)],
    ...headers,
  ], exc_info);
  return environ.REQUEST_METHOD === "HEAD" ? [] : [encode_latin1(reason)];
}

/** The status of the page for an error. */
export const ERROR_STATUS = `${STATUS_CODE.InternalServerError} ${
  STATUS_TEXT[STATUS_CODE.InternalServerError]
}`;

/** Its headers. */
export const ERROR_HEADERS: HeaderList = [["Content-Type", "text/plain"]];

/** Its body, as wsgiref has it. */
export const ERROR_BODY: Uint8Array = new TextEncoder().encode(
  "A server error occurred.  Please contact the administrator.",
);
