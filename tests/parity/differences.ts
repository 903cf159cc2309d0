/** In what this package differs from CPython's wsgiref on purpose, or because the platform leaves no choice. */

import { STATUS_TEXT } from "@std/http/status";
import { bytes } from "../support.ts";
import { dechunk, has_no_body, type Observation } from "./observation.ts";
import { fields, type ParityRequest, variable } from "./request.ts";

/** A difference, and what it does to the answer to a request. */
export interface Difference {
  /** What is different. */
  what: string;
  /** How CPython has it. */
  python: string;
  /** How it is here. */
  ours: string;
  /** Why it is not the same. */
  reason: string;
  /** Turns what CPython makes of `request` into what is expected here; leaves what the difference does not concern. */
  mend(seen: Observation, request: ParityRequest): void;
}

/**
 * All differences. They are applied in this order to what CPython did; the result is compared with what this
 * package did, and has to be the same in everything.
 */
export const differences: readonly Difference[] = [
  {
    what: "`REQUEST_URI`",
    python: "not set",
    ours: "the request target, undecoded",
    reason: "`PATH_INFO` cannot tell an encoded slash from a slash",
    mend({ environ }, { target }) {
      environ.REQUEST_URI = target;
    },
  },
  {
    what: "`wsgi.input_terminated`",
    python: "not set",
    ours: "`true`",
    reason:
      "`wsgi.input` ends where the body ends, and an application may rely on it",
    mend({ environ }) {
      environ["wsgi.input_terminated"] = true;
    },
  },
  {
    what: "`SERVER_PROTOCOL`",
    python: "the version of the request",
    ours: "always `HTTP/1.1`",
    reason: "`Deno.serve` does not tell HTTP/1.0 from HTTP/1.1",
    mend({ environ }) {
      environ.SERVER_PROTOCOL = "HTTP/1.1";
    },
  },
  {
    what: "The target of `OPTIONS *`",
    python: "`*`",
    ours: "`/*`",
    reason: "`Deno.serve` gives requests a URL, and puts it there as a path",
    mend({ environ }, { target }) {
      if (target !== "*") return;
      environ.PATH_INFO = "/*";
      environ.REQUEST_URI &&= "/*";
    },
  },
  {
    what: "An absolute target, `GET http://host/path`",
    python: "`PATH_INFO` begins with `http://host`",
    ours: "only path and query count",
    reason:
      "what was left out cannot be told from the Host header, and is none of the path (RFC 9112, section 3.2.2)",
    mend({ environ }, { target }) {
      const [, path] = target.match(/^[a-z]+:\/\/[^/?]*(.*)$/i) ?? [];
      if (path === undefined) return;
      const rest = path.startsWith("/") ? path : `/${path}`;
      const [raw_path = ""] = rest.replace(/^\/+/, "/").split("?");
      environ.PATH_INFO = unquoted(raw_path);
      environ.REQUEST_URI &&= rest;
    },
  },
  {
    what: "A raw byte above 0x7F in the target, not UTF-8",
    python: "taken as it is",
    ours: "400 Bad Request",
    reason: "`Deno.serve` refuses it before it gets here",
    mend(seen, { target }) {
      if (is_utf8(target)) return;
      Object.assign(seen, REFUSED);
    },
  },
  {
    what: "A request header with an underscore in its name",
    python: "as if it were a hyphen",
    ours: "left out",
    reason: "one that a proxy lets through could pass for another header",
    mend({ environ }, request) {
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
    what: "The request header `Proxy`",
    python: "`HTTP_PROXY`",
    ours: "left out",
    reason:
      "it would set the proxy of whatever reads the environment (httpoxy, CVE-2016-5385)",
    mend({ environ }) {
      delete environ.HTTP_PROXY;
    },
  },
  {
    what: "A request header that is sent several times",
    python: "joined by `,`; of `Content-Type` the first",
    ours: "joined by `, `",
    reason:
      "`Deno.serve` joins them, and a comma may belong to a value: they cannot be parted again",
    mend({ environ }, request) {
      for (const key in environ) {
        const values = values_of(key, request);
        if (values.length > 1) environ[key] = values.join(", ");
      }
      const types = fields(request).filter(({ name }) =>
        name.toLowerCase() === "content-type"
      );
      if (types.length > 1) {
        environ.CONTENT_TYPE = types.map(({ value }) => value).join(", ");
      }
    },
  },
  {
    what: "`Cookie`, sent several times",
    python: "joined by `,`",
    ours: "joined by `; `",
    reason:
      "`Deno.serve` joins them so; a comma would not part cookies (RFC 9113, section 8.2.3)",
    mend({ environ }, request) {
      const values = values_of("HTTP_COOKIE", request);
      if (values.length > 1) environ.HTTP_COOKIE = values.join("; ");
    },
  },
  {
    what: "The body of a GET or HEAD",
    python: "can be read",
    ours: "empty",
    reason: "a `Request` of these methods has none (Fetch standard)",
    mend(seen, { method }) {
      if (method === "GET" || method === "HEAD") seen.input = "";
    },
  },
  {
    what: "A chunked request body",
    python: "not understood, so it is empty",
    ours: "can be read to its end",
    reason: "HTTP/1.1 asks for it (RFC 9112, section 7.1)",
    mend(seen, request) {
      const { method, body } = request;
      if (method === "GET" || method === "HEAD") return;
      if ("HTTP_TRANSFER_ENCODING" in seen.environ) seen.input = dechunk(body);
    },
  },
  {
    what: "The reason phrase",
    python: "as the application gave it",
    ours: "the standard one of the status",
    reason: "`Deno.serve` sends no other",
    mend(seen) {
      const standard: Record<number, string> = STATUS_TEXT;
      seen.reason = standard[seen.status] ?? seen.reason;
    },
  },
  {
    what: "The answer to a HEAD, and a 204, 205 or 304",
    python: "with the body and the length that the application's result has",
    ours: "without a body, and without a length unless it is that of a GET",
    reason: "they have none (RFC 9110, sections 9.3.2 and 15)",
    mend(seen, { method, script }) {
      const { status, headers } = seen;
      if (!has_no_body(method, status) && status !== 205) return;
      seen.body = "";
    },
  },
  {
    what: "A status of 1xx",
    python: "sent",
    ours: "an error of the application",
    reason: "it announces the answer, and there is none after it",
    mend(seen) {
      if (seen.status < 100 || seen.status > 199) return;
      Object.assign(seen, FAILED);
    },
  },
  {
    what: "An error after the headers",
    python: "the response just ends",
    ours: "the connection is broken off",
    reason: "a client must not take half an answer for a whole one",
    mend(seen, { script }) {
    },
  },
];
