/** In what this package differs from CPython's wsgiref: on purpose, or because the platform leaves no choice. */

import { STATUS_TEXT } from "@std/http/status";
import { bytes } from "../support.ts";
import type { Script, Step } from "./application.ts";
import { dechunk, has_no_body, type Observation } from "./observation.ts";
import { fields, type ParityRequest, variable } from "./request.ts";

/** A difference, in words and in what it does to the comparison. */
export interface Difference {
  /** What is different. */
  what: string;
  /** How CPython has it. */
  python: string;
  /** How it is here. */
  ours: string;
  /** Why it is not the same. */
  reason: string;
  /**
   * Turns what CPython made of `request` into what is expected here. Does nothing where the difference
   * does not show.
   */
  mend?(seen: Observation, request: ParityRequest): void;
  /** The same for the environ alone; only where the answer tells what the application saw. */
  mend_environ?(environ: Environ, request: ParityRequest): void;
}

/** The statuses that say themselves that there is no body. */
const BODILESS = [204, 205, 304];

type Environ = Observation["environ"];

/** All differences, in the order in which they are applied. */
export const differences: readonly Difference[] = [
  {
    what: "`REQUEST_URI`",
    python: "not set",
    ours: "the request target as it was sent",
    reason: "PATH_INFO does not tell an encoded slash from a slash",
    mend_environ(environ, { target }) {
      environ.REQUEST_URI = target;
    },
  },
  {
    what: "`wsgi.input_terminated`",
    python: "not set",
    ours: "true",
    reason:
      "wsgi.input ends where the body ends: an application can rely on it",
    mend_environ(environ) {
      environ["wsgi.input_terminated"] = true;
    },
  },
  {
    what: "`SERVER_PROTOCOL`",
    python: "the version that was sent",
    ours: "always HTTP/1.1",
    reason: "Deno.serve does not tell the version",
    mend_environ(environ) {
      environ.SERVER_PROTOCOL = "HTTP/1.1";
    },
  },
  {
    what: "the target of `OPTIONS *`",
    python: "`*`",
    ours: "`/*`",
    reason: "Deno.serve gives a URL, in which it is a path",
    mend_environ(environ, { target }) {
      if (target !== "*") return;
      environ.PATH_INFO = "/*";
      environ.REQUEST_URI &&= "/*";
    },
  },
  {
    what: "an absolute target: `GET http://host/path`",
    python: "all of it is PATH_INFO",
    ours: "its path and query",
    reason: "Deno.serve gives the same URL as for `GET /path` of that host",
    mend_environ(environ, { target }) {
      const path_and_query = of_absolute(target);
      if (path_and_query === null) return;
      const [path] = path_and_query.replace(/^\/+/, "/").split("?");
      environ.PATH_INFO = unquoted(path!);
      environ.REQUEST_URI &&= path_and_query;
    },
  },
  {
    what: "a raw byte above 0x7F in the target that is no UTF-8",
    python: "taken as it is",
    ours: "400 Bad Request",
    reason: "Deno.serve refuses it",
    mend(seen, { target }) {
      if (!is_utf8(target)) Object.assign(seen, refused());
    },
  },
  {
    what: "a request header with an underscore in its name",
    python: "taken for the one with a hyphen",
    ours: "left out",
    reason: "it could pass for a header that a proxy vouches for",
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
      "whoever takes HTTP_PROXY for a setting would follow the client (httpoxy)",
    mend_environ(environ) {
      delete environ.HTTP_PROXY;
    },
  },
  {
    what: "a repeated request header",
    python: "joined by `,`; of Content-Type the first",
    ours: "joined by `, `",
    reason: "Deno.serve gives it joined, and a comma may be part of a value",
    mend_environ(environ, request) {
      for (const key in environ) {
        const values = values_of(key, request);
        if (environ[key] !== values.join(",")) continue;
        environ[key] = values.join(", ");
      }
      const types = fields(request)
        .filter(({ name }) => name.toLowerCase() === "content-type")
        .map(({ value }) => value);
      if (types.length > 1) environ.CONTENT_TYPE = types.join(", ");
    },
  },
  {
    what: "a repeated `Cookie`",
    python: "joined by `,`",
    ours: "joined by `; `",
    reason: "Deno.serve gives it joined, as RFC 9113 (section 8.2.3) has it",
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
    python: "is not understood, and empty",
    ours: "can be read",
    reason: "HTTP/1.1 asks for it (RFC 9112, section 7.1)",
    mend(seen, { method, body }) {
      if (method === "GET" || method === "HEAD") return;
      if (seen.environ.HTTP_TRANSFER_ENCODING) seen.input = dechunk(body);
    },
  },
  {
    what: "the reason phrase",
    python: "that of the application",
    ours: "the standard one of the status, or none",
    reason: "Deno.serve sends no other",
    mend(seen) {
      const standard: Record<number, string> = STATUS_TEXT;
      seen.reason = standard[seen.status] ?? "";
    },
  },
  {
    what: "a status of 1xx",
    python: "is sent",
    ours: "is an error of the application",
    reason: "the client would go on waiting for the answer",
    mend(seen) {
      if (seen.status >= 100 && seen.status < 200) {
        Object.assign(seen, failed());
      }
    },
  },
  {
    what: "the answer to a HEAD, and 204, 205 and 304",
    python: "with the body that the application gives, and its length",
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
    what: "an error after the headers",
    python: "ends the response",
    ours: "breaks the connection off",
    reason: "half a response must not pass for a whole one",
    mend(seen, { method, script }) {
      if (!script || has_no_body(method, seen.status)) return;
      if (fails_late(script)) seen.complete = false;
    },
  },
];

/** What CPython made of `request`, as it is expected here. */
export function mended(
  seen: Observation,
  request: ParityRequest,
  rows: readonly Difference[] = differences,
): Observation {
  const expected = structuredClone(seen);
  for (const row of rows) {
    row.mend?.(expected, request);
    // Empty where the application did not say what it saw.
    if (Object.keys(expected.environ).length === 0) continue;
    row.mend_environ?.(expected.environ, request);
  }
  return expected;
}

/** Path and query of an absolute target (RFC 9112, section 3.2.2); null for another. */
function of_absolute(target: string): string | null {
  const [, rest] = target.match(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*(.*)$/i) ?? [];
  if (rest === undefined) return null;
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function unquoted(text: string): string {
  return text.replace(
    /%([0-9a-f]{2})/gi,
    (_, hex) => String.fromCharCode(parseInt(hex, 16)),
  );
}

function is_utf8(native: string): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes(native));
    return true;
  } catch {
    return false;
  }
}

/** The values of the headers that the environ here has as `key`. */
function values_of(key: string, request: ParityRequest): string[] {
  return fields(request)
    .filter(({ name }) => variable(name) === key && !name.includes("_"))
    .map(({ value }) => value);
}

/** What Deno.serve answers to a request that it does not take. */
function refused(): Observation {
  return {
    status: 400,
    reason: "Bad Request",
    headers: { "content-length": ["0"], date: ["(now)"] },
    body: "",
    complete: true,
    environ: {},
    input: "",
  };
}

/** What both answer in the place of an application that failed. */
function failed(): Observation {
  const body = "A server error occurred.  Please contact the administrator.";
  return {
    ...refused(),
    status: 500,
    reason: "Internal Server Error",
    headers: {
      "content-type": ["text/plain"],
      "content-length": [String(body.length)],
      date: ["(now)"],
      server: ["WSGIServer/0.2"],
    },
    body,
  };
}

function declares_length({ call, generator = [] }: Script): boolean {
  return [...call, ...generator].some(([name, , headers]) =>
    name.startsWith("start") && /content-length/i.test(JSON.stringify(headers))
  );
}

/** Whether the application fails when a part of the body has gone out already. */
function fails_late(script: Script): boolean {
  const { call, list = [], generator } = script;
  const blocks = list.map((block): Step => ["yield", block]);
  const steps = [...call, ...(generator ?? blocks)];
  const sent = steps.findIndex(([name, block]) =>
    (name === "write" || name === "yield") && block !== "" &&
    typeof block === "string"
  );
  return sent >= 0 && steps.slice(sent).some(is_failure);
}

function is_failure([name, block]: Step): boolean {
  if (name === "write" || name === "yield") return typeof block !== "string";
  return true; // Whatever else is done now comes too late.
}
