/** The variables of a request, as a server of any kind has them. */

import { quote } from "../text/quote.ts";

/** CGI variables, each character of a value a byte. */
export type Variables = Record<string, string>;

/** What nginx and lighttpd send beside the plain variables, and what a client must not set (httpoxy). */
export const UNWANTED_VARIABLES: ReadonlySet<string> = new Set([
  "HTTP_CONTENT_TYPE",
  "HTTP_CONTENT_LENGTH",
  "HTTP_PROXY",
]);

/** The request line, as far as the variables tell it. */
export function request_line(variables: Variables): string {
  const { REQUEST_METHOD, REQUEST_URI, SERVER_PROTOCOL } = variables;
  const target = REQUEST_URI ?? target_of(variables);
  return `${REQUEST_METHOD ?? "-"} ${target} ${SERVER_PROTOCOL ?? "-"}`;
}

function target_of(
  { SCRIPT_NAME, PATH_INFO, QUERY_STRING }: Variables,
): string {
  const query = QUERY_STRING ? `?${QUERY_STRING}` : "";
  return quote(`${SCRIPT_NAME ?? ""}${PATH_INFO ?? ""}`) + query;
}
