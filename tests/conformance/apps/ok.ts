/** The answer of an application that has nothing special about it. */

import type { HeaderList, StartResponse, WSGIResult } from "../../../types.ts";

export const PLAIN: HeaderList = [["Content-Type", "text/plain"]];

export function ok(
  start_response: StartResponse,
  body: Uint8Array,
): WSGIResult {
  start_response("200 OK", PLAIN);
  return [body];
}
