/** How this package differs from CPython's wsgiref: on purpose, or because the platform leaves no choice. */

import { STATUS_TEXT } from "@std/http/status";
import type { Script, Step } from "./application.ts";
import {
  dechunk,
  failed,
  has_no_body,
  type Observation,
  page,
  refused,
} from "./observation.ts";
import { fields, type ParityRequest, variable } from "./request.ts";
import { has_valid_host, is_valid, is_within_limits } from "./validity.ts";

/** A difference: its description, and its effect on the comparison. */
export interface Difference {
  /** What is different. */
  what: string;
  /** What CPython does. */
  python: string;
  /** What this package does. */
  ours: string;
  /** The reason. */
  reason: string;
  /**
   * Turns CPython's observation of `request` into what is expected here. Does nothing if the difference does not show.
   */
  mend?(seen: Observation, request: ParityRequest): void;
  /** The same for the environ alone; called only if the response reports what the application saw. */
  mend_environ?(environ: Environ, request: ParityRequest): void;
}

/** The statuses that never have a body. */
const BODILESS = [204, 205, 304];

/** Deno's reason phrases: the registered ones, except two that Deno spells differently, and two that `@std/http` does. */
const PHRASES: Record<number, string> = {
  ...STATUS_TEXT,
  203: "Non Authoritative Information",
  207: "Multi-Status",
  407: "Proxy Authentication Required",
  413: "Payload Too Large",
};

type Environ = Observation["environ"];

/** All differences, in the order in which they are applied. */
export const differences: readonly Difference[] = [
  {
    what: "`REQUEST_URI`",
    python: "not set",
    ours: "the request target as it was sent",
    reason: "PATH_INFO does not distinguish an encoded slash from a slash",
    mend_environ(environ, { target }) {
      environ.REQUEST_URI = target;
    },
  },
  {
    what: "`REMOTE_PORT`",
    python: "not set",
    ours: "the client's port",
    reason: "CGI servers and gunicorn set it, and fetch handlers receive it",
    mend_environ(environ) {
      delete environ.HTTP_REMOTE_PORT;
      environ.REMOTE_PORT = "(the client's)";
    },
  },
  {
    what: "`wsgi.input_terminated`",
    python: "not set",
    ours: "true",
    reason:
      "wsgi.input ends where the body ends, and applications can rely on it",
    mend_environ(environ) {
      environ["wsgi.input_terminated"] = true;
    },
  },
  {
    what: "`SERVER_PROTOCOL`",
    python: "the version that was sent",
    ours: "always HTTP/1.1",
    reason: "Deno.serve does not report the version",
    mend_environ(environ) {
      environ.SERVER_PROTOCOL = "HTTP/1.1";
    },
  },
  {
    what: "the target of `OPTIONS *`",
    python: "`*`",
    ours: "`/*`",
    reason: "Deno.serve passes a URL, in which it is a path",
    mend_environ(environ, { target }) {
      if (target !== "*") return;
      environ.PATH_INFO = "/*";
      environ.REQUEST_URI &&= "/*";
    },
  },
  {
    what: "an absolute target: `GET http://host/path`",
    python: "all of it is PATH_INFO",
    ours: "its path and query; its host is HTTP_HOST, whatever `Host` says",
    reason: "it is the requested URL (RFC 9112, section 3.2.2)",
    mend_environ(environ, request) {
      const path_and_query = of_absolute(request);
      if (path_and_query === null) return;
      const [path] = path_and_query.replace(/^\/+/, "/").split("?");
      environ.PATH_INFO = unquoted(path!);
      environ.REQUEST_URI &&= path_and_query;
      const [, host] = /^\w+:\/\/(?:.*@)?([^/?]*)/.exec(request.target)!;
      environ.HTTP_HOST = host;
    },
  },
  {
    what: "the target of `CONNECT host:port`",
    python: "is PATH_INFO",
    ours: "is HTTP_HOST as well, whatever `Host` says",
    reason: "it is the requested host (RFC 9112, section 3.2.3)",
    mend_environ(environ, { method, target }) {
      if (method === "CONNECT") environ.HTTP_HOST = target;
    },
  },
  {
    what: "a request header with an underscore in its name",
    python: "treated like the one with a hyphen",
    ours: "left out",
    reason: "it could be mistaken for a header that a trusted proxy sets",
    mend_environ(environ, request) {
      for (const { name } of fields(request)) {
        const key = variable(name);
        if (!name.includes("_") || !(key in environ)) continue;
        const values = values_of(key, request);
        if (values.length > 0) environ[key] = values.join(",");
        else delete environ[key];
      }
    },
  },
  {
    what: "the request header `Proxy`",
    python: "HTTP_PROXY",
    ours: "left out",
    reason:
      "code that reads HTTP_PROXY as a setting would obey the client (httpoxy)",
    mend_environ(environ) {
      delete environ.HTTP_PROXY;
    },
  },
  {
    what: "a request header `Http-Name` in addition to the header `Name`",
    python: "left out if it comes second",
    ours: "kept",
    reason: "it is a separate header, whatever the order",
    mend_environ(environ, request) {
      const names = fields(request).map(({ name }) => name.toLowerCase())
        .filter((name) => name.startsWith("http-") && !name.includes("_"));
      for (const name of new Set(names)) {
        const key = variable(name);
        environ[key] = values_of(key, request).join(",");
      }
    },
  },
  {
    what: "whitespace around the value of a request header",
    python:
      "removed, including bytes 0x85 and 0xA0 (even within UTF-8); kept after Content-Type and Content-Length",
    ours: "spaces and tabs are removed",
    reason: "these are HTTP's whitespace (RFC 9110, section 5.5)",
    mend_environ(environ, request) {
      for (const key in environ) {
        const values = values_of(key, request);
        if (environ[key] !== values.map(stripped).join(",")) continue;
        if (values.length > 0) environ[key] = values.join(",");
      }
      for (const key of ["CONTENT_TYPE", "CONTENT_LENGTH"]) {
        environ[key] = String(environ[key]).replace(/[ \t]+$/, "");
      }
    },
  },
  {
    what: "a repeated request header",
    python: "joined by `,`; the first Content-Type",
    ours: "joined by a comma and a space; leading empty values are lost",
    reason: "Deno.serve passes it joined, and a comma may be part of a value",
    mend_environ(environ, request) {
      for (const key in environ) {
        const values = values_of(key, request);
        if (environ[key] !== values.join(",")) continue;
        const first = values.findIndex((value) => value !== "");
        environ[key] = values.slice(first).join(", ");
      }
      const types = fields(request)
        .filter(({ name }) => name.toLowerCase() === "content-type")
        .map(({ value }) => value);
      const first = types.findIndex((value) => value !== "");
      if (types.length > 1) {
        environ.CONTENT_TYPE = types.slice(first).join(", ");
      }
    },
  },
  {
    what: "a repeated `Cookie`",
    python: "joined by `,`",
    ours: "joined by a semicolon and a space",
    reason: "Deno.serve passes it joined, as in RFC 9113 (section 8.2.3)",
    mend_environ(environ, request) {
      const values = values_of("HTTP_COOKIE", request);
      if (values.length > 1) environ.HTTP_COOKIE = values.join("; ");
    },
  },
  {
    what: "the body of a GET or HEAD request",
    python: "can be read",
    ours: "is lost",
    reason: "a Request with one of these methods has no body",
    mend(seen, { method }) {
      if (method === "GET" || method === "HEAD") seen.input = "";
    },
  },
  {
    what: "a chunked request body",
    python: "is not decoded, and empty",
    ours: "can be read",
    reason: "HTTP/1.1 requires it (RFC 9112, section 7.1)",
    mend(seen, { method, body }) {
      if (method === "GET" || method === "HEAD") return;
      if (seen.environ.HTTP_TRANSFER_ENCODING) seen.input = dechunk(body);
    },
  },
  {
    what: "`Expect: 100-continue`",
    python: "is not answered",
    ours: "is answered with a 100, even with HTTP/1.0",
    reason: "Deno.serve answers it before the application is called",
    mend(seen, request) {
      const [expected] = values_of("HTTP_EXPECT", request);
      if (expected === "100-continue") seen.continued = true;
    },
  },
  {
    what: "a CONNECT with content",
    python: "reaches the application",
    ours: "400 Bad Request, and the connection is closed",
    reason: "Deno.serve would read its content as the next request",
    mend(seen, request) {
      const has_content = request.body !== "";
      if (request.method !== "CONNECT" || !has_content) return;
      const { headers } = refused();
      delete headers["content-length"];
      Object.assign(seen, refused(), { headers, complete: false });
    },
  },
  {
    what: "a request body with a transfer coding other than chunked",
    python: "is not decoded, and empty",
    ours: "501 Not Implemented",
    reason: "HTTP/1.1 requires it (RFC 9112, section 6.1)",
    mend(seen, request) {
      const [coding = "chunked"] = values_of(
        "HTTP_TRANSFER_ENCODING",
        request,
      );
      if (coding.toLowerCase() === "chunked") return;
      Object.assign(seen, page("501 Not Implemented", "Not Implemented"));
    },
  },
  {
    what: "an invalid `Host`: `a b`, `<script>`, `x:y:z`, or empty",
    python: "accepted",
    ours: "400 Bad Request",
    reason: "HTTP/1.1 requires it (RFC 9112, section 3.2)",
    mend(seen, request) {
      if (has_valid_host(request)) return;
      Object.assign(seen, page("400 Bad Request", "Bad Request"));
    },
  },
  {
    what: "the response header `Status`",
    python: "is sent",
    ours: "is an error of the application",
    reason:
      "behind a web server it would set the status (RFC 3875, section 6.3.3)",
    mend(seen) {
      if ("status" in seen.headers) Object.assign(seen, failed());
    },
  },
  {
    what: "the reason phrase",
    python: "that of the application",
    ours: "Deno's for the status: `413 Payload Too Large`; or none",
    reason: "Deno.serve sends no other",
    mend(seen) {
      seen.reason = PHRASES[seen.status] ?? "";
    },
  },
  {
    what: "a status below 200 or above 599",
    python: "is sent",
    ours: "is an error of the application",
    reason:
      "a `Response` cannot have it, and after a 1xx the client would keep waiting",
    mend(seen) {
      const { status } = seen;
      const is_sent = status > 0;
      if (is_sent && (status < 200 || status > 599)) {
        Object.assign(seen, failed());
      }
    },
  },
  {
    what: "empty blocks at the beginning of a result",
    python: "the first sends the headers, without Content-Length",
    ours:
      "the headers wait: Content-Length is 0 if no other block follows, and an error is a clean 500",
    reason:
      "PEP 3333 requires the headers to wait for the first block that is not empty",
    mend(seen, { script }) {
      if (!script) return;
      const steps = steps_of(script);
      const sent = steps.findIndex(sends_headers);
      const waiting = sent < 0 ? steps : steps.slice(0, sent);
      const empty = waiting.findIndex(([name, block]) =>
        name === "yield" && block === ""
      );
      if (empty < 0) return;
      if (waiting.slice(empty).some(is_failure)) Object.assign(seen, failed());
      else if (sent < 0) seen.headers["content-length"] ??= ["0"];
    },
  },
  {
    what: "the response to a HEAD, and 204, 205 and 304",
    python: "with the application's body and its length",
    ours: "without a body, and without the length of an empty one",
    reason: "HTTP allows no body there (RFC 9110, sections 9.3.2 and 15)",
    mend(seen, { method, script }) {
      const { status, headers } = seen;
      const without_body = BODILESS.includes(status);
      if (!without_body && method !== "HEAD") return;
      seen.body = "";
      const [length] = headers["content-length"] ?? [];
      const is_of_get = !without_body && length !== "0";
      const is_declared = script !== undefined && declares_length(script);
      if (status === 204 || !is_of_get && !is_declared) {
        delete headers["content-length"];
      }
    },
  },
  {
    what: "the Content-Length of a 205 or 304",
    python: "as set by the application",
    ours: "left out",
    reason: "Deno.serve leaves it out, as it may (RFC 9110, section 8.6)",
    mend(seen) {
      if (seen.status !== 205 && seen.status !== 304) return;
      delete seen.headers["content-length"];
      seen.complete = true;
    },
  },
  {
    what: "an error after the headers",
    python: "ends the response",
    ours: "aborts the connection",
    reason: "a partial response must not be mistaken for a complete one",
    mend(seen, { method, script }) {
      if (!script || has_no_body(method, seen.status)) return;
      // The body of a 205 is not sent anyway.
      if (seen.status !== 205 && fails_late(script)) seen.complete = false;
    },
  },
  {
    what:
      "an invalid request: malformed method, target, version or header; a target not in UTF-8; two `Host`; an unclear length",
    python: "mostly accepted",
    ours: "400 Bad Request",
    reason: "Deno.serve refuses it",
    mend(seen, request) {
      if (!is_valid(request)) Object.assign(seen, refused());
    },
  },
  {
    what: "many or long headers, a long target",
    python: "431 or 414 above about 100 headers or 64 KiB per line",
    ours: "400 above 128 headers or 64 KiB in total",
    reason: "Deno.serve has limits of its own",
    mend(seen, request) {
      if (!is_within_limits(request)) Object.assign(seen, refused());
      // What the application would have returned, if that is a page.
      else if (seen.status === 431 && request.script?.list) {
        Object.assign(seen, page("200 OK", request.script.list.join("")));
      }
    },
  },
];

/** CPython's observation of `request`, turned into what is expected here. */
export function mended(
  seen: Observation,
  request: ParityRequest,
  rows: readonly Difference[] = differences,
): Observation {
  const expected = structuredClone(seen);
  for (const row of rows) {
    row.mend?.(expected, request);
    // Empty if the application did not report what it saw.
    if (Object.keys(expected.environ).length === 0) continue;
    row.mend_environ?.(expected.environ, request);
  }
  return expected;
}

/**
 * The table of differences for docs/python.md, as GitHub's Markdown in the columns of `deno fmt`, with a line break after
 * each row.
 */
export function differences_table(): string {
  const rows = [
    ["What", "CPython's wsgiref", "@tsgi/serve", "Why"],
    ...differences.map(({ what, python, ours, reason }) => [
      what,
      python,
      ours,
      reason,
    ]),
  ];
  const widths = rows[0]!.map((_, column) =>
    Math.max(...rows.map((row) => row[column]!.length))
  );
  rows.splice(1, 0, widths.map((width) => "-".repeat(width)));
  return rows.map((row) => {
    const cells = row.map((cell, column) => cell.padEnd(widths[column]!));
    return `| ${cells.join(" | ")} |\n`;
  }).join("");
}

/** Path and query of an absolute target (RFC 9112, section 3.2.2); null for another target. */
function of_absolute({ target }: ParityRequest): string | null {
  const [, url] = target.match(/^[a-z][a-z0-9+.-]*:\/\/(.*)$/i) ?? [];
  if (url === undefined) return null;
  const rest = url.replace(/^[^/?]*/, "");
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function unquoted(text: string): string {
  return text.replace(
    /%([0-9a-f]{2})/gi,
    (_, hex) => String.fromCharCode(parseInt(hex, 16)),
  );
}

/** A value without what `str.strip()` regards as whitespace. */
function stripped(value: string): string {
  return value.replace(/^[\s\x85]+|[\s\x85]+$/g, "");
}

/** The values of the headers whose environ key is `key`. */
function values_of(key: string, request: ParityRequest): string[] {
  return fields(request)
    .filter(({ name }) => variable(name) === key && !name.includes("_"))
    .map(({ value }) => value);
}

function declares_length({ call, generator = [] }: Script): boolean {
  return [...call, ...generator].some(([name, , headers]) =>
    name.startsWith("start") && /content-length/i.test(JSON.stringify(headers))
  );
}

/** Everything that the application does, with the blocks of a list as if yielded by a generator. */
function steps_of({ call, list = [], generator }: Script): Step[] {
  const blocks = list.map((block): Step => ["yield", block]);
  return [...call, ...(generator ?? blocks)];
}

/** Whether this step sends the headers: an empty block does not, an empty `write()` does. */
function sends_headers([name, block]: Step): boolean {
  if (typeof block !== "string") return false;
  return name === "write" || name === "yield" && block !== "";
}

/** Whether the application fails after the headers have been sent. */
function fails_late(script: Script): boolean {
  const steps = steps_of(script);
  const sent = steps.findIndex(sends_headers);
  return sent >= 0 && steps.slice(sent).some(is_failure);
}

function is_failure([name, block]: Step): boolean {
  if (name === "write" || name === "yield") return typeof block !== "string";
  return true; // Anything else comes too late.
}
