/** What a `Request` of `Deno.serve` says, in the terms of CGI. */

import { to_native } from "./bytes.ts";
import { unquote } from "./quote.ts";

/**
 * The request target as it was sent.
 *
 * `request.url` is the scheme, then the Host header as the client wrote it, then the target. A Host header
 * with a slash in it must not pass for the beginning of the path.
 */
export function request_target(request: Request): string {
  const { url } = request;
  const authority = url.indexOf("://") + 3;
  for (const host of spellings(request.headers.get("host"))) {
    const path = authority + host.length;
    if (url.startsWith(host, authority) && url[path] === "/") {
      return to_native(url.slice(path));
    }
  }
  // An absolute target, or one without a Host header. That of CONNECT is an authority alone.
  const path = url.slice(authority).search(/[/?]/);
  if (path < 0) return to_native(url.slice(authority));
  const target = url.slice(authority + path);
  return to_native(target.startsWith("?") ? `/${target}` : target);
}

/** A Host header as a header has it, and as Deno puts it into the URL: decoded from UTF-8. */
function* spellings(host: string | null): Iterable<string> {
  if (!host) return;
  yield host;
  const bytes = Uint8Array.from(host, (char) => char.charCodeAt(0));
  yield new TextDecoder().decode(bytes);
}

/** A target with the slashes that it begins with as one: `//x` is a path, and not the host x. */
export function one_slash(target: string): string {
  return target.startsWith("//") ? target.replace(/^\/+/, "/") : target;
}

/**
 * Adds to `environ` what `request` says of itself: method, target, body and headers. As wsgiref has it, a header
 * that is named as a variable is does not stand beside it.
 *
 * @param target The request target, as `request_target` gives it.
 * @param variables The variables that a header must not be named as, beside those that a request sets.
 */
export function add_request(
  environ: Record<string, unknown>,
  request: Request,
  target: string,
  variables: Readonly<Record<string, unknown>>,
): void {
  const path = one_slash(target);
  const query = path.indexOf("?");
  environ.REQUEST_METHOD = request.method;
  environ.PATH_INFO = unquote(query < 0 ? path : path.slice(0, query));
  environ.QUERY_STRING = query < 0 ? "" : path.slice(query + 1);
  environ.CONTENT_TYPE = "text/plain";
  for (const [name, value] of request.headers) {
    if (name === "content-type") environ.CONTENT_TYPE = value;
    else if (name === "content-length") {
      if (value) environ.CONTENT_LENGTH = first_length(value);
    } else add_header(environ, name, value, variables);
  }
  environ.REQUEST_URI = target; // Last: a header Request-Uri is a header like any other.
}

function add_header(
  environ: Record<string, unknown>,
  name: string,
  value: string,
  variables: Readonly<Record<string, unknown>>,
): void {
  const names = header_names(name);
  if (!names || names.plain in variables) return;
  // The one header that Deno does not join.
  const before = name === "set-cookie" && environ[names.prefixed];
  environ[names.prefixed] = before ? `${before}, ${value}` : value;
}

/** A Content-Length that was sent several times, equal each time, is one (RFC 9110, section 8.6). */
function first_length(value: string): string {
  const comma = value.indexOf(",");
  return comma < 0 ? value : value.slice(0, comma).trim();
}

/** The names of a header in environ. */
interface HeaderNames {
  /** The name alone: `USER_AGENT`. */
  plain: string;
  /** With its prefix: `HTTP_USER_AGENT`. */
  prefixed: string;
}

/** Names that were seen before; bounded, so that a client cannot fill the memory with names of its own. */
const known = new Map<string, HeaderNames | null>();
const KNOWN_MOST = 1024;

/** What is set for each request: no header of such a name stands beside it. */
const REQUEST_VARIABLES = new Set([
  "CONTENT_LENGTH",
  "CONTENT_TYPE",
  "PATH_INFO",
  "QUERY_STRING",
  "REMOTE_ADDR",
  "REMOTE_HOST",
  "REQUEST_METHOD",
  "SERVER_PROTOCOL",
  "SERVER_SOFTWARE",
]);

/**
 * The names in environ of the header `name`; null for one that must not get there: one with an underscore,
 * which could pass for another header's, `Proxy` (httpoxy), and one that is named as a variable of the request is.
 */
function header_names(name: string): HeaderNames | null {
  const names = known.get(name);
  if (names !== undefined) return names;
  const made = make_names(name);
  if (known.size < KNOWN_MOST) known.set(name, made);
  return made;
}

function make_names(name: string): HeaderNames | null {
  if (name.includes("_") || name.toLowerCase() === "proxy") return null;
  const plain = name.replaceAll("-", "_").toUpperCase();
  if (REQUEST_VARIABLES.has(plain)) return null;
  return { plain, prefixed: `HTTP_${plain}` };
}
