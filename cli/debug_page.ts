/**
 * The error page of `--debug`: what went wrong, where, and in which request, for the person who writes the application.
 *
 * It tells more than a stranger may know, so a server that shows it must be out of reach of strangers: see
 * `is_loopback`. Beside that, what may be secret is masked, see `SECRET_WORDS` and `Mask`, and what the environ has of
 * the variables of the process is left out.
 */

import { stripVTControlCharacters } from "node:util";
import { hostname_of, type ServerAddress } from "../_internal/address.ts";
import type { BaseHandler } from "../_internal/base_handler.ts";
import { encode_latin1 } from "../_internal/bytes.ts";
import { describe } from "../_internal/check.ts";
import { process_environ } from "../_internal/process_environ.ts";
import { repr } from "../_internal/repr.ts";
import config from "../deno.json" with { type: "json" };
import { request_line } from "../gateways/gateway_server.ts";
import type { Variables } from "../gateways/variables.ts";
import type {
  HeaderList,
  StartResponse,
  WSGIEnvironment,
  WSGIResult,
} from "../types.ts";
import { contains, read_ip, read_range } from "./ip_address.ts";
import {
  type Frame,
  frames_of,
  type Owner,
  type SourceLine,
} from "./source_lines.ts";

/** A class of handlers. TypeScript takes a class for a mixin by this signature only. */
// deno-lint-ignore no-explicit-any
export type HandlerClass = new (...args: any[]) => BaseHandler;

/**
 * The subclass of a handler class whose `error_output` gives a page that shows the error: as HTML, or as plain text to
 * a client that does not ask for HTML. Where the page cannot be made, that is logged, and the client gets the page of
 * `Base`.
 */
export function debug_handler<Class extends HandlerClass>(Base: Class): Class {
  return class extends Base {
    override error_output(
      environ: WSGIEnvironment,
      start_response: StartResponse,
    ): WSGIResult | Promise<WSGIResult> {
      let page;
      try {
        page = make_page(this.exc_info, environ, this.os_environ);
      } catch (failure) {
        attempt(() => this.log_exception(failure), undefined);
        return super.error_output(environ, start_response);
      }
      start_response(this.error_status, page.headers, this.exc_info);
      return [page.body];
    }
  };
}

const LOOPBACK = ["127.0.0.0/8", "::1"].map((text) => read_range(text)!);

/** Whether only this machine reaches a server that listens at `address`. A Unix socket is there for a web server, which others reach. */
export function is_loopback(address: ServerAddress): boolean {
  if (typeof address === "string") return false;
  const host = hostname_of(address[0]);
  if (host.toLowerCase() === "localhost") return true;
  const ip = read_ip(host);
  return ip !== null && LOOPBACK.some((range) => contains(range, ip));
}

interface Page {
  headers: HeaderList;
  body: Uint8Array;
}

function make_page(
  error: unknown,
  environ: WSGIEnvironment | null,
  os_environ: Variables,
): Page {
  const report = make_report(error, environ ?? {}, os_environ);
  // No script runs, nothing is fetched, and what is not escaped by mistake cannot even look different.
  const nonce = crypto.randomUUID();
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  const as_html = wants_html(get(environ, "HTTP_ACCEPT"));
  const text = as_html ? html_page(report, nonce).text : text_page(report);
  return {
    headers: [
      ["Content-Type", `text/${as_html ? "html" : "plain"}; charset=utf-8`],
      ["Cache-Control", "no-store"],
      ["Content-Security-Policy", policy],
      ["X-Content-Type-Options", "nosniff"],
    ],
    body: new TextEncoder().encode(text),
  };
}

/** Whether an Accept header names HTML, and no other text before it. */
function wants_html(accept: unknown): boolean {
  if (typeof accept !== "string") return false;
  const weights: Record<string, number> = {};
  for (const range of accept.toLowerCase().split(",")) {
    const [type, ...parameters] = range.split(";").map((part) => part.trim());
    const q = parameters.find((parameter) => parameter.startsWith("q="));
    weights[type!] = q ? Number(q.slice(2)) || 0 : 1;
  }
  const { "text/html": html = 0, "text/plain": plain = 0 } = weights;
  return html > 0 && html >= plain;
}

/** What `make` gives, or `otherwise` where it throws: what an application throws may be anything. */
function attempt<Result>(make: () => Result, otherwise: Result): Result {
  try {
    return make();
  } catch {
    return otherwise;
  }
}

// What the page tells

/** What both forms of the page show: secrets masked, nothing in it that a terminal obeys, not yet escaped. */
interface Report {
  /** The request line. */
  request: string;
  /** The error, and what belongs to it. */
  errors: ErrorReport[];
  environ: Row[];
  /** How many variables are left out. */
  left_out: number;
}

/** A name and its value. */
type Row = [name: string, value: string];

interface ErrorReport {
  /** How it belongs to the error before it; `""` for the first. */
  relation: string;
  /** In how many others it is. */
  depth: number;
  name: string;
  message: string;
  /** What the error has beside name and message. */
  properties: Row[];
  frames: Frame[];
}

/** What is shown at most: errors, and properties of each; characters of a message, of a variable, and of a name or property. */
const MOST_ERRORS = 20;
const MOST_PROPERTIES = 20;
const LONGEST_MESSAGE = 4000;
const LONGEST_VALUE = 1000;
const LONGEST_NAME = 300;

function make_report(
  error: unknown,
  environ: Record<string, unknown>,
  os_environ: Variables,
): Report {
  const mask = new Mask(environ, process_environ());
  const names = attempt(() => Object.keys(environ), []).sort();
  const shown = names
    .filter((name) => !is_of_process(name, get(environ, name), os_environ));
  const line = attempt(() => request_line(environ as Variables), "");
  return {
    request: mask.text(line, LONGEST_VALUE),
    errors: Array.from(reports_of(error, mask)),
    environ: shown.map((name) => row(name, get(environ, name), mask)),
    left_out: names.length - shown.length,
  };
}

/** What a web server puts into the environment of a CGI script (RFC 3875, section 4.1, and what is usual beside it). */
const CGI_VARIABLES = words(`
  AUTH_TYPE CONTENT_LENGTH CONTENT_TYPE DOCUMENT_ROOT GATEWAY_INTERFACE HTTPS PATH_INFO PATH_TRANSLATED QUERY_STRING
  REMOTE_ADDR REMOTE_HOST REMOTE_PORT REMOTE_USER REQUEST_METHOD REQUEST_SCHEME REQUEST_URI SCRIPT_FILENAME
  SCRIPT_NAME SERVER_ADDR SERVER_NAME SERVER_PORT SERVER_PROTOCOL SERVER_SOFTWARE
`);

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

/**
 * Whether a variable came from the environment of the process and not with the request. That of a CGI script has both:
 * what begins with HTTP_ came with the request there.
 */
function is_of_process(
  name: string,
  value: unknown,
  os_environ: Variables,
): boolean {
  if (CGI_VARIABLES.includes(name)) return false;
  const process = process_environ();
  if (process[name] !== value && os_environ[name] !== value) return false;
  return !("GATEWAY_INTERFACE" in process && name.startsWith("HTTP_"));
}

function row(
  name: string,
  value: unknown,
  mask: Mask,
  limit = LONGEST_VALUE,
): Row {
  const shown_name = mask.text(native(name), LONGEST_NAME);
  if (is_secret(name) && value !== "") return [shown_name, MASKED];
  return [shown_name, show(value, mask, limit)];
}

/** A value as demo_app shows it. */
function show(value: unknown, mask: Mask, limit: number): string {
  return typeof value === "string"
    ? repr(mask.text(native(value), limit))
    : mask.text(attempt(() => repr(value), UNSHOWABLE), limit);
}

const UNSHOWABLE = "(it cannot be shown)";

/** A native string with the text that its bytes are, where they are UTF-8. */
function native(text: string): string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return attempt(() => decoder.decode(encode_latin1(text)), text);
}

/** A property; undefined where reading it throws. */
function get(object: unknown, key: string): unknown {
  return attempt(() => (object as Record<string, unknown>)[key], undefined);
}

/** An error, the errors that it is made of, and the chain of its causes. */
function* reports_of(
  error: unknown,
  mask: Mask,
  relation = "",
  depth = 0,
  seen: unknown[] = [],
): Generator<ErrorReport> {
  const is_loop = is_object(error) && seen.includes(error);
  if (is_loop || seen.length === MOST_ERRORS) return;
  seen.push(error);
  const report = is_error(error)
    ? error_report(error, mask)
    : other_report(error);
  yield {
    relation,
    depth,
    ...report,
    name: mask.text(report.name, LONGEST_NAME),
    // Deno colours some of its messages.
    message: mask.text(
      stripVTControlCharacters(report.message),
      LONGEST_MESSAGE,
    ),
  };
  for (const [member, place] of members_of(error)) {
    yield* reports_of(member, mask, place, depth + 1, seen);
  }
  const cause = is_error(error) ? get(error, "cause") : undefined;
  if (cause !== undefined) {
    yield* reports_of(cause, mask, "Caused by", depth, seen);
  }
}

function is_object(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

/** Whether a value is an error, of whatever realm. */
function is_error(value: unknown): boolean {
  return attempt(() => value instanceof Error, false) ||
    is_object(value) && typeof get(value, "stack") === "string";
}

/** What an `AggregateError` or a `SuppressedError` holds, each with how it does. */
function members_of(error: unknown): [unknown, string][] {
  if (!is_error(error)) return [];
  const errors = get(error, "errors");
  if (Array.isArray(errors)) {
    const count = errors.length;
    return errors.slice(0, MOST_ERRORS)
      .map((member, index) => [member, `Error ${index + 1} of ${count}`]);
  }
  if (!attempt(() => error instanceof SuppressedError, false)) return [];
  return [
    [get(error, "error"), "While something was disposed of"],
    [get(error, "suppressed"), "Before that"],
  ];
}

type OwnReport = Omit<ErrorReport, "relation" | "depth">;

function error_report(error: unknown, mask: Mask): OwnReport {
  const message = attempt(() => `${get(error, "message") ?? ""}`, UNSHOWABLE);
  const stack = get(error, "stack");
  const frames = typeof stack === "string" ? frames_of(stack, message) : [];
  return {
    name: class_of(error),
    message,
    properties: properties_of(error, mask),
    frames: frames.map((frame) => masked_frame(frame, mask)),
  };
}

/** The name of an error, or that of its class where it has been given none. */
function class_of(error: unknown): string {
  const name = get(error, "name");
  if (typeof name === "string" && name && name !== "Error") return name;
  const class_name = get(get(error, "constructor"), "name");
  return typeof class_name === "string" && class_name ? class_name : "Error";
}

/** What every error has, and where it is shown otherwise. */
const USUAL_PROPERTIES = words(
  "name message stack cause errors error suppressed",
);

function properties_of(error: unknown, mask: Mask): Row[] {
  return attempt(() => Object.keys(error as object), [])
    .filter((name) => !USUAL_PROPERTIES.includes(name))
    .slice(0, MOST_PROPERTIES)
    .map((name) => row(name, get(error, name), mask, LONGEST_NAME));
}

function masked_frame(frame: Frame, mask: Mask): Frame {
  return {
    ...frame,
    name: mask.text(frame.name, LONGEST_NAME),
    place: mask.text(frame.place, LONGEST_VALUE),
    source: frame.source.map((line) => {
      const text = mask.source(line.text);
      return { ...line, text, mark: text === line.text ? line.mark : null };
    }),
  };
}

/** What was thrown that is no error. */
function other_report(value: unknown): OwnReport {
  const is_primitive = Object(value) !== value;
  const what = is_primitive && value !== null && value !== undefined
    ? `a ${typeof value}`
    : attempt(() => describe(value), "an object");
  return {
    name: `Not an error, but ${what}`,
    message: typeof value === "string"
      ? value
      : attempt(() => Deno.inspect(value), UNSHOWABLE),
    properties: [],
    frames: [],
  };
}

/** What is left out, and why all the rest is there. */
function footnote({ left_out }: Report): string {
  const variables = left_out === 1 ? "variable" : "variables";
  return `This page is shown because of --debug, by ${config.name} ` +
    `${config.version} on Deno ${Deno.version.deno}. ` +
    `${MASKED} stands for what may be secret.` +
    (left_out > 0
      ? ` Left out: ${left_out} ${variables} of the server's process.`
      : "");
}

// What may be secret

/** What stands for a secret, however long that is. */
const MASKED = "********";

/**
 * What the name of a secret has in it, in capitals or not: of a variable, of a property, of a field in a query, of a
 * constant in the source.
 */
const SECRET_WORDS = words(`
  AUTH BEARER CONNECTION_STRING COOKIE CREDENTIAL CSRF DATABASE_URL DSN JWT KEY PASS PRIVATE PWD SALT SECRET SESSION
  SIGNATURE TOKEN XSRF
`).join("|");

/** Names that have such a word and tell nothing: the working folder, and how a user was authenticated. */
const NO_SECRETS = ["AUTH_TYPE", "OLDPWD", "PWD"];

const SECRET_NAME = new RegExp(SECRET_WORDS, "i");

function is_secret(name: string): boolean {
  return SECRET_NAME.test(name) && !NO_SECRETS.includes(name);
}

/** The name of a secret in a text; looked for in a time that grows with the text and no faster. */
const IDENTIFIER = `(?<![\\w.%-])(?=[\\w.%-]*(?:${SECRET_WORDS}))[\\w.%-]+`;

/** A name and a literal: `password = "x"`, `{ "password": "x" }`, `token !== 'x'`, `["X-Api-Key", "x"]`. */
const LITERAL = new RegExp(
  `(${IDENTIFIER}(?:["'\`\\]]*\\s*[:=!]=*>?|["'\`]\\s*,)\\s*)` +
    `(?:"(?:[^"\\\\\n]|\\\\.)*"|'(?:[^'\\\\\n]|\\\\.)*'|\`[^\`\n]*\`|\\d+)`,
  "gi",
);

/** A field of a query, a cookie or a connection string. */
const FIELD = new RegExp(`(${IDENTIFIER}=)[^\\s&;,"'<>]+`, "gi");

/** User and password in a URL. */
const USERINFO = /(?<=:\/\/)[^\s/?#"'<>]*@/g;

/** From how many characters on a secret is looked for everywhere: a shorter one could be any word. */
const SHORTEST_SECRET = 8;

/** Beyond this many characters of a text nothing is looked for, nor shown. */
const LOOKED_AT = 20_000;

/** Masks what may be secret in any text: what follows a secret's name, users in URLs, and the secrets of this request and this process. */
class Mask {
  #secrets: string[];

  /** Takes the secrets from variables with the names of such. */
  constructor(...sources: Record<string, unknown>[]) {
    const secrets = new Set<string>();
    for (const source of sources) {
      for (const name of attempt(() => Object.keys(source), [])) {
        const value = get(source, name);
        if (typeof value !== "string" || !is_secret(name)) continue;
        for (const secret of secrets_of(name, value)) {
          if (secret.length < SHORTEST_SECRET) continue;
          secrets.add(secret).add(native(secret));
        }
      }
    }
    // One may be a part of another.
    this.#secrets = Array.from(secrets).sort((a, b) => b.length - a.length);
  }

  /** `text`, at most `limit` characters of it. */
  text(text: string, limit: number): string {
    const masked = this.source(text).replace(FIELD, `$1${MASKED}`);
    const left_out = masked.length - limit;
    return left_out > 0 ? `${masked.slice(0, limit)}…` : masked;
  }

  /** A line of source, where a name and a value without quotes are code. */
  source(line: string): string {
    let masked = line;
    for (const secret of this.#secrets) {
      masked = masked.replaceAll(secret, MASKED);
    }
    return masked.slice(0, LOOKED_AT)
      .replace(USERINFO, `${MASKED}@`)
      .replace(LITERAL, `$1${MASKED}`);
  }
}

/** What is secret in a variable: all of it, and each cookie, and each part of an `Authorization`. */
function* secrets_of(name: string, value: string): Generator<string> {
  yield value;
  if (!/COOKIE|AUTHORIZATION/i.test(name)) return;
  for (const part of value.split(/[;,\s]+/)) {
    yield part;
    yield part.slice(part.indexOf("=") + 1).replace(/^"|"$/g, "");
    const [, password = ""] = attempt(() => atob(part), "").match(/:(.*)/s) ??
      [];
    yield password;
  }
}

// As text

/** What a terminal obeys, and what turns the direction of text around; lines and tabs stay. */
const CONTROLS =
  // deno-lint-ignore no-control-regex
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function without_controls(text: string): string {
  return text.replace(
    CONTROLS,
    (char) => `\\u{${char.charCodeAt(0).toString(16)}}`,
  );
}

function text_page(report: Report): string {
  const parts = [
    ...report.errors.map(text_error),
    `Request: ${report.request}`,
    report.environ.map(([name, value]) => `${name} = ${value}`).join("\n"),
    footnote(report),
  ];
  return without_controls(`${parts.join("\n\n")}\n`);
}

function text_error(error: ErrorReport): string {
  const { relation, depth, name, message, properties, frames } = error;
  const lines = [
    `${relation && `${relation}: `}${name}: ${message}`,
    ...properties.map(([name, value]) => `  ${name} = ${value}`),
    ...frames.flatMap(text_frame),
  ];
  return lines.join("\n").replace(/^(?=.)/gm, "    ".repeat(depth));
}

function text_frame({ name, place, source }: Frame): string[] {
  const head = name ? `  at ${name} (${place})` : `  at ${place}`;
  const width = String(source.at(-1)?.number ?? "").length;
  return [
    head,
    ...source.map(({ number, text, is_here }) => {
      const here = is_here ? ">" : " ";
      return `    ${here} ${String(number).padStart(width)} | ${text}`
        .trimEnd();
    }),
  ];
}

// As HTML

/** Text that is HTML already. */
class Markup {
  constructor(readonly text: string) {}
}

type Content = string | number | Markup | Content[];

/** HTML in which everything is escaped that is put into it, unless it is `Markup`. */
function markup(parts: TemplateStringsArray, ...contents: Content[]): Markup {
  let text = parts[0]!;
  contents.forEach((content, index) => {
    text += escaped(content) + parts[index + 1]!;
  });
  return new Markup(text);
}

function escaped(content: Content): string {
  if (content instanceof Markup) return content.text;
  if (Array.isArray(content)) return content.map(escaped).join("");
  return without_controls(String(content))
    .replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

function html_page(report: Report, nonce: string): Markup {
  const [{ name, message }] = report.errors as [ErrorReport];
  const title = `${name}: ${message}`.slice(0, 100);
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style nonce="${nonce}">${new Markup(STYLE)}</style>
</head>
<body>
<header>${report.request}</header>
<main>
${report.errors.map(html_error)}<section>
<h2>Request</h2>
${html_rows(report.environ)}</section>
</main>
<footer>${footnote(report)}</footer>
</body>
</html>
`;
}

function html_error(error: ErrorReport): Markup {
  const { relation, depth, name, message, properties, frames } = error;
  const heading = relation
    ? markup`<h2>${relation}: <span>${name}</span></h2>`
    : markup`<h1>${name}</h1>`;
  const long = message.length > 160 || message.includes("\n") ? " long" : "";
  const open_frames = relation ? 1 : OPEN_FRAMES;
  return markup`<section class="depth-${Math.min(depth, 3)}">
${heading}
<p class="message${long}">${message}</p>
${html_rows(properties)}${html_frames(frames, open_frames)}</section>
`;
}

function html_rows(rows: Row[]): Content {
  const lines = rows.map(([name, value]) => {
    const quiet = value === MASKED ? markup` class="masked"` : "";
    return markup`<tr><th scope="row">${name}</th><td${quiet}>${value}</td></tr>
`;
  });
  return rows.length === 0 ? "" : markup`<table>
${lines}</table>
`;
}

/** How many frames of the application show their source at first: those of an error that belongs to another are much the same. */
const OPEN_FRAMES = 3;

/** The frames, those between two of the application's together. */
function html_frames(frames: Frame[], open_frames: number): Markup[] {
  const is_own = ({ owner }: Frame) => owner === "application";
  const groups: [Frame, ...Frame[]][] = [];
  for (const frame of frames) {
    const last = groups.at(-1);
    if (last && !is_own(frame) && !is_own(last[0])) last.push(frame);
    else groups.push([frame]);
  }
  const own = frames.filter(is_own);
  return groups.map((group) =>
    is_own(group[0])
      ? html_frame(group[0], own.indexOf(group[0]) < open_frames)
      : html_others(group, own.length === 0)
  );
}

const OWNERS: Record<Owner, string> = {
  application: "the application",
  package: config.name,
  library: "libraries",
  platform: "Deno",
};

function html_others(frames: Frame[], open: boolean): Markup {
  const owners = new Set(frames.map(({ owner }) => OWNERS[owner]));
  const count = frames.length === 1 ? "1 frame" : `${frames.length} frames`;
  const items = frames.map((frame) =>
    markup`<li>${html_head(frame)}</li>
`
  );
  return markup`<details class="others"${open ? OPEN : ""}>
<summary>${count} of ${Array.from(owners).join(" and ")}</summary>
<ul>
${items}</ul>
</details>
`;
}

const OPEN = new Markup(" open");

function html_frame(frame: Frame, open: boolean): Markup {
  const head = html_head(frame);
  const [first] = frame.source;
  if (!first) {
    return markup`<p class="frame">${head}</p>
`;
  }
  return markup`<details class="frame"${open ? OPEN : ""}>
<summary>${head}</summary>
<ol start="${first.number}">
${frame.source.map(html_line)}</ol>
</details>
`;
}

function html_head({ name, place }: Frame): Markup {
  const code = markup`<code>${name || "(anonymous)"}</code>`;
  return markup`${code} <span class="place">${place}</span>`;
}

function html_line({ text, is_here, mark }: SourceLine): Markup {
  const [begin, end] = mark ?? [0, 0];
  const word = markup`<mark>${text.slice(begin, end)}</mark>`;
  const line = mark ? [text.slice(0, begin), word, text.slice(end)] : text;
  const here = is_here ? markup` class="here" aria-current="true"` : "";
  return markup`<li${here}>${line}</li>
`;
}

const STYLE = `
:root {
  --page: #fff; --text: #1b1e23; --quiet: #5c6470; --panel: #f4f5f7; --line: #dfe3e8;
  --strong: #b3261e; --here: #fdebe9; --word: #f8c4be;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15171b; --text: #e4e6ea; --quiet: #9aa2ae; --panel: #1e2126; --line: #343941;
    --strong: #ff9086; --here: #3b2221; --word: #79332d;
  }
}
* { box-sizing: border-box; }
html { border-top: 4px solid var(--strong); background: var(--page); color: var(--text); }
body { margin: 0 auto; padding: 1.25rem 1rem 3rem; max-width: 64rem; font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
header, code, li, td, th, .message, .place { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
header, footer { color: var(--quiet); font-size: .875rem; }
footer { margin-top: 2rem; }
h1, h2 { margin: 2rem 0 0; font-size: 1.1rem; }
h1 { margin-top: 1rem; }
h1, h2 span { color: var(--strong); }
.message { margin: .25rem 0 1.25rem; font-size: 1.35rem; font-weight: 600; line-height: 1.35; white-space: pre-wrap; }
h2 + .message { font-size: 1.1rem; }
.message.long { font-size: .95rem; font-weight: 400; }
.depth-1, .depth-2, .depth-3 { padding-left: 1rem; border-left: 3px solid var(--line); }
.frame, .others { margin: 0 0 .5rem; border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }
p.frame, summary { padding: .45rem .75rem; background: var(--panel); }
summary { cursor: pointer; }
.frame code { font-weight: 600; }
.others { border-color: transparent; }
.others summary { padding: .2rem .75rem; background: none; }
.others, .place, .masked { color: var(--quiet); font-size: .875rem; }
ul { margin: 0; padding: 0 .75rem .5rem 2rem; }
ol { margin: 0; padding: .5rem 0; overflow-x: auto; list-style: none; font-size: .875rem; tab-size: 2; }
ol li { width: max-content; min-width: 100%; padding-right: 1rem; white-space: pre; }
ol li::before { content: counter(list-item); display: inline-block; min-width: 6ch; padding-right: 2ch; text-align: right; color: var(--quiet); }
.here { background: var(--here); }
mark { background: var(--word); color: inherit; border-radius: 2px; }
table { width: 100%; margin: .5rem 0 1.25rem; border-collapse: collapse; font-size: .875rem; }
th, td { padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; white-space: pre-wrap; }
th { width: 1%; color: var(--quiet); font-weight: 400; white-space: nowrap; }
@media (max-width: 40rem) {
  .message { font-size: 1.15rem; }
  tr, th, td { display: block; width: auto; }
  th { padding-bottom: 0; border: 0; white-space: normal; }
  td { padding-top: 0; }
}
`;
