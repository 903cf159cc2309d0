/** Requests that nobody thought of: random ones, the same in every run. */

import { int, pick, random } from "../support/random.ts";
import type { Script, Step } from "./application.ts";
import {
  as_http_1_0,
  chunked,
  type ParityRequest,
  request,
  scripted,
} from "./request.ts";

type Next = () => number;

/** `count` random requests. */
export function generated(seed: number, count: number): ParityRequest[] {
  const next = random(seed);
  return Array.from({ length: count }, () => make_request(next));
}

function make_request(next: Next): ParityRequest {
  const kind = next();
  if (kind < 0.2) return make_scripted(next);
  if (kind < 0.3) return make_chunked(next);
  const made = make_echoed(next);
  return next() < 0.1 ? as_http_1_0(made) : made;
}

// --- what is asked ---

const METHODS = [
  ...["GET", "GET", "GET", "HEAD", "POST", "POST", "PUT", "PATCH"],
  ...["DELETE", "OPTIONS", "TRACE", "PROPFIND", "BREW", "get", "poST"],
];

function make_echoed(next: Next): ParityRequest {
  const method = pick(next, METHODS);
  const target = make_target(next);
  const lines = make_lines(next);
  if (next() < 0.5) return request(method, target, lines);
  const body = make_block(next, 9000);
  const length = `Content-Length: ${body.length}`;
  lines.splice(int(next, 0, lines.length), 0, length);
  return request(method, target, lines, body);
}

function make_chunked(next: Next): ParityRequest {
  const chunks = make_blocks(next).filter((chunk) => chunk !== "");
  const made = chunked(pick(next, METHODS), ...chunks);
  return { ...made, lines: [...made.lines, `X-A: ${make_value(next)}`] };
}

const PATH_PIECES = [
  ..."/////aZ09-._~!$&'()*+,;=:@%[]|\\^`\"<>{}#",
  ...["..", ".", "%2F", "%2f", "%00", "%20", "%25", "%3F", "%zz", "%4", "%"],
  ...["%C3%A9", "%e9", "%FF", "\xc3\xa9", "\xe2\x82\xac", "index.html"],
];

/** The bytes that no target may hold rarely, because nothing else shows then. */
const RARE = 0.03;

function make_target(next: Next): string {
  const pieces = next() < RARE ? [...PATH_PIECES, "\xe9", "\xff"] : PATH_PIECES;
  const piece = () => pick(next, pieces);
  const path = `/${some(next, 12, piece).join("")}`;
  if (next() < 0.4) return path;
  const query = some(next, 12, () => next() < 0.1 ? "?" : piece()).join("");
  return `${path}?${query}`;
}

const NAMES = [
  ...["X-A", "x-a", "X-B", "X-C", "Accept", "Accept-Language", "Cookie"],
  ...["User-Agent", "Referer", "Content-Type", "Content-Language", "Host"],
  ...[
    "Remote-Addr",
    "Path-Info",
    "Server-Name",
    "X-Path-Info",
    "Authorization",
  ],
  ...["Http-X-A", "Http-Accept", "Http-Http-X-A"],
  ...["X_A", "X_D", "Remote_User", "Proxy", "If-None-Match", "Origin", "Via"],
];

const VALUE_PIECES = [
  ..."aZ09 ,;=:/?\"'()<>@[]\\{}%&*!$^_-.~|`+#\t\x80\x85\xa0\xe9\xff",
  ...["text/html", "caf\xc3\xa9", "q=0.5", "  ", "charset=utf-8"],
];

/** Some header lines. Two of `Host` are not allowed (RFC 9112, section 3.2). */
function make_lines(next: Next): string[] {
  const names = some(next, 6, () => pick(next, NAMES));
  return names
    .filter((name, i) => name !== "Host" || names.indexOf(name) === i)
    .map((name) => `${name}:${make_value(next)}`);
}

function make_value(next: Next): string {
  const space = pick(next, ["", " ", " ", " ", "\t"]);
  return space + some(next, 8, () => pick(next, VALUE_PIECES)).join("");
}

/** A few bytes more often than many. */
function make_block(next: Next, most = 200): string {
  const length = pick(next, [0, 1, int(next, 2, 20), int(next, 20, most)]);
  return Array.from({ length }, () => String.fromCharCode(int(next, 0, 255)))
    .join("");
}

function make_blocks(next: Next): string[] {
  return some(next, 4, () => make_block(next));
}

// --- what is answered ---

const STATUSES = [
  ...[
    "200 OK",
    "200 OK",
    "200 OK",
    "200 Fine",
    "201 Created",
    "204 No Content",
  ],
  ...["205 Reset Content", "206 Partial Content", "302 Found"],
  ...["304 Not Modified", "400 Bad Request", "404 Not Found", "410 Gone"],
  ...["500 Internal Server Error", "503 Service Unavailable"],
];

const HEADERS: [string, string][] = [
  ["Content-Type", "text/plain"],
  ["content-type", "application/octet-stream"],
  ["Set-Cookie", "a=b; Path=/"],
  ["Set-Cookie", "c=d"],
  ["X-A", "1"],
  ["x-a", "2"],
  ["X-B", "caf\xe9"],
  ["X-B", ""],
  ["Cache-Control", "no-store"],
  ["Location", "/a?b#c"],
  ["ETag", '"x"'],
  ["Server", "mine"],
];

function make_scripted(next: Next): ParityRequest {
  const start: Step = [
    "start",
    pick(next, STATUSES),
    some(next, 4, () => pick(next, HEADERS)),
  ];
  const blocks = make_blocks(next);
  const script: Script = next() < 0.5
    ? { call: [start], list: blocks }
    : make_lazy(next, start, blocks);
  return scripted(script, pick(next, ["GET", "GET", "POST", "HEAD"]));
}

/** The same blocks from a generator, or by `write()`; some of them fail. */
function make_lazy(next: Next, start: Step, blocks: string[]): Script {
  if (next() < 0.3) {
    const writes = blocks.map((block): Step => ["write", block]);
    return { call: [start, ...writes], list: make_blocks(next) };
  }
  const yields = blocks.map((block): Step => ["yield", block]);
  if (next() < 0.2) yields.splice(int(next, 0, yields.length), 0, ["throw"]);
  return { call: [start], generator: yields };
}

/** Up to `most` of what `make` makes. */
function some<Item>(
  next: Next,
  most: number,
  make: () => Item,
): Item[] {
  return Array.from({ length: int(next, 0, most) }, make);
}
