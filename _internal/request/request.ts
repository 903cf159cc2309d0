/** Translates a `Request` of `Deno.serve` to CGI variables. */

import { to_native } from "../text/bytes.ts";
import { unquote } from "../text/quote.ts";
import { type Entry, remember, RememberedSeries } from "../remember.ts";
import { note_head_size } from "./head_size.ts";
import { header_list, type HeaderList, joined_list } from "./header_list.ts";
import { is_host } from "./host.ts";

/**
 * The request target as it was sent.
 *
 * `request.url` is the scheme, then the Host header as the client sent it, then the target. A slash in the Host header
 * must not pass for the beginning of the path.
 *
 * @param host The likely Host header; looking it up takes longer.
 */
export function request_target(request: Request, host?: string): string {
  const { url } = request;
  const authority = url.indexOf("://") + 3;
  const length = host !== undefined && names(url, authority, host)
    ? host.length
    : host_length(url, authority, request.headers.get("host") ?? "");
  if (length > 0) return to_native(url.slice(authority + length));
  // An absolute target, or one without a Host header. The target of CONNECT is an authority alone.
  const path = url.slice(authority).search(/[/?]/);
  if (path < 0) return to_native(url.slice(authority));
  const target = url.slice(authority + path);
  return to_native(target.startsWith("?") ? `/${target}` : target);
}

/**
 * Sets `HTTP_HOST` in `environ`, which already has the headers, to the host that the client asks for.
 *
 * That is the host in the URL. An absolute target takes precedence over the Host header (RFC 9112, section 3.2.2), and
 * so does `:authority` in HTTP/2 (RFC 9113, section 8.3.1); Deno uses the header only if there is neither.
 *
 * @param unnamed The host that Deno puts into the URL of a request without one; null if it does not.
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
    environ.HTTP_HOST = url_host(url); // A header that is not a host is kept: the request is refused for it.
  }
}

/** The host and port of a URL, without user information. */
function url_host(url: string): string {
  const [, host = ""] = /^[^/]*\/\/(?:[^/?@]*@)?([^/?]*)/.exec(url) ?? [];
  return to_native(host);
}

/**
 * The length of the Host header within `url`, in its original form or decoded from UTF-8, as Deno writes it; 0 if it is
 * not there.
 */
function host_length(url: string, authority: number, host: string): number {
  if (names(url, authority, host)) return host.length;
  const bytes = Uint8Array.from(host, (char) => char.charCodeAt(0));
  const decoded = new TextDecoder().decode(bytes);
  return names(url, authority, decoded) ? decoded.length : 0;
}

/** Whether `host` is the whole authority of a URL. */
export function names(
  url: string,
  authority: number,
  host: string,
): boolean {
  return url[authority + host.length] === "/" &&
    url.startsWith(host, authority);
}

/** Collapses the leading slashes of a target to one: `//x` is a path, and not the host x. */
export function one_slash(target: string): string {
  return target.startsWith("//") ? target.replace(/^\/+/, "/") : target;
}

/**
 * Adds the headers of `request` to `environ`.
 *
 * @param keys The keys of headers in environ, from `header_keys`.
 */
export function add_headers(
  environ: Record<string, unknown>,
  request: Request,
  keys: HeaderKeys,
): void {
  const list = header_list(request);
  if (list && add_fields(environ, list, keys)) return;
  add_fields(environ, joined_list(request.headers), keys, true);
}

/** Adds fields to environ. Returns false if one may be repeated: then they have to be joined first. */
function add_fields(
  environ: Record<string, unknown>,
  list: HeaderList,
  keys: HeaderKeys,
  is_joined = false,
): boolean {
  let type: string | null = null;
  let length: string | null = null;
  let fields = 0;
  let largest = 0;
  let entry: Entry<string | null> | null = null;
  for (let i = 0; i < list.length; i++) {
    const name = list[i]![0];
    const value = list[i]![1];
    entry = keys.after(entry, name);
    const key = entry.result;
    if (key !== null) {
      if (!is_joined && environ[key] !== undefined) return false;
      environ[key] = value;
      fields++;
      largest = Math.max(largest, key.length + value.length);
    } else if (is_named(name, "content-type")) {
      if (type !== null) return false;
      type = value;
    } else if (is_named(name, "content-length")) {
      if (length !== null) return false;
      length = value;
    }
  }
  environ.CONTENT_TYPE = type ?? "text/plain";
  if (length) environ.CONTENT_LENGTH = first_length(length);
  note_head_size(environ, fields, largest);
  return true;
}

function is_named(name: string, lower: string): boolean {
  return name.length === lower.length && name.toLowerCase() === lower;
}

/**
 * Adds the method and the target of `request` to `environ`.
 *
 * @param target The request target, from `request_target`.
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

/** A Content-Length that was sent repeatedly with the same value counts once (RFC 9110, section 8.6). */
function first_length(value: string): string {
  const comma = value.indexOf(",");
  return comma < 0 ? value : value.slice(0, comma).trim();
}

/** The keys of headers in environ by their names; null for a header that is left out or is not an `HTTP_` variable. */
export type HeaderKeys = RememberedSeries<string | null>;

/** Returns the keys of headers. As in wsgiref, a header with the name of one of `variables` is left out. */
export function header_keys(
  variables: Readonly<Record<string, unknown>>,
): HeaderKeys {
  return new RememberedSeries((name) => {
    const names = header_names(name);
    return names && !(names.plain in variables) ? names.prefixed : null;
  });
}

/** The names of a header in environ. */
interface HeaderNames {
  /** The plain name: `USER_AGENT`. */
  plain: string;
  /** The name with its prefix: `HTTP_USER_AGENT`. */
  prefixed: string;
}

/** The variables set for each request: a header with such a name is left out. */
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
 * The names of a header in environ; null for one that must be left out: a name with an underscore, which could pass for
 * another header, `Proxy` (httpoxy), and the name of a variable of the request.
 */
const header_names = remember((name): HeaderNames | null => {
  if (name.includes("_") || name.toLowerCase() === "proxy") return null;
  const plain = name.replaceAll("-", "_").toUpperCase();
  if (REQUEST_VARIABLES.has(plain)) return null;
  return { plain, prefixed: `HTTP_${plain}` };
});
