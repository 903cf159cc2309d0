/**
 * The origin of a request behind proxies: `X-Forwarded-*` and `Forwarded` (RFC 7239) are believed if they come from
 * trusted proxies, and hidden from the application otherwise.
 */

import { let_pass } from "../_internal/request/direct.ts";
import { is_of_proxy } from "../_internal/request/forwarded.ts";
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

/**
 * Options of {@linkcode trust_forwarded}.
 *
 * @category Middleware
 */
export interface TrustForwardedOptions {
  /**
   * The trusted proxies: IP addresses, ranges (`10.0.0.0/8`), and `unix` for peers on a Unix socket, as a list or a
   * comma-separated string. `*` trusts every peer and every hop: then the client is the first entry of a header, which
   * it may have forged. An empty list trusts nobody.
   *
   * Addresses are compared by value, whatever their spelling: `::ffff:10.0.0.1` is `10.0.0.1`. A range must be written
   * with its first address.
   */
  trusted: string | readonly string[];
}

/**
 * Gives the application the client's address and the URL that the client asked for, if a trusted peer reports them;
 * from any other peer, proxy headers are removed.
 *
 * It reads `X-Forwarded-For`, `-Proto`, `-Host` and `-Port`, and `Forwarded` (RFC 7239). It sets `REMOTE_ADDR`,
 * `REMOTE_PORT`, `wsgi.url_scheme`, `HTTPS`, `HTTP_HOST`, `SERVER_NAME` and `SERVER_PORT`, as far as these are
 * reported.
 *
 * If any of `X-Forwarded-For`, `-Proto`, `-Host` and `-Port` is present, `Forwarded` is ignored: nearly every proxy
 * writes the former, and passes on headers that it does not know, such as the client's `Forwarded`. A proxy that only
 * writes `Forwarded` must remove these four. The two are never mixed.
 *
 * `X-Forwarded-For` and `Forwarded` are read from their end as long as entries name trusted hops; the entry after those
 * is the client. Some proxies append to `X-Forwarded-Proto` and `-Port`: of these, the value counts that is as far from
 * the end as the client is, or the last one if there are fewer. Of `X-Forwarded-Host`, the last value counts: some
 * common proxies append to what the client sent and others pass it on, and a chain of both would let the client choose
 * the host. Of each header, the environ keeps only the value that counts and those after it.
 *
 * Other headers of a trusted peer (`X-Forwarded-Ssl`, `-Prefix`, `X-Real-IP`) are not read and not changed: many
 * proxies pass on the client's.
 *
 * @param app The application.
 * @param options The trusted proxies.
 * @throws {TypeError} If `app` is not a function, or an entry of `trusted` is not an address, a range, `unix` or `*`.
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
 *
 * @category Middleware
 */
export function trust_forwarded(
  app: WSGIApplication,
  options: TrustForwardedOptions,
): WSGIApplication {
  check_function(app, "the application");
  const trusted = read_trusted(options.trusted);
  const trusting: WSGIApplication = (environ, start_response) => {
    if (environ.REMOTE_ADDR === UNIX_PEER) environ.REMOTE_ADDR = "";
    if (trusted.is_trusted(environ.REMOTE_ADDR)) believe(environ, trusted);
    else remove_forwarded(environ);
    return app(environ, start_response);
  };
  return let_pass(trusting, app, ({ head }) => !head.is_forwarded);
}

function remove_forwarded(environ: Record<string, unknown>): void {
  for (const key in environ) if (is_of_proxy(key)) delete environ[key];
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
 * The value of a list that is followed by `distance` others. The variable keeps it and those after it, and is removed
 * if the value is invalid.
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

/** Scheme and host are those reported by the hop that is nearest to the client and reports them. */
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

/** The client is the node that the last hop reports; if it reports none, nothing before that hop is known. */
function set_client(environ: WSGIEnvironment, { hops }: Chain): void {
  const client: Node | null = hops.at(-1)!.client ??
    hops.at(-2)?.client ?? null;
  if (!client) return;
  environ.REMOTE_ADDR = client.address;
  if (client.port) environ.REMOTE_PORT = client.port;
  else delete environ.REMOTE_PORT;
  // It is the name of the peer; by default it is empty.
  if (environ.REMOTE_HOST) environ.REMOTE_HOST = "";
}

type Scheme = "http" | "https";

function read_scheme(text: string | undefined): Scheme | null {
  const scheme = text?.toLowerCase();
  return scheme === "http" || scheme === "https" ? scheme : null;
}

/** A parsed `Host` header. */
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

/** Sets the scheme and the host as far as they were reported, and a port that matches. */
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

/**
 * Sets the reported port, or that of the host, or the default one. The host is not changed, because the client may have
 * asked for another port than the one that a proxy listens at.
 */
function set_port(environ: WSGIEnvironment, port: string | null): void {
  const usual = environ["wsgi.url_scheme"] === "https" ? "443" : "80";
  environ.SERVER_PORT = port ?? read_host(environ.HTTP_HOST)?.port ?? usual;
}
