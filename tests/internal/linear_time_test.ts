/**
 * Nobody can send what takes longer than its length asks for: what reads a text of a client takes about as long for the
 * whole as for its pieces, whatever that is made of.
 */

import { assertEquals } from "@std/assert";
import { direct_way } from "../../_internal/request/direct.ts";
import { format_exception } from "../../_internal/handler/traceback.ts";
import { is_host } from "../../_internal/request/host.ts";
import { refused_with } from "../../_internal/request/malformed.ts";
import {
  add_headers,
  add_host,
  add_request_line,
  header_keys,
  request_target,
} from "../../_internal/request/request.ts";
import {
  complete,
  request_line,
  type Variables,
} from "../../_internal/request/variables.ts";
import { parse_length } from "../../_internal/streams/body.ts";
import { check_header } from "../../_internal/text/check.ts";
import { log_line } from "../../_internal/text/log.ts";
import { quote, unquote } from "../../_internal/text/quote.ts";
import { repr } from "../../_internal/text/repr.ts";
import { check_environ } from "../../_internal/validate/environ.ts";
import { html_page } from "../../cli/debug/debug_html.ts";
import { make_report } from "../../cli/debug/debug_report.ts";
import { text_page } from "../../cli/debug/debug_text.ts";
import { frames_of } from "../../cli/debug/source_lines.ts";
import { compile_format } from "../../cli/logs/access_format.ts";
import { parse_name_values } from "../../gateways/fastcgi/codec.ts";
import { from_fetch } from "../../gateways/fetch.ts";
import { parse_scgi_head } from "../../gateways/scgi/codec.ts";
import { parse_uwsgi_head } from "../../gateways/uwsgi/codec.ts";
import {
  limit_body,
  limit_request,
  mount_at,
  trust_forwarded,
} from "../../middleware/mod.ts";
import type { WSGIApplication, WSGIEnvironment } from "../../types.ts";
import {
  request_uri,
  setup_testing_defaults,
  shift_path_info,
} from "../../util.ts";
import { name_values } from "../gateways/fastcgi/records.ts";
import { scgi_head, uwsgi_head } from "../gateways/heads.ts";

// What reads a text that a client has sent

const ok: WSGIApplication = (_environ, start_response) => {
  start_response("200 OK", []);
  return [];
};

const start_response = () => () => Promise.resolve();

/** An environ in which every variable is the text that a client can set to any. */
function environ_of(text: string, more: Record<string, string> = {}) {
  const environ: Record<string, unknown> = {
    REMOTE_ADDR: "127.0.0.1",
    SCRIPT_NAME: "",
    PATH_INFO: `/${text}`,
    QUERY_STRING: text,
    REQUEST_URI: `/${text}?${text}`,
    CONTENT_TYPE: text,
    HTTP_USER_AGENT: text,
    HTTP_REFERER: text,
    ...more,
  };
  setup_testing_defaults(environ);
  return environ;
}

/** Asks a middleware. */
function ask(app: WSGIApplication, environ: WSGIEnvironment): void {
  app(environ, start_response);
}

/** What a proxy that is trusted hands on under one name. */
function forwarded(name: string, trusted: string, before = "") {
  const app = trust_forwarded(ok, { trusted });
  return (text: string) => ask(app, environ_of("", { [name]: before + text }));
}

/** A request as Deno makes it of a target, or of a host. */
function requested(url: string, headers: HeadersInit = {}): void {
  const request = { url, method: "GET", headers: new Headers(headers) };
  const environ: Record<string, unknown> = {};
  add_headers(environ, request as Request, header_keys({}));
  add_host(environ, request as Request, null);
  const target = request_target(request as Request);
  add_request_line(environ, request as Request, target);
}

/** Whether a text can be the value of a header. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

const formats = ["combined", "json"].map(compile_format);

/** A page of `--debug` about an error whose message holds what the client sent. */
function debug_page(text: string, headers: Record<string, string>): void {
  const error = new Error(`before\n    at ${text}\n    at after`);
  const report = make_report(error, environ_of(text, headers), {});
  text_page(report);
  html_page(report, "nonce");
}

const readers: Record<string, (text: string) => void> = {
  "Forwarded": forwarded("HTTP_FORWARDED", "127.0.0.1"),
  "Forwarded, behind an element": forwarded(
    "HTTP_FORWARDED",
    "*",
    "for=1.2.3.4;",
  ),
  "Forwarded, in quotes": forwarded("HTTP_FORWARDED", "*", 'for="'),
  "X-Forwarded-For": forwarded("HTTP_X_FORWARDED_FOR", "127.0.0.1"),
  "X-Forwarded-For of trusted hops": forwarded("HTTP_X_FORWARDED_FOR", "*"),
  "X-Forwarded-Host": forwarded("HTTP_X_FORWARDED_HOST", "*"),
  "X-Forwarded-Proto": forwarded("HTTP_X_FORWARDED_PROTO", "*"),
  "X-Forwarded-Port": forwarded("HTTP_X_FORWARDED_PORT", "*"),
  "the target": (text) => requested(`http://h/${text}`, { host: "h" }),
  "the authority": (text) => requested(`http://${text}`, { host: "h" }),
  "Host": is_host,
  "SERVER_NAME": (text) =>
    complete(environ_of("", { SERVER_NAME: `:${text}` })),
  "CONTENT_LENGTH": parse_length,
  "Transfer-Encoding": (text) =>
    refused_with(
      environ_of("", { HTTP_TRANSFER_ENCODING: text }) as WSGIEnvironment,
    ),
  "a header of a response": (text) => {
    if (VALUE.test(text)) check_header("X-Name", text);
  },
  "quote()": quote,
  "unquote()": unquote,
  "repr()": repr,
  "request_line()": (text) =>
    request_line(environ_of(text) as unknown as Variables),
  "a line of wsgiref's log": (text) => log_line("h", "now", text),
  "a line of the access log": (text) => {
    for (const format of formats) {
      const environ = environ_of(text, { HTTP_AUTHORIZATION: `Basic ${text}` });
      const answered = { environ, status: "200", size: 0, headers: null };
      format.line({ ...answered, started: 0 });
    }
  },
  "a stack in the error log": (text) => {
    const error = new Error(text);
    error.stack = `Error: ${text}\n    at ${text}`;
    format_exception(error, 1);
  },
  "a page of --debug": (text) => debug_page(text, {}),
  "the headers of a page of --debug": (text) =>
    debug_page("", { HTTP_ACCEPT: text, HTTP_AUTHORIZATION: text }),
  "a cookie of a page of --debug": (text) =>
    debug_page("", { HTTP_COOKIE: text }),
  "a stack in a page of --debug": (text) =>
    frames_of(`Error\n    at ${text}\n    at x (${text})`, "Error"),
  "validator": (text) => check_environ(environ_of(text), () => {}),
  "request_uri()": (text) => request_uri(environ_of(text)),
  "shift_path_info()": (text) => shift_path_info(environ_of(text)),
  "from_fetch()": (text) => {
    const environ = environ_of(text, { HTTP_HOST: text });
    if (VALUE.test(text)) ask(from_fetch(() => new Response()), environ);
  },
  "the URL of a request that is handed on": (text) => {
    for (const url of [`http://${text}/`, `http://h/${text}`]) {
      direct_way(from_fetch(() => new Response()), {
        method: "GET",
        url,
        headers: new Headers(VALUE.test(text) ? { host: text } : {}),
      } as Request);
    }
  },
  "limit_request()": (text) =>
    ask(
      limit_request(ok, { line: 1e9, fields: 1e9, field_size: 1e9 }),
      environ_of(text),
    ),
  "limit_body()": (text) =>
    ask(
      limit_body(ok, { max_size: 1 }),
      environ_of("", { CONTENT_LENGTH: text }),
    ),
  "--root-path": (text) =>
    ask(mount_at(ok, { script_name: "/a" }), environ_of(text)),
  "SCGI": (text) => {
    const pairs = [["CONTENT_LENGTH", "0"], ["NAME", text]] as const;
    parse_scgi_head(scgi_head(pairs), 1e9);
  },
  "uwsgi": (text) =>
    parse_uwsgi_head(uwsgi_head([["NAME", text.slice(0, 60_000)]]), 1e9),
  "FastCGI": (text) => parse_name_values(name_values([["NAME", text]])),
};

// What a client sends

/** What is repeated: each of these may be all of a text. */
const UNITS = [
  ...Array.from(" \ta0./\\\"'[(<>%:;,=&?#@+-_\n\x85"),
  ...["%41", "::", "a:1", "1.", "/..", "://", "//"],
  ...["a=;", "a=b;", ';="', '\\"', '",', "a, ", "a ;", "for=1.2.3.4, "],
  ...["key=", "token='", "://a@", "at ", " (", "/npm/a/", "q="],
];

/** What stands behind them, so that whoever has taken them all has taken them in vain. */
const ENDS = ["x", "\n"];

const LENGTH = 65536;

function text_of(unit: string, end: string, length: number): string {
  return unit.repeat(length / unit.length) + end;
}

// How long that takes

/** What takes no longer than this, in milliseconds, is left alone: what is quadratic takes a second for such a text. */
const SHORT = 200;
/**
 * Into how many pieces a text is cut, and how many times as long the whole may take as they do: what is quadratic takes
 * as many times as long as there are pieces. Of about the same length, both suffer alike from what else a machine does.
 */
const PIECES = 8;
const MOST = 3;
const TRIES = 5;

/** How long something takes, in milliseconds. */
function time(read: (text: string) => void, text: string, times = 1): number {
  const started = performance.now();
  for (let i = 0; i < times; i++) {
    try {
      read(text);
    } catch {
      // It is refused.
    }
  }
  return performance.now() - started;
}

/** What is wrong with a reader; null where nothing is. */
function fault(
  read: (text: string) => void,
  unit: string,
  end: string,
): string | null {
  const whole = text_of(unit, end, LENGTH);
  const piece = text_of(unit, end, LENGTH / PIECES);
  let long = Infinity;
  let short = Infinity;
  for (let tries = 0; tries < TRIES; tries++) {
    long = Math.min(long, time(read, whole));
    if (long < SHORT) return null;
    short = Math.min(short, time(read, piece, PIECES));
    if (long < MOST * short) return null;
  }
  const text = `${LENGTH} characters of ${JSON.stringify([unit, end])}`;
  return `${text} took ${long} ms, in ${PIECES} pieces ${short} ms`;
}

for (const [name, read] of Object.entries(readers)) {
  Deno.test(`the time of a text grows no faster than its length: ${name}`, () => {
    for (const unit of UNITS) {
      for (const end of ENDS) assertEquals(fault(read, unit, end), null);
    }
  });
}
