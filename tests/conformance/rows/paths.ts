/** Rows: what becomes of the path and the query of a request. */

import { type Row, shows } from "../row.ts";

/** Target, and what becomes of it. */
const paths: [name: string, target: string, path_info: string][] = [
  ["the root", "/", "/"],
  ["a path of several segments", "/a/b/c", "/a/b/c"],
  ["a slash at the end", "/a/", "/a/"],
  ["an encoded blank", "/a%20b", "/a b"],
  ["a plus sign, which is no blank", "/a+b", "/a+b"],
  ["encoded UTF-8", "/caf%C3%A9", "/caf\u00c3\u00a9"],
  ["UTF-8 in lower-case hexadecimal", "/caf%c3%a9", "/caf\u00c3\u00a9"],
  ["an encoded byte that is no UTF-8", "/caf%E9", "/caf\u00e9"],
  ["an encoded slash", "/a%2Fb", "/a/b"],
  ["an encoded question mark", "/a%3Fb", "/a?b"],
  ["an encoded percent sign, decoded once", "/100%25/%2541", "/100%/%41"],
  ["an encoded NUL", "/a%00b", "/a\0b"],
  ["encoded line ends", "/a%0D%0Ab", "/a\r\nb"],
  ["percent signs that encode nothing", "/%/%z1/%4", "/%/%z1/%4"],
  ["empty segments", "/a//b///c", "/a//b///c"],
  ["dot segments", "/a/./b/../c", "/a/./b/../c"],
  ["encoded dot segments", "/a/%2e/b/%2E%2e/c", "/a/./b/../c"],
  [
    "what may stand in a path as it is",
    "/a;b=c:d@e,f!$'()*",
    "/a;b=c:d@e,f!$'()*",
  ],
  ["a path of 4,000 bytes", `/${"x".repeat(3999)}`, `/${"x".repeat(3999)}`],
];

/** Query, as it must stay. */
const queries: [name: string, query: string][] = [
  ["a query", "a=1&b=2"],
  ["an encoded query", "a=%20%2F%C3%A9%E9&b=+"],
  ["a query with question marks and slashes", "a?b/c?"],
  ["a query with percent signs that encode nothing", "%&%zz"],
];

export const path_rows: Row[] = [
  ...paths.map(([name, target, PATH_INFO]) =>
    shows(`PATH_INFO of ${name}`, { target }, {
      SCRIPT_NAME: "",
      PATH_INFO,
      QUERY_STRING: "",
      REQUEST_URI: target,
    })
  ),
  shows("PATH_INFO of UTF-8 that is not encoded", {
    target: "/caf\u00c3\u00a9",
  }, { PATH_INFO: "/caf\u00c3\u00a9" }),
  shows("PATH_INFO has one slash where the target begins with several", {
    target: "//a/b",
  }, { SCRIPT_NAME: "", PATH_INFO: "/a/b", REQUEST_URI: "//a/b" }),

  ...queries.map(([name, query]) =>
    shows(`QUERY_STRING of ${name}`, { target: `/x?${query}` }, {
      PATH_INFO: "/x",
      QUERY_STRING: query,
      REQUEST_URI: `/x?${query}`,
    })
  ),
  shows("QUERY_STRING of a question mark alone", { target: "/x?" }, {
    PATH_INFO: "/x",
    QUERY_STRING: "",
  }),
];
