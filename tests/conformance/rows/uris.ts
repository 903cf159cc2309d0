/** Rows: `request_uri()`, `application_uri()` and `shift_path_info()`. */

import type { HeaderList } from "../../../types.ts";
import { json } from "../apps/content.ts";
import { type Row, row, whole } from "../row.ts";
import { text } from "../../support/support.ts";

/** What `uris` says. */
interface Uris {
  segments: (string | null)[];
  script_name: string;
  path_info: string;
  application: string;
  request: string;
  without_query: string;
}

function uris(
  name: string,
  request: { target: string; shift?: number; host?: string; secure?: boolean },
  expected: Uris,
): Row {
  const { target, shift = 0, host = "example.org", secure = false } = request;
  const headers: HeaderList = [["Host", host], ["X-Shift", String(shift)]];
  const body = text(json(expected));
  return row(name, "uris", { target, headers, secure }, whole(body));
}

export const uri_rows: Row[] = [
  uris("request_uri() of the root", { target: "/" }, {
    segments: [],
    script_name: "",
    path_info: "/",
    application: "http://example.org/",
    request: "http://example.org/",
    without_query: "http://example.org/",
  }),
  uris("request_uri() of a host with a port, a path and a query", {
    target: "/a%20b/caf%C3%A9;c=d?e=%20f",
    host: "example.org:8080",
  }, {
    segments: [],
    script_name: "",
    path_info: "/a b/caf\u00c3\u00a9;c=d",
    application: "http://example.org:8080/",
    request: "http://example.org:8080/a%20b/caf%C3%A9;c=d?e=%20f",
    without_query: "http://example.org:8080/a%20b/caf%C3%A9;c=d",
  }),
  uris("request_uri() by https", { target: "/a", secure: true }, {
    segments: [],
    script_name: "",
    path_info: "/a",
    application: "https://example.org/",
    request: "https://example.org/a",
    without_query: "https://example.org/a",
  }),
  uris("shift_path_info() moves a segment to SCRIPT_NAME", {
    target: "/blog/2026/x?y",
    shift: 1,
  }, {
    segments: ["blog"],
    script_name: "/blog",
    path_info: "/2026/x",
    application: "http://example.org/blog",
    request: "http://example.org/blog/2026/x?y",
    without_query: "http://example.org/blog/2026/x",
  }),
  uris("shift_path_info() to the end, and further", {
    target: "/a%20b/c/",
    shift: 4,
  }, {
    segments: ["a b", "c", "", null],
    script_name: "/a b/c/",
    path_info: "",
    application: "http://example.org/a%20b/c/",
    request: "http://example.org/a%20b/c/",
    without_query: "http://example.org/a%20b/c/",
  }),
  uris("shift_path_info() passes over empty segments", {
    target: "/a//b/c",
    shift: 2,
  }, {
    segments: ["a", "b"],
    script_name: "/a/b",
    path_info: "/c",
    application: "http://example.org/a/b",
    request: "http://example.org/a/b/c",
    without_query: "http://example.org/a/b/c",
  }),
];
