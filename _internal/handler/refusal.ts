/** The answer to a request that the application does not get to answer. */

import { STATUS_TEXT, type StatusCode } from "@std/http/status";
import { encode_latin1 } from "../text/bytes.ts";
import type {
  HeaderList,
  StartResponse,
  WSGIEnvironment,
} from "../../types.ts";

/**
 * Begins the response: a page of plain text that says no more than its status does.
 *
 * @param code The status.
 * @param headers What the response has beside the headers of that page.
 * @param exc_info What was thrown, where this replaces a response that may have been begun.
 * @returns The body, which the answer to a HEAD has none of.
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
