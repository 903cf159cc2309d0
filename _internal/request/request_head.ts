/** What is checked of the headers of a `Request` that is not translated to an environ: they are slow to read, so once. */

import { remember } from "../remember.ts";

/** The header fields of a request. */
export interface RequestHead {
  /** How many there are; a repeated one counts once. */
  fields: number;
  /** The number of bytes in the largest: name, colon, space and value. */
  largest: number;
  /** The `Host` header; null without one. */
  host: string | null;
  /** Whether one of them announces a body. */
  has_content: boolean;
  /** Whether a proxy reports its client in one of them. */
  is_forwarded: boolean;
}

export function read_head(headers: Headers): RequestHead {
  const head: RequestHead = {
    fields: 0,
    largest: 0,
    host: null,
    has_content: false,
    is_forwarded: false,
  };
  headers.forEach((value, name) => {
    head.fields++;
    head.largest = Math.max(head.largest, name.length + value.length);
    const about = about_of(name);
    if (about === "host") head.host = value;
    else if (about === "content") head.has_content = true;
    else if (about === "proxy") head.is_forwarded = true;
  });
  head.largest += ": ".length;
  return head;
}

/** Whether proxies report their client in a header. Its variable, such as `HTTP_X_REAL_IP`, may be given instead. */
export const is_of_proxy = remember((name): boolean =>
  /^(?:http_)?(?:x[-_]forwarded|forwarded$|x[-_]real[-_]ip$)/i.test(name)
);

const about_of = remember((name) => {
  if (name === "host") return "host";
  if (is_of_proxy(name)) return "proxy";
  return /^(?:content-length|transfer-encoding)$/.test(name)
    ? "content"
    : "else";
});
