/** The CGI variables of a request, for any kind of server. */

import type { WSGIEnvironment } from "../../types.ts";
import { guess_scheme } from "../../util.ts";
import { quote } from "../text/quote.ts";
import { in_brackets } from "./host.ts";

/**
 * CGI variables, with one byte per character.
 *
 * @category Gateways
 */
export type Variables = Record<string, string>;

/**
 * Duplicates that nginx and lighttpd send in addition to the plain variables, and `HTTP_PROXY`, which a client must not
 * set (httpoxy).
 */
export const UNWANTED_VARIABLES: ReadonlySet<string> = new Set([
  "HTTP_CONTENT_TYPE",
  "HTTP_CONTENT_LENGTH",
  "HTTP_PROXY",
]);

/**
 * Fills in the variables that every environ must have (PEP 3333, "environ Variables") if a web server does not set
 * them, or sets them empty, which means the same (RFC 3875, section 4.1).
 */
export function complete(environ: WSGIEnvironment): void {
  environ.REQUEST_METHOD ||= "GET";
  environ.SCRIPT_NAME ??= "";
  environ.PATH_INFO ??= "";
  environ.QUERY_STRING ??= "";
  environ.SERVER_PROTOCOL ||= "HTTP/1.0";
  // Not the host that the client sent: the server's own name is trusted.
  environ.SERVER_NAME = in_brackets(
    environ.SERVER_NAME || environ.SERVER_ADDR as string || "localhost",
  );
  environ.SERVER_PORT ||= guess_scheme(environ) === "https" ? "443" : "80";
  if (environ.HTTP_HOST === "") delete environ.HTTP_HOST;
}

/** The request line, as far as the variables have it. */
export function request_line(variables: Variables): string {
  const { REQUEST_METHOD, REQUEST_URI, SERVER_PROTOCOL } = variables;
  const target = REQUEST_URI ?? target_of(variables);
  return `${REQUEST_METHOD ?? "-"} ${target} ${SERVER_PROTOCOL ?? "-"}`;
}

/** The length of the request line, which is not made for that. */
export function request_line_length(variables: Variables): number {
  const { REQUEST_METHOD = "", REQUEST_URI, SERVER_PROTOCOL = "" } = variables;
  if (REQUEST_URI === undefined) return request_line(variables).length;
  const blanks = 2;
  return REQUEST_METHOD.length + REQUEST_URI.length + SERVER_PROTOCOL.length +
    blanks;
}

function target_of(
  { SCRIPT_NAME, PATH_INFO, QUERY_STRING }: Variables,
): string {
  const query = QUERY_STRING ? `?${QUERY_STRING}` : "";
  return quote(`${SCRIPT_NAME ?? ""}${PATH_INFO ?? ""}`) + query;
}
