/** What is checked of the headers of a `Request` that is not translated to an environ: they are slow to read, so once. */

import { type Entry, remember, RememberedSeries } from "../remember.ts";
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

export function read_head(request: Request): RequestHead {
  const list = header_list(request) ?? joined_list(request.headers);
  const head: RequestHead = {
    fields: list.length,
    size: list.length * ": ".length,
    host: null,
    has_content: false,
    is_forwarded: false,
  };
  let entry: Entry<About> | null = null;
  for (let i = 0; i < list.length; i++) {
    const name = list[i]![0];
    const value = list[i]![1];
    head.size += name.length + value.length;
    entry = abouts.after(entry, name);
    const about = entry.result;
    if (about === "host") head.host = joined(head.host, value);
    else if (about === "content") head.has_content = true;
    else if (about === "proxy") head.is_forwarded = true;
  }
  return head;
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
