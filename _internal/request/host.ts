/** Hosts: what may stand in a `Host` header (RFC 9110, section 7.2), and in `SERVER_NAME`. */

import { remember } from "../remember.ts";

/**
 * A name of the characters that names of machines have, which are fewer than RFC 3986 (section 3.2.2) has for the name
 * in a URL; an IPv4 address; an IPv6 address in brackets. Behind it a port, of which nothing but the colon need be there.
 */
const HOST = /^(?:[\w.~-]{1,255}|\[[\da-f:.]+\])(?::(\d{0,5}))?$/i;

const LAST_PORT = 65535;

/** Whether `text` names a host, and perhaps a port. */
export const is_host = remember((text): boolean => {
  const [host, port = ""] = HOST.exec(text) ?? [];
  if (host === undefined || Number(port) > LAST_PORT) return false;
  return !host.startsWith("[") || URL.canParse(`http://${host}`);
});

/** A host as a URL has it (RFC 3875, section 4.1.14): an IPv6 address in brackets, spelled in one way, without a zone; any other as it is. */
export function in_brackets(host: string): string {
  if (!host.includes(":")) return host;
  const address = `[${host.replace(/^\[|[%\]].*/gs, "")}]`;
  const url = `http://${address}`;
  return URL.canParse(url) ? new URL(url).hostname : address;
}
