/** What a request reveals about its client: whether it is on this machine, and whether it is a browser. */

import type { WSGIEnvironment } from "../../types.ts";

/**
 * A `Host` header (RFC 9110, section 7.2) that always means this machine (RFC 6761, section 6.3), with an optional
 * port.
 */
const LOOPBACK_HOST =
  /^(?:(?:[^.:]+\.)*localhost\.?|127(?:\.\d{1,3}){3}|\[::1\])(?::\d*)?$/i;

/**
 * Whether a `Host` header names this machine by a reserved name. The owner of any other name can make it resolve to
 * this machine (DNS rebinding).
 */
export function is_loopback_host(host: string): boolean {
  return LOOPBACK_HOST.test(host);
}

const LOOPBACK_ADDRESS = /^(?:(?:::ffff:)?127(?:\.\d{1,3}){3}|::1)$/i;

/** Headers that proxies add. */
const FORWARDED = [
  "HTTP_FORWARDED",
  "HTTP_VIA",
  "HTTP_X_FORWARDED_FOR",
  "HTTP_X_REAL_IP",
];

/** Whether the client is on this machine, asked for this machine, and no proxy has announced itself. */
export function is_local(environ: WSGIEnvironment): boolean {
  const { REMOTE_ADDR = "", HTTP_HOST, SERVER_NAME = "" } = environ;
  return LOOPBACK_ADDRESS.test(REMOTE_ADDR) &&
    is_loopback_host(HTTP_HOST ?? SERVER_NAME) &&
    !FORWARDED.some((key) => key in environ);
}

/** Whether an `Accept` header names HTML and does not prefer plain text. */
export function wants_html(accept: unknown): boolean {
  if (typeof accept !== "string") return false;
  const weights: Record<string, number> = {};
  for (const range of accept.toLowerCase().split(",")) {
    const [type, ...parameters] = range.split(";").map((part) => part.trim());
    const q = parameters.find((parameter) => parameter.startsWith("q="));
    weights[type!] = q ? Number(q.slice(2)) || 0 : 1;
  }
  const { "text/html": html = 0, "text/plain": plain = 0 } = weights;
  return html > 0 && html >= plain;
}
