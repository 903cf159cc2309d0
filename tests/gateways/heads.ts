/** The variables of a request, and what SCGI and uwsgi make of them. */

import type { Variables } from "../../_internal/request/variables.ts";
import { bytes } from "../support/support.ts";

/** Names and values in their order, which may hold a name twice; each character is a byte. */
export type Pairs = readonly (readonly [name: string, value: string])[];

/** The variables of a request, as a web server has them: a GET of `/` where nothing else is said. */
export function request_pairs(
  variables: Variables = {},
  body: Uint8Array = bytes(""),
): Pairs {
  return Object.entries({
    CONTENT_LENGTH: String(body.length),
    REQUEST_METHOD: "GET",
    SCRIPT_NAME: "",
    PATH_INFO: "/",
    QUERY_STRING: "",
    SERVER_NAME: "localhost",
    SERVER_PORT: "80",
    SERVER_PROTOCOL: "HTTP/1.1",
    ...variables,
  });
}

// SCGI

/** Some bytes as a netstring. */
export function netstring(content: string): Uint8Array<ArrayBuffer> {
  return bytes(`${content.length}:${content},`);
}

/** The head of an SCGI request; `SCGI` is added. */
export function scgi_head(pairs: Pairs): Uint8Array<ArrayBuffer> {
  const [first, ...rest] = pairs;
  const all = first ? [first, ["SCGI", "1"], ...rest] : [];
  return netstring(all.map(([name, value]) => `${name}\0${value}\0`).join(""));
}

// uwsgi

/** A number of two bytes, the low one first. */
function low_first(value: number): string {
  return String.fromCharCode(value & 255, value >> 8);
}

/** The head of a uwsgi request. */
export function uwsgi_head(
  pairs: Pairs,
  modifier = 0,
): Uint8Array<ArrayBuffer> {
  const content = pairs.flat()
    .map((part) => low_first(part.length) + part).join("");
  const first = String.fromCharCode(modifier);
  return bytes(`${first}${low_first(content.length)}\0${content}`);
}
