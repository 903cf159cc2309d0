/** What a `Request` of `Deno.serve` says, in the terms of CGI. */

import { to_native } from "../text/bytes.ts";
import { unquote } from "../text/quote.ts";
import { remember } from "../remember.ts";
import { is_host } from "./host.ts";

/**
 * The request target as it was sent.
 *
 * `request.url` is the scheme, then the Host header as the client wrote it, then the target. A Host header
 * with a slash in it must not pass for the beginning of the path.
 *
 * @param host What is likely to be the Host header: to look it up takes longer.
 */
export function request_target(request: Request, host?: string): string {
  const { url } = request;
  const authority = url.indexOf("://") + 3;
  const length = host !== undefined && names(url, authority, host)
    ? host.length
    : host_length(url, authority, request.headers.get("host") ?? "");
  if (length > 0) return to_native(url.slice(authority + length));
  // An absolute target, or one without a Host header. That of CONNECT is an authority alone.
  const path = url.slice(authority).search(/[/?]/);
  if (path < 0) return to_native(url.slice(authority));
  const target = url.slice(authority + path);
  return to_native(target.startsWith("?") ? `/${target}` : target);
}

/**
 * Puts the host that the client asks for into `environ`, which holds its headers.
 *
 * That is the one in the URL: an absolute target's goes before the Host header (RFC 9112, section 3.2.2), by HTTP/2 the
 * `:authority` does (RFC 9113, section 8.3.1), and only where there is neither Deno takes the header.
 *
 * @param unnamed The host in the URL of a request that names none; null where Deno puts none of its own there.
 */
export function add_host(
  environ: Record<string, unknown>,
  { url }: Request,
  unnamed: string | null,
): void {
  const header = environ.HTTP_HOST as string | undefined;
  if (header === undefined) {
    const host = url_host(url);
    if (host !== unnamed) environ.HTTP_HOST = host;
  } else if (!names(url, url.indexOf("://") + 3, header) && is_host(header)) {
    environ.HTTP_HOST = url_host(url); // A header that is no host stays: the request is refused for it.
  }
}

/** The host in a URL, and its port where that is there, but no user. */
function url_host(url: string): string {
  const [, host = ""] = /^[^/]*\/\/(?:[^/?@]*@)?([^/?]*)/.exec(url) ?? [];
  return to_native(host);
}

/** How much of `url` is the Host header: as a header has it, or as Deno puts it into the URL, decoded from UTF-8; 0 where it is not there. */
function host_length(url: string, authority: number, host: string): number {
  if (names(url, authority, host)) return host.length;
  const bytes = Uint8Array.from(host, (char) => char.charCodeAt(0));
  const decoded = new TextDecoder().decode(bytes);
  return names(url, authority, decoded) ? decoded.length : 0;
}

/** Whether a URL, whose authority begins there, names the host and nothing else. */
function names(url: string, authority: number, host: string): boolean {
  return url[authority + host.length] === "/" &&
    url.startsWith(host, authority);
}

/** A target with the slashes that it begins with as one: `//x` is a path, and not the host x. */
export function one_slash(target: string): string {
  return target.startsWith("//") ? target.replace(/^\/+/, "/") : target;
}

/**
 * Adds the headers of `request` to `environ`.
 *
 * @param key_of Where a header stands in environ, as `header_keys` gives it.
 */
export function add_headers(
  environ: Record<string, unknown>,
  request: Request,
  key_of: HeaderKeys,
): void {
  environ.CONTENT_TYPE = "text/plain";
  request.headers.forEach((value, name) => {
    const key = key_of(name);
    if (key !== null) {
      // The one header that Deno does not join.
      const before = name === "set-cookie" && environ[key];
      environ[key] = before ? `${before}, ${value}` : value;
    } else if (name === "content-type") environ.CONTENT_TYPE = value;
    else if (name === "content-length" && value) {
      environ.CONTENT_LENGTH = first_length(value);
    }
  });
}

/**
 * Adds the method and the target of `request` to `environ`.
 *
 * @param target The request target, as `request_target` gives it.
 */
export function add_request_line(
  environ: Record<string, unknown>,
  request: Request,
  target: string,
): void {
  const path = one_slash(target);
  const query = path.indexOf("?");
  environ.REQUEST_METHOD = request.method;
  environ.PATH_INFO = unquote(query < 0 ? path : path.slice(0, query));
  environ.QUERY_STRING = query < 0 ? "" : path.slice(query + 1);
  environ.REQUEST_URI = target;
}

/** A Content-Length that was sent several times, equal each time, is one (RFC 9110, section 8.6). */
function first_length(value: string): string {
  const comma = value.indexOf(",");
  return comma < 0 ? value : value.slice(0, comma).trim();
}

/** Gives the key in environ of a header, by its name: null for one that has none there, or not one of its own. */
export type HeaderKeys = (name: string) => string | null;

/** The keys of headers beside `variables`: as wsgiref has it, a header that is named as a variable is does not stand beside it. */
export function header_keys(
  variables: Readonly<Record<string, unknown>>,
): HeaderKeys {
  return (name) => {
    const names = header_names(name);
    return names && !(names.plain in variables) ? names.prefixed : null;
  };
}

/** The names of a header in environ. */
interface HeaderNames {
  /** The name alone: `USER_AGENT`. */
  plain: string;
  /** With its prefix: `HTTP_USER_AGENT`. */
  prefixed: string;
}

/** What is set for each request: no header of such a name stands beside it. */
const REQUEST_VARIABLES = new Set([
  "CONTENT_LENGTH",
  "CONTENT_TYPE",
  "PATH_INFO",
  "QUERY_STRING",
  "REMOTE_ADDR",
  "REMOTE_HOST",
  "REMOTE_PORT",
  "REQUEST_METHOD",
  "SERVER_PROTOCOL",
  "SERVER_SOFTWARE",
]);

/**
 * The names in environ of a header; null for one that must not get there: one with an underscore,
 * which could pass for another header's, `Proxy` (httpoxy), and one that is named as a variable of the request is.
 */
const header_names = remember((name): HeaderNames | null => {
  if (name.includes("_") || name.toLowerCase() === "proxy") return null;
  const plain = name.replaceAll("-", "_").toUpperCase();
  if (REQUEST_VARIABLES.has(plain)) return null;
  return { plain, prefixed: `HTTP_${plain}` };
});
