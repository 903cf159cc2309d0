/** The names of a server: its own, and Deno's. */

import { in_brackets } from "../request/host.ts";

/** The host that Deno puts into the URL of a request without one, for a server at this address. */
export function unnamed_host(addr: Deno.Addr): string {
  if (!("hostname" in addr)) return "path" in addr ? encoded(addr.path) : "";
  const { hostname, port } = addr;
  const is_own = /^(127\..*|0\.0\.0\.0|::1?)$/.test(hostname);
  const bracketed = hostname.includes(":") ? `[${hostname}]` : hostname;
  const host = is_own ? "localhost" : bracketed;
  return port === 80 ? host : `${host}:${port}`;
}

/** Percent-encodes everything in a path except ASCII letters and digits. */
function encoded(path: string): string {
  const hex = (char: string) =>
    `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(path).replace(/[-_.!~*'()]/g, hex);
}

/**
 * The `SERVER_NAME` for the host that a server listens at: like Python's `socket.getfqdn`, as far as possible without a
 * resolver, but with an IPv6 address in brackets, as in a URL (RFC 3875, section 4.1.14).
 */
export function full_name(host: string): string {
  const name = in_brackets(host);
  if (name === "127.0.0.1" || name === "[::1]") return "localhost";
  const is_any = name === "" || name === "0.0.0.0" || name === "[::]";
  return is_any ? machine_name() : name;
}

function machine_name(): string {
  const { state } = Deno.permissions.querySync({
    name: "sys",
    kind: "hostname",
  });
  return state === "granted" && Deno.hostname() || "localhost";
}
