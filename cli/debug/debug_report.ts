/** The content of the error page of `--debug`, for both of its forms. */

import {
  request_line,
  type Variables,
} from "../../_internal/request/variables.ts";
import { stripVTControlCharacters } from "node:util";
import { describe } from "../../_internal/text/check.ts";
import { process_environ } from "../../_internal/request/process_environ.ts";
import { repr } from "../../_internal/text/repr.ts";
import config from "../../deno.json" with { type: "json" };
import { attempt, get, native } from "./careful.ts";
import type { Field } from "./form_body.ts";
import { request_tables, type Row, type Table } from "./request_tables.ts";
import { is_secret, Mask, MASKED } from "./secrets.ts";
import {
  type Frame,
  frames_of,
  python_frames,
  type PythonPlace,
} from "./source_lines.ts";

/** The content of both forms of the page, with secrets masked, but not escaped yet. */
export interface Report {
  /** The request line. */
  request: string;
  /** The error, its causes, and the errors in it. */
  errors: ErrorReport[];
  /** The query, form, cookies and headers of the request. */
  tables: Table[];
  environ: Row[];
  /** How many variables are left out. */
  left_out: number;
}

export interface ErrorReport {
  /** Its relation to the error before it; `""` for the first. */
  relation: string;
  /** How deeply it is nested in other errors. */
  depth: number;
  name: string;
  message: string;
  /** Its properties other than name and message. */
  properties: Row[];
  frames: Frame[];
}

/** The maximum numbers of errors and of their properties, and lengths of a message, a value, and a name or property. */
const MOST_ERRORS = 20;
const MOST_PROPERTIES = 20;
const LONGEST_MESSAGE = 4000;
const LONGEST_VALUE = 1000;
const LONGEST_NAME = 300;

/** @param fields The form of the request, as far as the application has read it. */
export function make_report(
  error: unknown,
  environ: Record<string, unknown>,
  os_environ: Variables,
  fields: Field[] = [],
): Report {
  const form = Object.fromEntries(fields);
  const mask = new Mask(environ, process_environ(), form);
  const names = attempt(() => Object.keys(environ), []).sort();
  const shown = names
    .filter((name) => !is_of_process(name, get(environ, name), os_environ));
  const line = attempt(() => request_line(environ as Variables), "");
  return {
    request: mask.text(line, LONGEST_VALUE),
    errors: Array.from(reports_of(error, mask)),
    tables: request_tables(environ, fields, shown, mask),
    environ: shown.map((name) => row(name, get(environ, name), mask)),
    left_out: names.length - shown.length,
  };
}

/** The variables that web servers set for a CGI script (RFC 3875, section 4.1, and other usual ones). */
const CGI_VARIABLES = words(`
  AUTH_TYPE CONTENT_LENGTH CONTENT_TYPE DOCUMENT_ROOT GATEWAY_INTERFACE HTTPS PATH_INFO PATH_TRANSLATED QUERY_STRING
  REMOTE_ADDR REMOTE_HOST REMOTE_PORT REMOTE_USER REQUEST_METHOD REQUEST_SCHEME REQUEST_URI SCRIPT_FILENAME
  SCRIPT_NAME SERVER_ADDR SERVER_NAME SERVER_PORT SERVER_PROTOCOL SERVER_SOFTWARE
`);

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

/**
 * Whether a variable comes from the environment of the process and not from the request. That of a CGI script contains
 * both: what begins with HTTP_ comes from the request.
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

const UNSHOWABLE = "(it cannot be displayed)";

/** An error, the errors that it contains, and the chain of its causes. */
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
  if (is_error(error)) yield* python_causes(get(error, "python"), mask, depth);
}

function is_object(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

/** Whether a value is an error, of any realm. */
function is_error(value: unknown): boolean {
  return attempt(() => value instanceof Error, false) ||
    is_object(value) && typeof get(value, "stack") === "string";
}

/** The errors in an `AggregateError` or a `SuppressedError`, each with its relation. */
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
  const frames = error_frames(error, message);
  return {
    name: class_of(error),
    message,
    properties: properties_of(error, mask),
    frames: frames.map((frame) => masked_frame(frame, mask)),
  };
}

function error_frames(error: unknown, message: string): Frame[] {
  const places = get(get(error, "python"), "frames");
  if (Array.isArray(places)) return python_frames(places as PythonPlace[]);
  const stack = get(error, "stack");
  return typeof stack === "string" ? frames_of(stack, message) : [];
}

/** The exception that a Python exception was raised from, or while handling, as reported by @tsgi/python. */
interface PythonCause {
  type: string;
  message: string;
  relation: string;
  frames: PythonPlace[];
  cause?: PythonCause;
}

function* python_causes(
  exception: unknown,
  mask: Mask,
  depth: number,
): Generator<ErrorReport> {
  const cause = get(exception, "cause") as PythonCause | undefined;
  if (!is_object(cause)) return;
  yield {
    relation: cause!.relation,
    depth,
    name: cause!.type,
    message: mask.text(cause!.message, LONGEST_MESSAGE),
    properties: [],
    frames: python_frames(cause!.frames)
      .map((frame) => masked_frame(frame, mask)),
  };
  yield* python_causes(cause, mask, depth);
}

/** The name of an error, or that of its class if it has no name of its own. */
function class_of(error: unknown): string {
  const name = get(error, "name");
  if (typeof name === "string" && name && name !== "Error") return name;
  const class_name = get(get(error, "constructor"), "name");
  return typeof class_name === "string" && class_name ? class_name : "Error";
}

/** The properties of every error, and those that are shown elsewhere. */
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

/** The report on a thrown value that is not an error. */
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

/** Why the page is shown, and what is left out. */
export function footnote({ left_out }: Report): string {
  const variables = left_out === 1 ? "variable" : "variables";
  return `This page is shown because of --debug, by ${config.name} ` +
    `${config.version} on Deno ${Deno.version.deno}. ` +
    `${MASKED} replaces what may be secret.` +
    (left_out > 0
      ? ` Left out: ${left_out} ${variables} of the server's process.`
      : "");
}
