/** From what an application says to a `Response`, by the shortest way that Deno has for it. */

import type { HeaderList } from "../types.ts";
import type { Status } from "./response_head.ts";

/**
 * A response.
 *
 * Only its type is given to the constructor, and the other headers are appended: of a body that is there and several
 * headers the constructor makes something that is quick to send, but that costs more to make and to clear away.
 */
export function make_response(
  body: BodyInit | null,
  { code, reason }: Status,
  headers: HeaderList,
): Response {
  const type = headers.find(is_type);
  const response = new Response(body, {
    status: code,
    statusText: reason,
    headers: type && { "Content-Type": type[1] },
  });
  const own = response.headers;
  for (const header of headers) {
    if (header !== type) own.append(header[0], header[1]);
  }
  return response;
}

function is_type([name]: [name: string, value: string]): boolean {
  return name.length === 12 && name.toLowerCase() === "content-type";
}
