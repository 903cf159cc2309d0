/** From what an application says to a `Response`, by the shortest way that Deno has for it. */

import type { HeaderList } from "../types.ts";
import type { Status } from "./response_head.ts";

/**
 * A response.
 *
 * Deno has a short way for one that is made of nothing but its body, and is a 200 then, and for headers that are
 * appended: of a body that is there and headers the constructor makes something that is quick to send, but that costs
 * more to make and to clear away.
 *
 * @param is_told Whether somebody gets to see the reason of the status.
 */
export function make_response(
  body: BodyInit | null,
  { code, reason }: Status,
  headers: HeaderList,
  is_told: boolean,
): Response {
  const response = code === 200 && !is_told
    ? new Response(body)
    : new Response(body, { status: code, statusText: is_told ? reason : "" });
  const own = response.headers;
  for (const [name, value] of headers) own.append(name, value);
  return response;
}
