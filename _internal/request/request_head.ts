/** What is checked of the headers of a `Request` that is not translated to an environ: they are slow to read, so once. */

import { type Entry, RememberedSeries } from "../remember.ts";
import type { WSGIEnvironment } from "../../types.ts";
import { is_of_proxy } from "./forwarded.ts";
import { head_size, type HeadSize, is_forwarded } from "./head_size.ts";
import { header_list, joined_list } from "./header_list.ts";

/**
 * The header fields of a request. `fields` and `largest` may be too large, but not too small: they are of fields that may
 * not be joined yet. A limit that they exceed is checked once more, by WSGI.
 */
export interface RequestHead extends HeadSize {
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
    fields: list.length,
    largest: 0,
    host: null,
    has_content: false,
    is_forwarded: false,
  };
  let entry: Entry<About> | null = null;
  for (let i = 0; i < list.length; i++) {
    const name = list[i]![0];
    const value = list[i]![1];
    head.largest += name.length + ": ".length + value.length;
    entry = abouts.after(entry, name);
    const about = entry.result;
    if (about === "host") head.host = joined(head.host, value);
    else if (about === "content") head.has_content = true;
    else if (about === "proxy") head.is_forwarded = true;
  }
  return head;
}

/** The same of an environ, for a request whose host has been checked. */
export function head_of_environ(environ: WSGIEnvironment): RequestHead {
  const { fields, largest } = head_size(environ);
  return {
    fields,
    largest,
    host: null,
    has_content: has_content(environ),
    is_forwarded: is_forwarded(environ),
  };
}

/** Whether the variables of a request announce a body; SCGI has a length of 0 for none. */
export function has_content(
  { CONTENT_LENGTH, HTTP_TRANSFER_ENCODING }: WSGIEnvironment,
): boolean {
  const has_length = !!CONTENT_LENGTH && CONTENT_LENGTH !== "0";
  return has_length || HTTP_TRANSFER_ENCODING !== undefined;
}

function joined(before: string | null, value: string): string {
  return before === null ? value : `${before}, ${value}`;
}

type About = "host" | "proxy" | "content" | "else";

/** What each header is about. */
const abouts = new RememberedSeries((name): About => {
  if (/^host$/i.test(name)) return "host";
  if (is_of_proxy(name)) return "proxy";
  return /^(?:content-length|transfer-encoding)$/i.test(name)
    ? "content"
    : "else";
});
