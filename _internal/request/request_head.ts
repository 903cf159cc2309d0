/** What is checked of the headers of a `Request` that is not translated to an environ: they are slow to read, so once. */

import { type Entry, remember, RememberedSeries } from "../remember.ts";
import type { WSGIEnvironment } from "../../types.ts";
import { header_list, joined_list } from "./header_list.ts";

/** The header fields of a request. */
export interface RequestHead {
  /** How many there are, at most: a repeated one may count more than once. */
  fields: number;
  /** The number of bytes in all of them: name, colon, space and value. */
  size: number;
  /** The `Host` header; null without one. */
  host: string | null;
  /** Whether one of them announces a body. */
  has_content: boolean;
  /** Whether a proxy reports its client in one of them. */
  is_forwarded: boolean;
}

export function head_of_request(request: Request): RequestHead {
  const list = header_list(request) ?? joined_list(request.headers);
  const head: RequestHead = {
    fields: 0,
    size: 0,
    host: null,
    has_content: false,
    is_forwarded: false,
  };
  let entry: Entry<About> | null = null;
  for (let i = 0; i < list.length; i++) {
    const name = list[i]![0];
    const value = list[i]![1];
    add_field(head, name, value);
    entry = abouts.after(entry, name);
    const about = entry.result;
    if (about === "host") head.host = joined(head.host, value);
    else if (about === "content") head.has_content = true;
    else if (about === "proxy") head.is_forwarded = true;
  }
  return head;
}

/** The same of an environ. */
export function head_of_environ(environ: WSGIEnvironment): RequestHead {
  const { HTTP_HOST, CONTENT_TYPE, CONTENT_LENGTH } = environ;
  const head: RequestHead = {
    fields: 0,
    size: 0,
    host: HTTP_HOST ?? null,
    has_content: has_content(environ),
    is_forwarded: false,
  };
  if (CONTENT_TYPE) add_field(head, "Content-Type", CONTENT_TYPE);
  if (CONTENT_LENGTH) add_field(head, "Content-Length", CONTENT_LENGTH);
  for (const key in environ) {
    if (key.charCodeAt(0) !== H || !key.startsWith("HTTP_")) continue;
    add_field(head, key, environ[key as `HTTP_${string}`]!);
    if (is_of_proxy(key)) head.is_forwarded = true;
  }
  return head;
}

/** The first character of `HTTP_`: most names begin with another one, so comparing that is a fast check. */
const H = "H".charCodeAt(0);

/** Whether the variables of a request announce a body; SCGI has a length of 0 for none. */
export function has_content(
  { CONTENT_LENGTH, HTTP_TRANSFER_ENCODING }: WSGIEnvironment,
): boolean {
  const has_length = !!CONTENT_LENGTH && CONTENT_LENGTH !== "0";
  return has_length || HTTP_TRANSFER_ENCODING !== undefined;
}

function add_field(head: RequestHead, name: string, value: string): void {
  head.fields++;
  head.size += name.length + ": ".length + value.length;
}

function joined(before: string | null, value: string): string {
  return before === null ? value : `${before}, ${value}`;
}

/** Whether proxies report their client in a header. Its variable, such as `HTTP_X_REAL_IP`, may be given instead. */
export const is_of_proxy = remember((name): boolean =>
  /^(?:http_)?(?:x[-_]forwarded|forwarded$|x[-_]real[-_]ip$)/i.test(name)
);

type About = "host" | "proxy" | "content" | "else";

/** What each header is about. */
const abouts = new RememberedSeries((name): About => {
  if (/^host$/i.test(name)) return "host";
  if (is_of_proxy(name)) return "proxy";
  return /^(?:content-length|transfer-encoding)$/i.test(name)
    ? "content"
    : "else";
});
