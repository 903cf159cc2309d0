/**
 * Where a request came from, when a proxy stands between: `X-Forwarded-*` and `Forwarded` (RFC 7239), believed from
 * those who are trusted, and kept from the application otherwise.
 */

import { check_function } from "../_internal/text/check.ts";
import type { WSGIApplication, WSGIEnvironment } from "../types.ts";
import {
  type Chain,
  type Node,
  read_addresses,
  read_forwarded,
  read_port,
  UNIX_PEER,
} from "./forwarded_chain.ts";
import { is_ip } from "./ip_address.ts";
import { read_trusted, type Trusted } from "./trusted.ts";

/** Whom {@linkcode trust_forwarded} trusts. */
export interface TrustForwardedOptions {
  /**
   * The proxies: IP addresses, ranges (`10.0.0.0/8`), and `unix` for peers on a Unix socket; in a list, or in one
   * text with commas between them. `*` trusts every peer and every hop: the client is whom the first entry of a header
   * names, which it may have written itself. An empty list trusts nobody.
   *
   * An address is trusted by its value, however it is spelled: `::ffff:10.0.0.1` is `10.0.0.1`. A range begins with
   * its first address.
   */
  trusted: string | readonly string[];
}

/**
 * An application that sees the client and the address that the client asked for, where a trusted peer tells them; from
 * any other peer, no header of a proxy.
 *
 * Read are `X-Forwarded-For`, `-Proto`, `-Host` and `-Port`, and `Forwarded` (RFC 7239). Set are `REMOTE_ADDR`,
 * `REMOTE_PORT`, `wsgi.url_scheme`, `HTTPS`, `HTTP_HOST`, `SERVER_NAME` and `SERVER_PORT`, as far as they are told.
 *
 * Any of `X-Forwarded-For`, `-Proto`, `-Host` and `-Port` silences `Forwarded`. Nearly every proxy writes the former and
 * hands on what it does not know, the client's `Forwarded` for one. A proxy that writes `Forwarded` alone must remove
 * these four. Never are the two mixed.
 *
 * `X-Forwarded-For` and `Forwarded` are read from their end, as far as their entries name trusted hops; what they lead
 * to is the client. Of `X-Forwarded-Proto` and `-Port`, lists that some proxies append to, counts the value as far
 * from the end as the client is, the last one where there are not that many. Of `X-Forwarded-Host` counts the last:
 * there are widespread proxies that append to what the client sent and others that hand it on, and a chain of both would
 * have the client choose the host. Of each, only what counts and what follows it stays in environ.
 *
 * Other headers of a trusted peer (`X-Forwarded-Ssl`, `-Prefix`, `X-Real-IP`) are not read, and stay as they are: many
 * proxies hand on the client's.
 *
 * @param app The application.
 * @param options Whom to trust.
 * @throws {TypeError} If `app` is no function, or one of `trusted` is no address, no range, and neither `unix` nor `*`.
 *
 * @example
 * ```ts
 * import { trust_forwarded } from "@tsgi/serve/middleware";
 * import { request_uri, setup_testing_defaults } from "@tsgi/serve/util";
 * import { assertEquals } from "@std/assert";
 *
 * const environ = {
 *   REMOTE_ADDR: "10.0.0.1",
 *   HTTP_X_FORWARDED_FOR: "198.51.100.1, 203.0.113.9",
 *   HTTP_X_FORWARDED_PROTO: "https",
 *   HTTP_HOST: "example.com",
 * };
 * setup_testing_defaults(environ);
 * const app = trust_forwarded(() => [], { trusted: ["10.0.0.0/8"] });
 * await app(environ, () => () => Promise.resolve());
 * assertEquals(environ.REMOTE_ADDR, "203.0.113.9");
 * assertEquals(request_uri(environ), "https://example.com/");
 * ```
 */
export function trust_forwarded(
  app: WSGIApplication,
  options: TrustForwardedOptions,
): WSGIApplication {
  check_function(app, "the application");
  const trusted = read_trusted(options.trusted);
  return (environ, start_response) => {
    if (environ.REMOTE_ADDR === UNIX_PEER) environ.REMOTE_ADDR = "";
    if (trusted.is_trusted(environ.REMOTE_ADDR)) believe(environ, trusted);
    else remove_forwarded(environ);
    return app(environ, start_response);
  };
}

function remove_forwarded(environ: Record<string, unknown>): void {
  for (const key in environ) if (is_of_proxy(key)) delete environ[key];
}

/** Whether a variable is a header that a proxy says something of the client by. */
function is_of_proxy(key: string): boolean {
  return key.startsWith("HTTP_X_FORWARDED") || key === "HTTP_FORWARDED" ||
    key === "HTTP_X_REAL_IP";
}

function believe(environ: WSGIEnvironment, trusted: Trusted): void {
  const has_lists = environ.HTTP_X_FORWARDED_FOR !== undefined ||
    environ.HTTP_X_FORWARDED_PROTO !== undefined ||
    environ.HTTP_X_FORWARDED_HOST !== undefined ||
    environ.HTTP_X_FORWARDED_PORT !== undefined;
  if (has_lists) {
    delete environ.HTTP_FORWARDED;
    believe_lists(environ, trusted);
  } else if (environ.HTTP_FORWARDED) {
    believe_elements(environ, read_forwarded(environ.HTTP_FORWARDED, trusted));
  }
}

function believe_lists(environ: WSGIEnvironment, trusted: Trusted): void {
  let distance = 0;
  if (environ.HTTP_X_FORWARDED_FOR) {
    const chain = read_addresses(environ.HTTP_X_FORWARDED_FOR, trusted);
    environ.HTTP_X_FORWARDED_FOR = chain.written;
    distance = chain.hops.length - 1;
    set_client(environ, chain);
  }
  set_origin(
    environ,
    take_value(environ, "HTTP_X_FORWARDED_PROTO", distance, read_scheme),
    take_value(environ, "HTTP_X_FORWARDED_HOST", 0, read_host),
    take_value(environ, "HTTP_X_FORWARDED_PORT", distance, read_port),
  );
}

/**
 * What counts of a list: the value that has `distance` others behind it. The variable keeps that and what follows, and
 * is removed where it is no such value.
 */
function take_value<Value>(
  environ: WSGIEnvironment,
  key: `HTTP_${string}`,
  distance: number,
  read: (text: string) => Value | null,
): Value | null {
  const list = environ[key];
  if (list === undefined) return null;
  const values = list.split(",");
  const last = values.length - 1;
  const place = distance > last ? last : last - distance;
  const value = read(values[place]!.trim());
  if (value === null) delete environ[key];
  else if (place > 0) environ[key] = values.slice(place).join(",").trim();
  return value;
}

/** Scheme and host are those that the client's hop tells, or else the hop nearest to it that does. */
function believe_elements(environ: WSGIEnvironment, chain: Chain): void {
  environ.HTTP_FORWARDED = chain.written;
  set_client(environ, chain);
  let scheme: Scheme | null = null;
  let host: Host | null = null;
  for (const hop of chain.hops.toReversed()) {
    scheme ??= read_scheme(hop.proto);
    host ??= read_host(hop.host);
  }
  set_origin(environ, scheme, host, null);
}

/** The client is whom the last hop names; where that one leaves it out, nobody before that hop is known. */
function set_client(environ: WSGIEnvironment, { hops }: Chain): void {
  const client: Node | null = hops.at(-1)!.client ??
    hops.at(-2)?.client ?? null;
  if (!client) return;
  environ.REMOTE_ADDR = client.address;
  if (client.port) environ.REMOTE_PORT = client.port;
  else delete environ.REMOTE_PORT;
  // The name of the peer; the empty one is there by default.
  if (environ.REMOTE_HOST) environ.REMOTE_HOST = "";
}

type Scheme = "http" | "https";

function read_scheme(text: string | undefined): Scheme | null {
  const scheme = text?.toLowerCase();
  return scheme === "http" || scheme === "https" ? scheme : null;
}

/** A host as the `Host` header has it. */
interface Host {
  text: string;
  /** Without the port; an IPv6 address in brackets. */
  name: string;
  port: string | null;
}

/** A name or an IPv4 address, or an IPv6 address in brackets, and a port. */
const HOST = /^([\w.-]{1,255}|\[([\da-f:.]+)\])(?::(\d+))?$/i;

function read_host(text: string | undefined): Host | null {
  const [, name, ipv6, digits] = HOST.exec(text ?? "") ?? [];
  const port = read_port(digits);
  const is_wrong = name === undefined ||
    ipv6 !== undefined && !is_ip(ipv6) ||
    digits !== undefined && port === null;
  return is_wrong ? null : { text: text!, name, port };
}

/** Sets what a URL begins with: as far as it was told, and the port to fit. */
function set_origin(
  environ: WSGIEnvironment,
  scheme: Scheme | null,
  host: Host | null,
  port: string | null,
): void {
  if (scheme) set_scheme(environ, scheme);
  if (host) {
    environ.HTTP_HOST = host.text;
    environ.SERVER_NAME = host.name;
  }
  if (scheme || host || port) set_port(environ, port);
}

function set_scheme(environ: WSGIEnvironment, scheme: Scheme): void {
  environ["wsgi.url_scheme"] = scheme;
  if (scheme === "https") environ.HTTPS = "on";
  else delete environ.HTTPS;
}

/** The port that was told, or that of the host, or the usual one. The host stays as it was told: where a proxy listens need not be what the client asked for. */
function set_port(environ: WSGIEnvironment, port: string | null): void {
  const usual = environ["wsgi.url_scheme"] === "https" ? "443" : "80";
  environ.SERVER_PORT = port ?? read_host(environ.HTTP_HOST)?.port ?? usual;
}
