/** Requests that are refused before the application is called, judged by their variables. */

import { STATUS_CODE } from "@std/http/status";
import type { WSGIEnvironment } from "../../types.ts";
import { parse_length } from "../streams/body.ts";
import { is_host } from "./host.ts";

/** The status that a request is refused with; null if the application should handle it. */
export function refused_with(
  { HTTP_HOST, CONTENT_LENGTH, HTTP_TRANSFER_ENCODING }: WSGIEnvironment,
): 400 | 501 | null {
  // RFC 9112, section 3.2. A missing Host is valid in HTTP/1.0, which Deno.serve does not distinguish from HTTP/1.1.
  const is_malformed = HTTP_HOST !== undefined && !is_host(HTTP_HOST) ||
    CONTENT_LENGTH && parse_length(CONTENT_LENGTH) === null;
  if (is_malformed) return STATUS_CODE.BadRequest;
  // RFC 9112, section 6.1: the encoded body would be mistaken for the decoded one.
  return HTTP_TRANSFER_ENCODING && !/^chunked$/i.test(HTTP_TRANSFER_ENCODING)
    ? STATUS_CODE.NotImplemented
    : null;
}
