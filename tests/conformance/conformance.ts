/**
 * One table of requests and answers that every door of this package must pass: a behaviour that was wrong once
 * is a row here, and no test of a single door.
 *
 * `run_conformance` makes a test of each row, and another one with a validator around the application. What a door
 * cannot carry is a `Limit` of that door, with its reason; there is no other way around a row.
 */

import { assert, assertEquals } from "@std/assert";
import type { HeaderList } from "../../types.ts";
import {
  type Digest,
  digest_of,
  json,
  pattern,
  result_kinds,
  type Script,
} from "./conformance_apps.ts";
import type { Answer, Door, DoorRequest } from "./conformance_doors.ts";
import { bytes, text } from "../support/support.ts";

/** What has to come back. */
export interface Expected {
  /** Code and reason. */
  status: string;
  /** All headers but those of the server and of the connection, names in lower case. */
  headers: HeaderList;
  /** The bytes, one a character, or their digest. */
  body: string | Digest;
  /** Whether the response must be seen to be incomplete; nothing of it need arrive then, and nothing that is wrong may. */
  broken: boolean;
  /** The lines of the error log, stacks left out: what each of them must hold. */
  log: string[];
  /** What the application noted, and how often. */
  facts: Record<string, number>;
}

/** A row of the table. */
export interface Row {
  name: string;
  /** The application's name in `applications`. */
  application: string;
  request: DoorRequest;
  expected: Expected;
  /** The same with a validator around the application, where that makes a difference. */
  validated: Expected;
}

/** What a door cannot carry. */
export interface Limit {
  /** The names of the rows. */
  rows: string[];
  reason: string;
  /** What comes back instead; without it the rows are left out. */
  expected?: Partial<Expected>;
  /** Whether no process is begun for the request, or nothing is heard of it, where each request has its own. */
  silent?: boolean;
}

// How rows are written down

const TYPE: HeaderList = [["content-type", "text/plain"]];

/** A body whose length the headers say. */
export function whole(body: string | Digest): Partial<Expected> {
  return { headers: [...TYPE, ["content-length", String(body.length)]], body };
}

/** A body that is sent in the course of being made. */
function streamed(body: string | Digest): Partial<Expected> {
  return { headers: TYPE, body };
}

/** The page that stands for an error, and its line in the log. */
function error_page(log: string): Partial<Expected> {
  return {
    status: "500 Internal Server Error",
    ...whole("A server error occurred.  Please contact the administrator."),
    log: [log],
  };
}

/** A response that fails on its way. */
function broken(body: string, log: string): Partial<Expected> {
  return { ...streamed(body), broken: true, log: [log] };
}

/** The request of a row; what it leaves out is a GET of `/` without a body. */
interface RowRequest extends Partial<DoorRequest> {
  /** What `answer` and its like shall do. */
  script?: Script;
}

function row(
  name: string,
  application: string,
  { script, ...given }: RowRequest,
  expected: Partial<Expected>,
  validated: Partial<Expected> = {},
): Row {
  const request: DoorRequest = {
    method: "GET",
    target: "/",
    headers: [],
    body: null,
    framing: "length",
    cut: null,
    leaves: false,
    secure: false,
    ...given,
  };
  if (script) request.headers.push(["X-Answer", text(json(script))]);
  const complete: Expected = {
    status: "200 OK",
    headers: [],
    body: "",
    broken: false,
    log: [],
    facts: {},
    ...expected,
  };
  return {
    name,
    application,
    request,
    expected: complete,
    validated: { ...complete, ...validated },
  };
}

/** A row of the application `answer`. */
function answers(
  name: string,
  script: Script,
  expected: Partial<Expected>,
  validated?: Partial<Expected>,
  request: RowRequest = {},
): Row {
  return row(name, "answer", { script, ...request }, expected, validated);
}

/** Variables of the environ, as they are shown. */
export function shown(variables: Record<string, unknown>): Partial<Expected> {
  return whole(text(json(variables)));
}

/** A row that shows variables of the environ. */
function shows(
  name: string,
  request: RowRequest,
  variables: Record<string, unknown>,
): Row {
  const show: HeaderList = [["X-Show", Object.keys(variables).join(" ")]];
  const headers = [...request.headers ?? [], ...show];
  return row(name, "environ", { ...request, headers }, shown(variables));
}

// The environ

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

const environ_rows: Row[] = [
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

  ...["POST", "PUT", "PATCH", "DELETE", "OPTIONS"].map((method) =>
    shows(`REQUEST_METHOD of ${method}`, { method }, {
      REQUEST_METHOD: method,
    })
  ),
  row(
    "REQUEST_METHOD of a method that nobody knows",
    "environ",
    { method: "BREW", headers: [["X-Show", "REQUEST_METHOD"]] },
    whole('{"REQUEST_METHOD":"BREW"}'),
    { log: ["REQUEST_METHOD should be a method that is in common use"] },
  ),

  shows("a header is a variable", {
    headers: [["X-Some-Name", "some, value; a=b"]],
  }, { HTTP_X_SOME_NAME: "some, value; a=b", X_SOME_NAME: null }),
  shows("a header with bytes", { headers: [["X-Name", "caf\u00e9"]] }, {
    HTTP_X_NAME: "caf\u00e9",
  }),
  shows("a header with UTF-8", { headers: [["X-Name", "caf\u00c3\u00a9"]] }, {
    HTTP_X_NAME: "caf\u00c3\u00a9",
  }),
  shows("an empty header", { headers: [["X-Name", ""]] }, { HTTP_X_NAME: "" }),
  shows("a header that is repeated", {
    headers: [["X-Name", "a"], ["X-Other", "b"], ["x-name", "c"]],
  }, { HTTP_X_NAME: "a, c", HTTP_X_OTHER: "b" }),
  shows("a header of 4,000 bytes", {
    headers: [["X-Name", "x".repeat(4000)]],
  }, { HTTP_X_NAME: "x".repeat(4000) }),
  shows("two cookies in one header", { headers: [["Cookie", "a=1; b=2"]] }, {
    HTTP_COOKIE: "a=1; b=2",
  }),
  shows("a Cookie that is repeated", {
    headers: [["Cookie", "a=1"], ["Cookie", "b=2"]],
  }, { HTTP_COOKIE: "a=1; b=2" }),
  shows("a header with an underscore is left out", {
    headers: [["X_Name", "evil"], ["Remote_Addr", "evil"]],
  }, { HTTP_X_NAME: null, HTTP_REMOTE_ADDR: null }),
  shows("the header Proxy is left out", {
    headers: [["Proxy", "http://evil"]],
  }, { HTTP_PROXY: null }),
  shows("Content-Type and Content-Length have no prefix", {
    method: "POST",
    headers: [["Content-Type", "text/csv"]],
    body: bytes("a,b"),
  }, {
    CONTENT_TYPE: "text/csv",
    CONTENT_LENGTH: "3",
    HTTP_CONTENT_TYPE: null,
    HTTP_CONTENT_LENGTH: null,
  }),
  shows("the variables of CGI", { headers: [["Host", "example.org"]] }, {
    GATEWAY_INTERFACE: "CGI/1.1",
    SERVER_PROTOCOL: "HTTP/1.1",
    HTTP_HOST: "example.org",
  }),
  shows("HTTPS and wsgi.url_scheme by https", { secure: true }, {
    HTTPS: "on",
    "wsgi.url_scheme": "https",
  }),
  shows("wsgi.url_scheme by http", {}, { "wsgi.url_scheme": "http" }),
  row(
    "the variables of WSGI",
    "wsgi_variables",
    {},
    whole(text(json({
      version: [1, 0],
      input: true,
      input_terminated: true,
      errors: ["function", "function", "function"],
      flags: ["boolean", "boolean", "boolean"],
      file_wrapper: "function",
      plain: true,
      copy: true,
    }))),
  ),
  row(
    "the environ is the application's own",
    "environ_changed",
    {},
    whole('{"seen":false}'),
  ),
  row("what is written to wsgi.errors is logged", "errors", {}, {
    ...whole("logged"),
    log: ["one", "two", "three"],
  }),
];

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

const uri_rows: Row[] = [
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

// The input

const MEBIBYTE = 1048576;
const SIZES = [0, 1, 65535, 65536, 65537, MEBIBYTE, 8 * MEBIBYTE];
/** The bodies of the table, and their digests. */
const BODIES = new Map(SIZES.map((size) => [size, pattern(size)]));
const DIGESTS = new Map<number, Digest>();
for (const [size, body] of BODIES) {
  DIGESTS.set(size, await digest_of([body]));
}

function post(
  body: Uint8Array<ArrayBuffer>,
  rest: RowRequest = {},
): RowRequest {
  return { method: "POST", body, ...rest };
}

/** What a digest says as the body of an answer. */
function digest_text(size: number): string {
  return text(json(DIGESTS.get(size)!));
}

const input_rows: Row[] = [
  ...SIZES.map((size) =>
    row(
      `a request body of ${size} bytes`,
      "input_digest",
      post(BODIES.get(size)!),
      whole(digest_text(size)),
    )
  ),
  ...[1, 65537, MEBIBYTE].map((size) =>
    row(
      `a chunked request body of ${size} bytes`,
      "input_digest",
      post(BODIES.get(size)!, { framing: "chunked" }),
      whole(digest_text(size)),
    )
  ),
  ...[1, 65537, 8 * MEBIBYTE].map((size) =>
    row(
      `the input as the result, ${size} bytes`,
      "echo",
      post(BODIES.get(size)!),
      streamed(DIGESTS.get(size)!),
    )
  ),
  row(
    "a chunked input as the result",
    "echo",
    post(BODIES.get(MEBIBYTE)!, { framing: "chunked" }),
    streamed(DIGESTS.get(MEBIBYTE)!),
  ),
  ...["PUT", "PATCH", "DELETE", "OPTIONS"].map((method) =>
    row(
      `the body of a ${method}`,
      "input_text",
      post(bytes("Hello"), { method }),
      whole("Hello"),
    )
  ),
  row("the input of a GET is empty", "input_text", {}, whole("")),
  row("the input of a POST without a body is empty", "input_text", {
    method: "POST",
  }, whole("")),
  row(
    "the input as JSON",
    "input_json",
    post(bytes('{"a": [1, 2]}')),
    whole('{"a":[1,2]}'),
  ),
  row(
    "the input as lines",
    "input_lines",
    post(bytes("one\r\ntwo\nthree")),
    whole('["one","two","three"]'),
  ),
  row(
    "an input that is read in part",
    "input_begun",
    post(BODIES.get(MEBIBYTE)!),
    whole("begun"),
  ),
  row(
    "an input that is read in part and kept locked",
    "input_kept",
    post(BODIES.get(MEBIBYTE)!),
    whole("kept"),
  ),
  row(
    "a short input that is not read",
    "input_left",
    post(BODIES.get(1)!),
    whole("left"),
  ),
  row(
    "a long input that is not read",
    "input_left",
    post(BODIES.get(8 * MEBIBYTE)!),
    whole("left"),
  ),
  row(
    "a chunked input that is not read",
    "input_left",
    post(BODIES.get(MEBIBYTE)!, { framing: "chunked" }),
    whole("left"),
  ),
  row(
    "an input that is cancelled",
    "input_cancelled",
    post(BODIES.get(MEBIBYTE)!),
    whole("cancelled"),
  ),
  row(
    "an input that is cut short fails",
    "input_cut",
    post(BODIES.get(65536)!, { cut: 1000 }),
    { ...whole("noted"), facts: { "input failed": 1 } },
  ),
];

// The body of the response

/** What is noted of a result that was taken to its end. */
function facts_at_end(kind: Script["kind"]): Record<string, number> {
  if (kind === "generator" || kind === "async generator") {
    return { finished: 1 };
  }
  return /stream/.test(kind!) ? {} : { closed: 1 };
}

/** What is noted of one that was left before. */
function facts_when_left(kind: Script["kind"]): Record<string, number> {
  return /stream/.test(kind!) ? { cancelled: 1 } : facts_at_end(kind);
}

const APPLICATIONS = [
  "async_answer",
  "generator_answer",
  "async_generator_answer",
];

const body_rows: Row[] = [
  answers("an array of one block", { blocks: ["Hello"] }, {
    ...whole("Hello"),
    facts: { closed: 1 },
  }),
  answers("an empty array", { blocks: [] }, {
    ...whole(""),
    facts: { closed: 1 },
  }),
  answers("an array of one empty block", { blocks: [""] }, {
    ...whole(""),
    facts: { closed: 1 },
  }),
  ...result_kinds.map((kind) =>
    answers(`the result is of kind ${kind}`, { kind, blocks: ["a", "bc"] }, {
      ...streamed("abc"),
      facts: facts_at_end(kind),
    })
  ),
  ...result_kinds.map((kind) =>
    answers(`an empty result of kind ${kind}`, { kind }, {
      ...whole(""),
      facts: facts_at_end(kind),
    })
  ),
  ...result_kinds.filter((kind) => kind !== "byte stream").map((kind) =>
    answers(`empty blocks in a result of kind ${kind}`, {
      kind,
      blocks: ["", "a", "", "", "b", ""],
    }, { ...streamed("ab"), facts: facts_at_end(kind) })
  ),
  ...result_kinds.map((kind) =>
    answers(`a Content-Length and a result of kind ${kind}`, {
      kind,
      headers: [...TYPE, ["Content-Length", "3"]],
      blocks: ["a", "bc"],
    }, {
      ...whole("abc"),
      // The server need not ask for the end any more.
      facts: facts_when_left(kind),
    })
  ),
  ...APPLICATIONS.map((application) =>
    row(`the application is ${application}`, application, {
      script: { blocks: ["a", "bc"] },
    }, {
      ...streamed("abc"),
      facts: application === "async_answer" ? { closed: 1 } : { finished: 1 },
    })
  ),
  ...SIZES.map((size) =>
    row(`a response body of ${size} bytes in blocks`, "pattern", {
      target: `/?size=${size}`,
    }, size === 0 ? whole("") : streamed(DIGESTS.get(size)!))
  ),
  ...SIZES.map((size) =>
    row(`a response body of ${size} bytes in one block`, "pattern_block", {
      target: `/?size=${size}`,
    }, whole(DIGESTS.get(size)!))
  ),
  row("a response body of 1000 blocks of one byte", "pattern", {
    target: "/?size=1000&block=1",
  }, streamed(text(pattern(1000)))),
  row("wsgi.file_wrapper with a file", "file", {
    target: "/?0",
  }, streamed(license())),
  row("wsgi.file_wrapper with a file from an offset", "file", {
    target: "/?300",
  }, streamed(license().slice(300))),
  row("a client that leaves has a generator finished", "endless", {
    leaves: true,
  }, {
    ...streamed("a".repeat(MEBIBYTE)),
    broken: true,
    facts: { finished: 1 },
  }),
  row(
    "a client that leaves has a stream cancelled, though it waits",
    "stalled",
    {
      leaves: true,
    },
    { ...streamed("a"), broken: true, facts: { cancelled: 1 } },
  ),
];

function license(): string {
  return text(Deno.readFileSync(new URL("../../LICENSE", import.meta.url)));
}

// write()

const write_rows: Row[] = [
  answers("write() without a result", { write: ["a", "b"] }, {
    ...streamed("ab"),
    facts: { written: 1, closed: 1 },
  }),
  answers("write() and a result", { write: ["a", "b"], blocks: ["c", "d"] }, {
    ...streamed("abcd"),
    facts: { written: 1, closed: 1 },
  }),
  answers("write() and a generator", {
    write: ["a"],
    kind: "generator",
    blocks: ["b"],
  }, { ...streamed("ab"), facts: { written: 1, finished: 1 } }),
  answers("write() of nothing, and a result", { write: [""], blocks: ["a"] }, {
    ...streamed("a"),
    facts: { written: 1, closed: 1 },
  }),
  answers("write() with a Content-Length", {
    headers: [...TYPE, ["Content-Length", "2"]],
    write: ["a", "b"],
  }, { ...whole("ab"), facts: { written: 1, closed: 1 } }),
  row("write() that is not awaited", "write_unawaited", {}, streamed("abcd")),
  row("write() past the Content-Length fails", "write_past_length", {}, {
    ...whole("abc"),
    facts: { refused: 1 },
  }),
  row(
    "write() of what is no block",
    "write_wrong",
    {},
    error_page('the body must be given as Uint8Array, got "text"'),
    error_page('write() must be given one Uint8Array, got "text"'),
  ),
  row(
    "an error after write()",
    "write_then_error",
    {},
    broken("a", "Error: after write()"),
  ),
  row(
    "write() in a generator",
    "write_in_generator",
    {},
    streamed("ab"),
    error_page("write() must not be called once the application has returned"),
  ),
];

// The head of the response

const head_rows: Row[] = [
  ...[
    "201 Created",
    "302 Found",
    "404 Not Found",
    "418 I'm a teapot",
    "500 Internal Server Error",
    "503 Service Unavailable",
  ].map((status) =>
    answers(`the status ${status}`, { status, blocks: ["a"] }, {
      status,
      ...whole("a"),
      facts: { closed: 1 },
    })
  ),
  answers("a reason of one's own", { status: "200 Quite All Right" }, {
    status: "200 Quite All Right",
    ...whole(""),
    facts: { closed: 1 },
  }),
  answers("a status that is not registered", {
    status: "299 Quite All Right",
  }, {
    status: "299 Quite All Right",
    ...whole(""),
    facts: { closed: 1 },
  }),
  answers("headers of all kinds", {
    headers: [
      ...TYPE,
      ["Set-Cookie", "a=1; Path=/"],
      ["X-Bytes", "caf\u00e9"],
      ["set-cookie", "b=2"],
      ["X-Empty", ""],
      ["X-Repeated", "1"],
      ["x-repeated", "2"],
      ["Cache-Control", "no-cache, max-age=0"],
      ["Location", "/caf%C3%A9?a=b#c"],
    ],
    blocks: ["a"],
  }, {
    headers: [
      ...TYPE,
      ["set-cookie", "a=1; Path=/"],
      ["set-cookie", "b=2"],
      ["x-bytes", "caf\u00e9"],
      ["x-empty", ""],
      ["x-repeated", "1, 2"],
      ["cache-control", "no-cache, max-age=0"],
      ["location", "/caf%C3%A9?a=b#c"],
      ["content-length", "1"],
    ],
    body: "a",
    facts: { closed: 1 },
  }),
  row("headers that are changed afterwards", "headers_changed", {}, whole("a")),
];

/** What a status or a list of headers is refused with, by the handler and by the validator. */
const wrong_heads: [
  name: string,
  script: Script,
  log: string,
  validated: string,
][] = [
  [
    "a status without a reason",
    { status: "200" },
    'the status must be three digits from 200 on, a space and a reason, got "200"',
    "the status must be a string of three digits, a space and a reason",
  ],
  [
    "a status without a space",
    { status: "200OK" },
    'a space and a reason, got "200OK"',
    'as "200 OK" is, got "200OK"',
  ],
  [
    "a status of four digits",
    { status: "2000 OK" },
    'got "2000 OK"',
    'got "2000 OK"',
  ],
  [
    "a status that is a number",
    { status: 200 },
    "the status must be a string, got 200",
    "got 200",
  ],
  [
    "an interim status",
    { status: "100 Continue" },
    'three digits from 200 on, a space and a reason, got "100 Continue"',
    "the status must be 200 or above",
  ],
  [
    "a status that would split the response",
    { status: "200 OK\r\nX-Evil: yes" },
    "the status must not hold control characters",
    "the status must not hold control characters",
  ],
  [
    "a status beyond bytes",
    { status: "200 \u20ac" },
    "the status must hold characters up to U+00FF only",
    "the status must hold one byte a character",
  ],
  [
    "headers that are null",
    { headers: null },
    "headers must be an array of [name, value]",
    "the headers must be an array of pairs",
  ],
  [
    "headers that are an object",
    { headers: { "Content-Type": "text/plain" } },
    "headers must be an array of [name, value]",
    "the headers must be an array of pairs",
  ],
  [
    "a header that is no pair",
    { headers: [["Content-Type"]] },
    "a header must be a pair [name, value]",
    "a header must be a pair [name, value]",
  ],
  [
    "a header value that is a number",
    { headers: [["X-A", 5]] },
    "the value of header X-A must be a string, got 5",
    "the value of X-A must be a string, got 5",
  ],
  [
    "a header name with a colon",
    { headers: [["X-A:", "b"]] },
    'a header name must be a token, got "X-A:"',
    "the name of a header must be a token",
  ],
  [
    "an empty header name",
    { headers: [["", "b"]] },
    'a header name must be a token, got ""',
    "the name of a header must be a token",
  ],
  [
    "a header name that would split the response",
    { headers: [["X-A: b\r\nX-Evil", "yes"]] },
    "a header name must be a token",
    "the name of a header must be a token",
  ],
  [
    "a header value that would split the response",
    { headers: [["X-A", "b\r\nX-Evil: yes\r\n\r\n"]] },
    "the value of header X-A must not hold control characters",
    "the value of X-A must not hold control characters",
  ],
  [
    "a header value with a NUL",
    { headers: [["X-A", "b\0c"]] },
    "the value of header X-A must not hold control characters",
    "the value of X-A must not hold control characters",
  ],
  [
    "a header value beyond bytes",
    { headers: [["X-A", "\u20ac"]] },
    "the value of header X-A must hold characters up to U+00FF only",
    "the value of X-A must hold one byte a character",
  ],
  [
    "a Transfer-Encoding of the application's",
    { headers: [...TYPE, ["Transfer-Encoding", "chunked"]] },
    "must not send the hop-by-hop header Transfer-Encoding",
    "a hop-by-hop header must be left to the server",
  ],
  [
    "a Connection of the application's",
    { headers: [...TYPE, ["connection", "close"]] },
    "must not send the hop-by-hop header connection",
    "a hop-by-hop header must be left to the server",
  ],
  [
    "a Content-Length that is no number",
    { headers: [...TYPE, ["Content-Length", "1e3"]] },
    'Content-Length must be decimal digits, got "1e3"',
    "Content-Length must be one number in decimal digits",
  ],
  [
    "a Content-Length below zero",
    { headers: [...TYPE, ["Content-Length", "-1"]] },
    'Content-Length must be decimal digits, got "-1"',
    "Content-Length must be one number in decimal digits",
  ],
];

const wrong_head_rows = wrong_heads.map(([name, script, log, validated]) =>
  answers(
    name,
    { ...script, blocks: ["never"] },
    error_page(log),
    error_page(validated),
  )
);

// Responses without a body

const NO_BODY = /^(204|304)/;

const bodiless_rows: Row[] = [
  answers(
    "a HEAD with the length of its GET",
    {
      headers: [...TYPE, ["Content-Length", "5"]],
    },
    {
      headers: [...TYPE, ["content-length", "5"]],
      facts: { closed: 1 },
    },
    {},
    { method: "HEAD" },
  ),
  answers(
    "a HEAD of an empty result",
    {},
    {
      headers: TYPE,
      facts: { closed: 1 },
    },
    {},
    { method: "HEAD" },
  ),
  answers(
    "a HEAD of an array of one block",
    { blocks: ["Hello"] },
    {
      headers: [...TYPE, ["content-length", "5"]],
      facts: { closed: 1 },
    },
    head_refused(),
    { method: "HEAD" },
  ),
  ...result_kinds.map((kind) =>
    answers(
      `a HEAD of a result of kind ${kind}`,
      { kind, blocks: ["a", "bc"] },
      { headers: TYPE, facts: facts_when_left(kind) },
      head_refused(),
      { method: "HEAD" },
    )
  ),
  answers(
    "a HEAD with write()",
    { write: ["a", "b"] },
    { headers: TYPE, facts: { written: 1, closed: 1 } },
    { ...head_refused(), facts: {} },
    { method: "HEAD" },
  ),
  row(
    "a HEAD that fails",
    "reject",
    { method: "HEAD" },
    { ...error_page("TypeError: rejected"), body: "" },
  ),
  ...["204 No Content", "304 Not Modified", "205 Reset Content"].flatMap((
    status,
  ) => {
    const headers = NO_BODY.test(status) ? [] : TYPE;
    const log = `a response with status ${
      status.slice(0, 3)
    } must have no body`;
    return [
      answers(`a ${status}`, { status, headers }, {
        status,
        headers,
        facts: { closed: 1 },
      }),
      ...["array", "generator"].map((kind) =>
        answers(
          `a ${status} with a body of kind ${kind}`,
          { status, headers, kind: kind as Script["kind"], blocks: ["a"] },
          {
            status,
            headers,
            facts: facts_when_left(kind as Script["kind"]),
          },
          error_page(log),
        )
      ),
    ];
  }),
  answers("a 304 with headers", {
    status: "304 Not Modified",
    headers: [["ETag", '"x"'], ["Cache-Control", "no-cache"]],
  }, {
    status: "304 Not Modified",
    headers: [["etag", '"x"'], ["cache-control", "no-cache"]],
    facts: { closed: 1 },
  }),
  answers(
    "a 204 with a Content-Length",
    { status: "204 No Content", headers: [["Content-Length", "0"]] },
    { status: "204 No Content", facts: { closed: 1 } },
    {
      ...error_page("a response with status 204 must have no Content-Length"),
      facts: {},
    },
  ),
  row(
    "a HEAD by an application that makes a GET of it",
    "head_as_get",
    { method: "HEAD" },
    { headers: [...TYPE, ["content-length", "5"]] },
    head_refused(),
  ),
];

function head_refused(): Partial<Expected> {
  return {
    ...error_page("the response to a HEAD must have no body"),
    body: "",
  };
}

// Errors

const lazy_kinds = result_kinds.filter((kind) =>
  kind !== "array" && kind !== "set"
);

const error_rows: Row[] = [
  ...["answer", ...APPLICATIONS].map((application) =>
    row(
      `an error before start_response(), the application is ${application}`,
      application,
      { script: { before: "mine" } },
      error_page("Error: mine"),
    )
  ),
  ...["answer", ...APPLICATIONS].map((application) =>
    row(
      `an error after start_response(), the application is ${application}`,
      application,
      {
        script: {
          status: "201 Created",
          headers: [...TYPE, ["Set-Cookie", "a=1"]],
          after: "mine",
        },
      },
      error_page("Error: mine"),
    )
  ),
  ...lazy_kinds.map((kind) =>
    answers(`an error in the first block of kind ${kind}`, {
      kind,
      blocks: [{ error: "mine" }],
    }, { ...error_page("Error: mine"), facts: facts_at_end(kind) })
  ),
  ...lazy_kinds.map((kind) =>
    answers(`an error in a later block of kind ${kind}`, {
      kind,
      blocks: ["a", "b", { error: "mine" }, "c"],
    }, { ...broken("ab", "Error: mine"), facts: facts_at_end(kind) })
  ),
  ...["generator_answer", "async_generator_answer"].map((application) =>
    row(
      `an error in a later block, the application is ${application}`,
      application,
      { script: { blocks: ["a", { error: "mine" }] } },
      { ...broken("a", "Error: mine"), facts: { finished: 1 } },
    )
  ),
  answers("an error behind empty blocks is still in time for the page", {
    kind: "generator",
    blocks: ["", "", { error: "mine" }],
  }, { ...error_page("Error: mine"), facts: { finished: 1 } }),
  ...(["array", "iterable", "async iterable"] as const).map((kind) =>
    answers(`an error in close() of kind ${kind}`, {
      kind,
      blocks: ["a"],
      close: "mine",
    }, {
      ...(kind === "array" ? whole("a") : streamed("a")),
      log: ["Error: mine"],
      facts: { closed: 1 },
    })
  ),
  answers("an error in a block and one in close()", {
    kind: "iterable",
    blocks: [{ error: "first" }],
    close: "second",
  }, {
    ...error_page("Error: first"),
    log: ["Error: second", "Error: first"],
    facts: { closed: 1 },
  }),
  row(
    "an application that rejects",
    "reject",
    {},
    error_page("TypeError: rejected"),
  ),
  row(
    "an application that throws nothing",
    "throw_nothing",
    {},
    error_page("undefined was thrown"),
  ),
  row(
    "an application that throws a text",
    "throw_text",
    {},
    error_page("a text"),
  ),
  row("exc_info before the headers went out", "exc_info_before", {}, {
    status: "503 Service Unavailable",
    ...whole("replaced"),
  }),
  row(
    "exc_info after the headers went out",
    "exc_info_after",
    {},
    broken("a", "Error: too late"),
  ),
  row(
    "start_response() a second time",
    "start_twice",
    {},
    error_page("start_response() was called a second time without exc_info"),
    error_page("start_response() must be called once"),
  ),
  answers(
    "start_response() not at all, and a block",
    { status: null, blocks: ["a"] },
    {
      ...error_page("the body was begun before start_response() was called"),
      facts: { closed: 1 },
    },
    error_page("start_response() must be called before the first block"),
  ),
  answers(
    "start_response() not at all, and nothing",
    { status: null },
    {
      ...error_page("the application did not call start_response()"),
      facts: { closed: 1 },
    },
    error_page("start_response() must be called before the body ends"),
  ),
  ...[
    ["string", 'got "text"'],
    ["null", "got null"],
    ["undefined", "got undefined"],
    ["number", "got 5"],
    ["bytes", "Uint8Array"],
    ["object", "got an object of class Object"],
    ["function", "got a function"],
  ].map(([kind, came]) =>
    row(
      `a result that is wrong: ${kind}`,
      `return_${kind}`,
      {},
      error_page(came!),
      error_page("the application must return an iterable of Uint8Array"),
    )
  ),
  ...(["array", "generator", "async generator", "stream"] as const).map((
    kind,
  ) =>
    answers(
      `a block that is a text, in a result of kind ${kind}`,
      { kind, blocks: [{ value: "text" }] },
      {
        ...error_page('the body must be given as Uint8Array, got "text"'),
        facts: facts_when_left(kind),
      },
      error_page('a block of the body must be a Uint8Array, got "text"'),
    )
  ),
  answers(
    "a later block that is a number",
    { kind: "generator", blocks: ["a", { value: 5 }] },
    {
      ...broken("a", "the body must be given as Uint8Array, got 5"),
      facts: { finished: 1 },
    },
    broken("a", "a block of the body must be a Uint8Array, got 5"),
  ),
];

// Content-Length

function with_length(length: number): HeaderList {
  return [...TYPE, ["Content-Length", String(length)]];
}

const SHORT = "declared a Content-Length of 5, but gave 3 bytes";
const VALIDATED_SHORT = "the body must be as long as its Content-Length of 5";
const LONG = "declared a Content-Length of 2, but gave more";
const VALIDATED_LONG = "the body must be as long as its Content-Length of 2";

const length_rows: Row[] = [
  answers(
    "a body shorter than its Content-Length, in an array",
    { headers: with_length(5), blocks: ["abc"] },
    {
      ...broken("abc", SHORT),
      headers: [...TYPE, ["content-length", "5"]],
      facts: { closed: 1 },
    },
    { ...error_page(VALIDATED_SHORT), broken: false },
  ),
  answers(
    "a body shorter than its Content-Length, in a generator",
    { headers: with_length(5), kind: "generator", blocks: ["a", "bc"] },
    {
      ...broken("abc", SHORT),
      headers: [...TYPE, ["content-length", "5"]],
      facts: { finished: 1 },
    },
    { log: [VALIDATED_SHORT] },
  ),
  answers(
    "a Content-Length and no body at all",
    { headers: with_length(5), blocks: [] },
    {
      ...broken("", "declared a Content-Length of 5, but gave 0 bytes"),
      headers: [...TYPE, ["content-length", "5"]],
      facts: { closed: 1 },
    },
    { ...error_page(VALIDATED_SHORT), broken: false },
  ),
  answers(
    "a body longer than its Content-Length, in an array of one block",
    { headers: with_length(2), blocks: ["abc"] },
    { ...whole("ab"), log: [LONG], facts: { closed: 1 } },
    error_page(VALIDATED_LONG),
  ),
  answers(
    "a body longer than its Content-Length, in a generator",
    { headers: with_length(2), kind: "generator", blocks: ["a", "bc"] },
    { ...whole("ab"), log: [LONG], facts: { finished: 1 } },
    { ...broken("a", VALIDATED_LONG), headers: whole("ab").headers! },
  ),
  answers(
    "a block too many for its Content-Length, in an array",
    { headers: with_length(2), blocks: ["ab", "c"] },
    { ...whole("ab"), facts: { closed: 1 } },
    error_page(VALIDATED_LONG),
  ),
  answers("a block too many for its Content-Length, in a generator", {
    headers: with_length(2),
    kind: "generator",
    blocks: ["ab", "c"],
  }, { ...whole("ab"), facts: { finished: 1 } }),
  answers("a Content-Length of 0", { headers: with_length(0), blocks: [] }, {
    ...whole(""),
    facts: { closed: 1 },
  }),
];

/** The table. */
export const rows: Row[] = [
  ...environ_rows,
  ...uri_rows,
  ...input_rows,
  ...body_rows,
  ...write_rows,
  ...head_rows,
  ...wrong_head_rows,
  ...bodiless_rows,
  ...error_rows,
  ...length_rows,
];

/** The rows whose response fails on its way, and has no `Content-Length` that would show it. */
export const broken_without_length: string[] = rows
  .filter(({ expected: { broken, headers }, request }) =>
    broken && !request.leaves &&
    !headers.some(([name]) => name === "content-length")
  )
  .map(({ name }) => name);

// How the table is run

/** How the table may be run. */
export interface ConformanceOptions {
  /** Whether every row is run with a validator as well: what validator says does not depend on the door. */
  validated?: boolean;
}

/**
 * Makes two tests of each row: through a door as it is, and with a validator around the application.
 *
 * @param door_name The door, as the names of the tests have it.
 * @param open Opens the door, for each test; a server that is costly to start may be shared behind it.
 * @param limits What the door cannot carry.
 * @param options How the table is run.
 */
export function run_conformance(
  door_name: string,
  open: () => Promise<Door>,
  limits: Limit[] = [],
  options: ConformanceOptions = {},
): void {
  check_limits(limits);
  for (const row of rows) {
    const limit = limits.find(({ rows }) => rows.includes(row.name));
    for (
      const validated of options.validated === false ? [false] : [false, true]
    ) {
      const through = validated ? `${door_name}, validated` : door_name;
      Deno.test({
        name: `conformance through ${through}: ${row.name}`,
        ignore: limit !== undefined && !limit.expected,
        async fn() {
          await using door = await open();
          const expected = validated ? row.validated : row.expected;
          await check_row(
            door,
            row,
            { ...expected, ...limit?.expected },
            { validated, silent: limit?.silent === true },
          );
        },
      });
    }
  }
}

/** A limit of a row that is not there would be forgotten for ever. */
function check_limits(limits: Limit[]): void {
  const names = new Set(rows.map(({ name }) => name));
  for (const name of limits.flatMap(({ rows }) => rows)) {
    assert(names.has(name), `a limit names a row that is not there: ${name}`);
  }
}

async function check_row(
  door: Door,
  { application, request }: Row,
  expected: Expected,
  { validated, silent }: { validated: boolean; silent: boolean },
): Promise<void> {
  const key = crypto.randomUUID();
  const before = door.log().length;
  const answer = await door.send(
    addressed(request, application, key, validated),
  );
  const facts = await settled_facts(door, key, expected.facts, silent);
  const log = door.log().slice(before, door.log().indexOf(key));
  assertEquals(
    { ...await seen(answer, expected), log: lines_of(log, expected), facts },
    { ...expected, headers: sorted(expected.headers) },
    `the log: ${log}`,
  );
}

/** The request with the headers that the dispatcher reads. */
function addressed(
  request: DoorRequest,
  application: string,
  key: string,
  validated: boolean,
): DoorRequest {
  const headers: HeaderList = [
    ["X-Application", application],
    ["X-Key", key],
    ...request.headers,
  ];
  if (validated) headers.push(["X-Validator", "yes"]);
  if (!headers.some(([name]) => name === "Host")) {
    headers.unshift(["Host", "www.example.org"]);
  }
  return { ...request, headers };
}

/** The answer of an application of the dispatcher's own. */
async function ask(
  door: Door,
  application: string,
  key: string,
): Promise<string> {
  const request = row("", application, {}, {}).request;
  const { body } = await door.send(addressed(request, application, key, false));
  return text(body);
}

/** How often something is looked at that happens after the answer, and how long it is waited between, in milliseconds. */
const TRIES = 200;
const PAUSE = 10;

async function wait(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, PAUSE));
}

/** The facts of a request, when its log is complete as well. */
async function settled_facts(
  door: Door,
  key: string,
  expected: Record<string, number>,
  silent: boolean,
): Promise<Record<string, number>> {
  const facts = () => door.facts ? door.facts(key) : ask_facts(door, key);
  if (!door.facts || silent) {
    await expect_facts(facts, expected);
    await ask(door, "mark", key);
  }
  await see_mark(door, key);
  return await facts();
}

async function ask_facts(
  door: Door,
  key: string,
): Promise<Record<string, number>> {
  return JSON.parse(await ask(door, "facts", key));
}

/** Waits until the facts of a request are what they shall be, or are not going to be. */
async function expect_facts(
  look: () => Promise<Record<string, number>> | Record<string, number>,
  expected: Record<string, number>,
): Promise<void> {
  for (let tries = 1; tries < TRIES; tries++) {
    const facts = await look();
    const missing = Object.entries(expected)
      .some(([fact, count]) => (facts[fact] ?? 0) < count);
    if (!missing) return;
    await wait();
  }
}

/** Waits until the log has everything that was written before now. */
async function see_mark(door: Door, key: string): Promise<void> {
  for (let tries = 1; !door.log().includes(key) && tries < TRIES; tries++) {
    await wait();
  }
}

/** The lines of a log without stacks; a line that holds what it shall hold is given as that. */
function lines_of(log: string, expected: Expected): string[] {
  const lines = log.split("\n").filter((line) => line && !/^\s+at /.test(line));
  return lines.map((line, i) => {
    const wanted = expected.log[i];
    return wanted !== undefined && line.includes(wanted) ? wanted : line;
  });
}

/** The headers that are the server's and the connection's, whatever the application says. */
const OF_SERVER =
  /^(connection|date|keep-alive|server|transfer-encoding|vary)$/;

/** An answer in the terms of what was expected. */
async function seen(
  answer: Answer,
  expected: Expected,
): Promise<Omit<Expected, "log" | "facts">> {
  const { status, broken } = answer;
  const headers = sorted(
    answer.headers.filter(([name]) => !OF_SERVER.test(name)),
  );
  if (!expected.broken) {
    return {
      status,
      headers,
      body: await body_as(answer.body, expected.body),
      broken,
    };
  }
  // Nothing may have arrived, or a part of the body.
  const body = text(answer.body);
  const { status: _status, headers: _headers, ...rest } = expected;
  return {
    status: status && broken ? status : expected.status,
    headers: status ? headers : sorted(expected.headers),
    body: String(expected.body).startsWith(body) ? rest.body : body,
    broken,
  };
}

async function body_as(
  body: Uint8Array,
  expected: string | Digest,
): Promise<string | Digest> {
  return typeof expected === "string" ? text(body) : await digest_of([body]);
}

/** Headers by their names, and those that are repeated as one; cookies cannot be joined. */
function sorted(headers: HeaderList): HeaderList {
  const list: HeaderList = [];
  for (const [name, value] of headers) {
    const before = list.find(([other]) => other === name);
    if (before && name !== "set-cookie") before[1] += `, ${value}`;
    else list.push([name, value]);
  }
  return list.sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
}
