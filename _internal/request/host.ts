/** Hosts, as in a `Host` header (RFC 9110, section 7.2) and in `SERVER_NAME`. */

import { remember } from "../remember.ts";

/**
 * A host name, with fewer characters than RFC 3986 (section 3.2.2) allows in a URL; an IPv4 address; or an IPv6 address
 * in brackets. An optional port follows, of which only the colon is required.
 */
const HOST = /^(?:[\w.~-]{1,255}|\[[\da-f:.]+\])(?::(\d{0,5}))?$/i;

const LAST_PORT = 65535;

/** Whether `text` is a host with an optional port. */
export const is_host = remember((text): boolean => {
  const [host, port = ""] = HOST.exec(text) ?? [];
  if (host === undefined || Number(port) > LAST_PORT) return false;
  return !host.startsWith("[") || URL.canParse(`http://${host}`);
});

/**
 * A host in the form of a URL (RFC 3875, section 4.1.14): an IPv6 address is normalized, without its zone, and put in
 * brackets; any other host is unchanged.
 */
export function in_brackets(host: string): string {
  if (!host.includes(":")) return host;
  const address = `[${host.replace(/^\[|[%\]].*/gs, "")}]`;
  const url = `http://${address}`;
  return URL.canParse(url) ? new URL(url).hostname : address;
}
