/** What the tests of the handlers answer with, and the page that answers an error. */

import type { HeaderList, WSGIApplication } from "../../types.ts";
import { bytes } from "../support/support.ts";

export const PLAIN: HeaderList = [["Content-Type", "text/plain"]];
export const ERROR_BODY =
  "A server error occurred.  Please contact the administrator.";
export const ERROR_PAGE = "Status: 500 Internal Server Error\r\n" +
  "Content-Type: text/plain\r\nContent-Length: 59\r\n\r\n" + ERROR_BODY;

/** An application that answers 200 with these blocks. */
export function answering(
  blocks: string[],
  headers: HeaderList = PLAIN,
): WSGIApplication {
  return (_environ, start_response) => {
    start_response("200 OK", headers);
    return blocks.map(bytes);
  };
}
