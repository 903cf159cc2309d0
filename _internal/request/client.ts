/** What a request reveals about its client: whether it is on this machine, and whether it is a browser. */

import type { WSGIEnvironment } from "../../types.ts";

/** A `Host` header (RFC 9110, section 7.2): a name or an address, the latter in brackets if it is IPv6, and a port. */
const HOST = /^(?:\[([\dA-Fa-f:.]+)\]|([^:[\]]*))(?::\d*)?$/;

/** The names that always mean this machine (RFC 6761, section 6.3). */
const LOOPBACK_NAME = /^(?:[^.]+\.)*localhost\.?$/i;

const OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const LOOPBACK_IPV4 = new RegExp(`^127(?:\\.${OCTET}){3}$`);
/** The shortest spelling of `::1`, and of `127.0.0.0/8` mapped to IPv6 (RFC 4291, section 2.5.5.2). */
const LOOPBACK_IPV6 = /^\[::(?:1|ffff:7f[\da-f]{2}:[\da-f]{1,4})\]$/;

/**
 * Whether a `Host` header names this machine by a reserved name. The owner of any other name can make it resolve to
 * this machine (DNS rebinding).
 */
export function is_loopback_host(host: string): boolean {
  const [, ipv6, name = ""] = HOST.exec(host) ?? [];
  return is_loopback_address(ipv6 ?? name) || LOOPBACK_NAME.test(name);
}

/** Whether an IP address, without brackets, is one that only this machine reaches. */
export function is_loopback_address(address: string): boolean {
  if (!address.includes(":")) return LOOPBACK_IPV4.test(address);
  // The platform accepts every spelling, and returns the shortest (RFC 5952).
  const shortest = URL.parse(`http://[${address}]/`)?.hostname ?? "";
  return LOOPBACK_IPV6.test(shortest);
}

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
  return is_loopback_address(REMOTE_ADDR) &&
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
