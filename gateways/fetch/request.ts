/** Builds the `Request` that an environ describes. */

import { remember } from "../../_internal/remember.ts";
import { is_plain_url } from "../../_internal/request/direct.ts";
import { one_slash } from "../../_internal/request/request.ts";
import { is_empty_body } from "../../_internal/streams/body.ts";
import { request_of_body } from "../../_internal/streams/own_request.ts";
import { quote, unquote } from "../../_internal/text/quote.ts";
import type { WSGIEnvironment } from "../../types.ts";
import {
  type Fields,
  lazy_request,
  new_request,
  set_headers,
} from "./lazy_request.ts";

/**
 * The request that an environ describes. The path of its URL lacks `mount`, which is `SCRIPT_NAME` or empty.
 */
export function request_of(
  environ: WSGIEnvironment,
  mount: string,
): Request {
  const fields = fields_of(environ);
  const { REQUEST_METHOD: method, "wsgi.input": body } = environ;
  if (method === "GET") return get_request_of(environ, mount, () => fields);
  const has_body = !is_bodiless(environ) && !is_empty_body(body);
  const init = has_body ? { method, body, duplex: "half" } : { method };
  const request = new Request(url_of(environ, mount), init as RequestInit);
  set_headers(request.headers, fields);
  return request;
}

/**
 * The same for a `GET`.
 *
 * @param fields Returns its headers. By default they are read from `environ`, which must not change until then.
 */
export function get_request_of(
  environ: WSGIEnvironment,
  mount: string,
  fields: () => Fields = () => fields_of(environ),
): Request {
  const url = url_of(environ, mount);
  return is_plain_url(url)
    ? lazy_request(url, fields)
    : new_request(url, fields());
}

function url_of(environ: WSGIEnvironment, mount: string): string {
  return `${origin_of(environ)}${target_of(environ, mount)}`;
}

/** The name of the header in a variable; "" if it is not a header. */
const header_name = remember((key): string =>
  key.startsWith("HTTP_")
    ? key.slice("HTTP_".length).replaceAll("_", "-").toLowerCase()
    : ""
);

/** Whether the request has no body by the fetch standard, whatever was sent. */
function is_bodiless({ REQUEST_METHOD }: WSGIEnvironment): boolean {
  return REQUEST_METHOD === "GET" || /^(GET|HEAD)$/i.test(REQUEST_METHOD);
}

function fields_of(environ: WSGIEnvironment): Fields {
  const fields: Fields = [];
  const variables: Record<string, unknown> = environ;
  for (const key in variables) {
    const name = header_name(key);
    if (name === "") continue;
    const value = variables[key];
    if (typeof value === "string") fields.push(name, value);
  }
  const { CONTENT_TYPE, CONTENT_LENGTH } = environ;
  if (CONTENT_TYPE && !is_invented(environ)) {
    fields.push("content-type", CONTENT_TYPE);
  }
  // SCGI always has a length, even for a GET.
  const is_said = CONTENT_LENGTH &&
    !(is_bodiless(environ) && /^0+$/.test(CONTENT_LENGTH));
  if (is_said) fields.push("content-length", CONTENT_LENGTH);
  return fields;
}

/** Whether `CONTENT_TYPE` is the default of wsgiref's servers, because the client sent none. */
function is_invented(environ: WSGIEnvironment): boolean {
  if (environ.CONTENT_TYPE !== "text/plain") return false;
  const request = request_of_body(environ["wsgi.input"]);
  if (request) return !request.headers.has("content-type");
  return !environ.CONTENT_LENGTH && !environ.HTTP_TRANSFER_ENCODING;
}

/** Scheme, host and port; a Host header that is not valid in a URL, or would extend beyond the host, is ignored. */
function origin_of(environ: WSGIEnvironment): string {
  const { HTTP_HOST, SERVER_NAME, SERVER_PORT } = environ;
  const authority = HTTP_HOST !== undefined && is_authority(HTTP_HOST)
    ? HTTP_HOST
    : server_authority(`${SERVER_NAME}:${SERVER_PORT}`);
  return `${environ["wsgi.url_scheme"]}://${authority}`;
}

function server_authority(server: string): string {
  return is_authority(server) ? server : "localhost";
}

const is_authority = remember((host): boolean =>
  /^[!-~]+$/.test(host) && !/[/?#@\\]/.test(host) &&
  URL.canParse(`http://${host}`)
);

/** The characters that need no encoding in a path, in addition to the unreserved ones (RFC 3986, section 3.3). */
const PATH_SAFE = "/:@!$&'()*+,;=";

/** A path encoded for a URL. */
export function quote_path(path: string): string {
  return quote(path, PATH_SAFE);
}

/** Path and query after `mount`. */
function target_of(environ: WSGIEnvironment, mount: string): string {
  const { SCRIPT_NAME = "", PATH_INFO = "", REQUEST_URI } = environ;
  const { QUERY_STRING = "" } = environ;
  const path = `${SCRIPT_NAME}${PATH_INFO}`;
  // As it was sent, unless middleware has changed the path or the query since.
  if (
    REQUEST_URI?.startsWith("/") &&
    is_target_of(REQUEST_URI, path, QUERY_STRING)
  ) {
    return rooted(escape_target(after_mount(REQUEST_URI, mount)));
  }
  return rooted(quote_path(path.slice(mount.length))) +
    (QUERY_STRING && `?${escape_target(QUERY_STRING)}`);
}

function rooted(target: string): string {
  return target.startsWith("/") ? target : `/${target}`;
}

/** Whether a target, as it was sent, has this query and, decoded, this path. */
function is_target_of(target: string, path: string, query: string): boolean {
  const is_plain = query === "" && !/[%?]|^\/\//.test(target);
  if (is_plain) return target === path;
  const [, sent_path, sent_query] = target.match(/^([^?]*)\??(.*)$/s)!;
  return unquote(one_slash(sent_path!)) === path && sent_query === query;
}

/** The part of a target that follows `mount`, a decoded path that the target begins with. */
function after_mount(target: string, mount: string): string {
  if (mount === "") return target;
  const sent = one_slash(target);
  if (!sent.includes("%")) return sent.slice(mount.length);
  let place = 0;
  for (const _ of mount) {
    place += /^%[\dA-Fa-f]{2}/.test(sent.slice(place, place + 3)) ? 3 : 1;
  }
  return sent.slice(place);
}

/**
 * Encodes what a URL parser would misinterpret: bytes above ASCII, control characters, spaces, `#`, and `\`, which it
 * reads as a slash.
 */
function escape_target(target: string): string {
  return target.replace(/(?:[^!-~]|[#\\])+/g, (part) => quote(part, ""));
}
