/** Answers that somebody thought of: one for each thing that can be told apart in what an application does. */

import type { Script, Step } from "./application.ts";
import { FIXED_DATE } from "./observation.ts";

/** Each byte once. */
export const all_bytes = String.fromCharCode(...Array(256).keys());

type Pairs = [name: string, value: string][];

/** `start_response` of a 200. */
export function ok(headers: Pairs = [["Content-Type", "text/plain"]]): Step {
  return ["start", "200 OK", headers];
}

function status(line: string, headers: Pairs = []): Step {
  return ["start", line, headers];
}

const text: Pairs = [["Content-Type", "text/plain"]];

/**
 * Each is the answer to a GET and to a HEAD. No control characters in headers: CPython refuses them in its newer
 * releases only.
 */
export const answers: Script[] = [
  // Statuses.
  { call: [status("200 OK", text)], list: ["Hello"] },
  { call: [status("201 Created", [["Location", "/a"]])], list: [] },
  { call: [status("202 Accepted")], list: [""] },
  { call: [status("204 No Content")], list: [] },
  { call: [status("204 No Content")], list: ["none"] },
  { call: [status("205 Reset Content")], list: [] },
  { call: [status("205 Reset Content")], list: ["none"] },
  {
    call: [status("301 Moved Permanently", [["Location", "http://a/b?c"]])],
    list: [],
  },
  { call: [status("304 Not Modified", [["ETag", '"a"']])], list: [] },
  { call: [status("304 Not Modified", [["ETag", '"a"']])], list: ["none"] },
  { call: [status("304 Not Modified", [["Content-Length", "5"]])], list: [] },
  {
    call: [status("304 Not Modified", [["Content-Length", "1"]])],
    list: ["a"],
  },
  { call: [status("204 No Content", [["Content-Length", "5"]])], list: [] },
  { call: [status("205 Reset Content", [["Content-Length", "0"]])], list: [] },
  { call: [status("205 Reset Content", [["Content-Length", "5"]])], list: [] },
  { call: [status("404 Not Found", text)], list: ["nothing"] },
  { call: [status("203 Non-Authoritative Information", text)], list: ["a"] },
  { call: [status("207 Multi-Status", text)], list: ["a"] },
  { call: [status("407 Proxy Authentication Required", text)], list: ["a"] },
  { call: [status("413 Content Too Large", text)], list: ["a"] },
  { call: [status("418 I'm a teapot", text)], list: ["tea"] },
  { call: [status("500 Internal Server Error", text)], list: ["broken"] },
  {
    call: [status("503 Service Unavailable", [["Retry-After", "5"]])],
    list: ["later"],
  },
  { call: [status("200 Fine", text)], list: ["Hello"] },
  { call: [status("404 ", text)], list: ["nothing"] },
  { call: [status("299 Odd", text)], list: ["odd"] },
  { call: [ok([["Status", "404 Not Found"], ...text])], list: ["a"] },
  { call: [ok([...text, ["sTATUS", "204"]])], list: ["a", "b"] },
  { call: [status("599 Odd", text)], list: ["odd"] },
  { call: [status("600 Odd", text)], list: ["odd"] },
  { call: [status("999 Odd", text)], list: ["odd"] },
  { call: [status("099 Odd", text)], list: ["odd"] },
  { call: [status("101 Switching Protocols")], list: [] },
  // Headers.
  { call: [ok([])], list: ["Hello"] },
  {
    call: [ok([["Set-Cookie", "a=b"], ["X-A", "c"], ["Set-Cookie", "d=e"]])],
    list: [],
  },
  { call: [ok([["X-A", "1"], ["x-a", "2"], ["X-A", ""]])], list: [] },
  {
    call: [
      ok([["X-A", ""], ["X-B", "  a  b  "], ["X-C", "caf\xe9 caf\xc3\xa9"]]),
    ],
    list: [],
  },
  { call: [ok([["Date", FIXED_DATE], ["Server", "mine"]])], list: ["Hello"] },
  {
    call: [ok([["Content-Encoding", "gzip"], ["Vary", "*"]])],
    list: ["\x1f\x8b"],
  },
  {
    call: [ok([["Content-Type", "text/html; charset=utf-8"]])],
    list: ["<p>".repeat(99)],
  },
  // Bodies and their lengths.
  { call: [ok()], list: [] },
  { call: [ok()], list: ["a", "b"] },
  { call: [ok()], list: ["", "a", ""] },
  { call: [ok()], list: ["", ""] },
  { call: [status("204 No Content")], list: ["", ""] },
  { call: [status("304 Not Modified")], list: ["", ""] },
  { call: [ok()], list: [all_bytes] },
  { call: [ok()], list: ["y".repeat(3000), "z".repeat(3000)] },
  { call: [ok()], generator: [["yield", "a"], ["yield", "b"]] },
  { call: [ok()], generator: [["yield", "a"]] },
  { call: [ok()], generator: [["yield", ""]] },
  { call: [ok()], generator: [["yield", ""], ["yield", "a"]] },
  { call: [ok([["Content-Length", "5"]])], generator: [["yield", ""]] },
  { call: [ok()], generator: [] },
  { call: [], generator: [ok(), ["yield", "a"]] },
  { call: [ok([["Content-Length", "2"]])], list: ["a", "b"] },
  { call: [ok([["Content-Length", "2"]])], generator: [["yield", "ab"]] },
  { call: [ok([["Content-Length", "2"]])], list: ["a", "bc", "d"] },
  { call: [ok([["Content-Length", "5"]])], list: ["a", "b"] },
  { call: [ok([["Content-Length", "0"]])], list: [] },
  { call: [ok(), ["write", "a"]], list: [] },
  { call: [ok(), ["write", "a"]], list: ["b"] },
  { call: [ok(), ["write", "a"], ["write", "b"]], generator: [["yield", "c"]] },
  { call: [ok(), ["write", ""]], list: ["a"] },
  { call: [ok(), ["write", ""]], list: ["", ""] },
  { call: [ok()], generator: [["yield", "a"], ["write", "b"]] },
  // Errors, and what is made of them.
  { call: [["throw"]], list: [] },
  { call: [ok(), ["throw"]], list: [] },
  { call: [ok([["Content-Length", "5"], ["X-A", "b"]]), ["throw"]], list: [] },
  { call: [ok()], generator: [["throw"]] },
  { call: [], generator: [["throw"]] },
  { call: [ok()], generator: [["yield", ""], ["throw"]] },
  { call: [ok()], generator: [["yield", ""], ["throw"], ["yield", "a"]] },
  { call: [ok()], generator: [["yield", "a"], ["throw"]] },
  { call: [ok(), ["write", ""], ["throw"]], list: [] },
  {
    call: [status("205 Reset Content")],
    generator: [["yield", "a"], ["throw"]],
  },
  { call: [ok(), ["write", "a"], ["throw"]], list: [] },
  {
    call: [ok([["Content-Length", "5"]])],
    generator: [["yield", "a"], ["throw"]],
  },
  {
    call: [ok(), ["start again", "404 Not Found", [["X-A", "b"]]]],
    list: ["a"],
  },
  { call: [["start again", "404 Not Found", []]], list: ["a"] },
  {
    call: [ok()],
    generator: [["yield", "a"], ["start again", "404 Not Found", []]],
  },
  { call: [ok()], list: ["a"], close: "throw" },
  // Mistakes.
  { call: [], list: ["a"] },
  { call: [], list: [] },
  { call: [ok(), ok()], list: ["a"] },
  { call: [["start", "200", []]], list: ["a"] },
  { call: [["start", "OK", []]], list: ["a"] },
  { call: [["start", "200OK", []]], list: ["a"] },
  { call: [["start", 200, []]], list: ["a"] },
  { call: [["start", "200 OK", [["X-A", 1]]]], list: ["a"] },
  { call: [["start", "200 OK", [["Connection", "close"]]]], list: ["a"] },
  { call: [ok()], list: [1] },
  { call: [ok()], list: [null] },
  { call: [ok()], list: ["a", 1] },
  { call: [ok()], list: ["", 1] },
  { call: [ok(), ["write", 1]], list: [] },
  { call: [ok()], other: "none" },
  { call: [ok()], other: "text" },
  { call: [ok()], other: "bytes" },
  { call: [ok()], other: "number" },
];
