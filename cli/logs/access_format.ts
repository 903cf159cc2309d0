/**
 * The lines of the access log: gunicorn's formats, and JSON.
 *
 * Values of a request are written in printable ASCII. In text formats, any other byte is escaped as `\x0a`, a character
 * above U+00FF, which only an application can have set, as `\u20ac`, and backslashes and double quotes by a backslash.
 * In JSON, values are decoded as UTF-8; if that fails, each byte is one character.
 */

import {
  request_line,
  type Variables,
} from "../../_internal/request/variables.ts";
import { encode_latin1 } from "../../_internal/text/bytes.ts";
import {
  clock_time,
  escape_controls,
  MONTHS,
  two_digits,
} from "../../_internal/text/log.ts";
import { repr } from "../../_internal/text/repr.ts";
import type { Headers } from "../../headers.ts";
import { did_you_mean, nearest } from "../settings/suggestion.ts";
import { UsageError } from "../settings/usage_error.ts";

/** A request that was answered. */
export interface Answered {
  /** The variables of the request. */
  environ: Readonly<Record<string, unknown>>;
  /** The status of the response: its three digits, whatever follows them. */
  status: string;
  /** The number of bytes in the body of the response. */
  size: number;
  /** The headers of the response; null where there are none. */
  headers: Headers | null;
  /** `performance.now()` when the request arrived; 0 if the format does not need it. */
  started: number;
}

/** How a request is logged. */
export interface AccessFormat {
  /** Whether the format needs `started`. */
  readonly needs_time: boolean;
  /** The line of a request, with its line feed. */
  line(answered: Answered): string;
}

/** The named formats, except `json`. */
const NAMED = new Map([
  ["common", '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s'],
  ["combined", '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"'],
]);

/**
 * Compiles what `--access-logformat` says: `common`, `combined`, `json`, or a text with atoms.
 *
 * The atoms are gunicorn's: `h` the client's address, `l` a hyphen, `u` the user, `t` the time, `r` the request line,
 * `m` the method, `U` the path, `q` the query, `H` the protocol, `s` the status, `B` the bytes of the body, `b` the
 * same, or a hyphen if none, `f` the referrer, `a` the user agent, `T` the seconds, `M` the milliseconds and `D` the
 * microseconds it took, `L` the seconds with six decimals, `p` the process id, `{name}i` a request header, `{name}o`
 * a response header, `{name}e` a variable of environ. Missing values are a hyphen.
 *
 * Two of them differ from gunicorn's: `U` includes `SCRIPT_NAME`, because an application may move parts of the path
 * there; and spaces in `h` and `u`, which are not quoted, are escaped.
 *
 * @throws {UsageError} If the format contains an unknown atom, or no atom.
 */
export function compile_format(format: string): AccessFormat {
  return format === "json"
    ? new JsonFormat()
    : new TextFormat(parse_format(NAMED.get(format) ?? format));
}

/** A part of a format: an atom, or literal text, whose `atom` is empty. */
interface Piece {
  readonly atom: string;
  /** The literal text, or the name in an atom such as `{name}i`. */
  readonly name: string;
}

const ATOMS = "hlutrmUqHsbBfaTMDLp";

/** The atoms that are durations. */
const TIMES = "TMDL";

/** An atom, a doubled percent sign, an invalid atom, or the text in between. */
const PARTS = /%\(([^()]+)\)s|%%|%(?:\([^)]*\)?)?.?|[^%]+/gs;

function parse_format(format: string): Piece[] {
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(format)) refuse(JSON.stringify(format));
  const pieces = Array.from(format.matchAll(PARTS), ([part, atom]): Piece => {
    if (atom !== undefined) return atom_piece(atom);
    if (part === "%%") return { atom: "", name: "%" };
    return part.startsWith("%")
      ? refuse(`"${part}"${did_you_mean(apache_atom(part))}`)
      : { atom: "", name: part };
  });
  if (pieces.some(({ atom }) => atom)) return pieces;
  const meant = nearest(format, [...NAMED.keys(), "json"]);
  return refuse(`"${format}"${did_you_mean(meant)}`);
}

/** What stands for an atom of Apache's formats, such as `%h`. */
function apache_atom(part: string): string | null {
  const atom = part.slice(1);
  return atom !== "" && ATOMS.includes(atom) ? `%(${atom})s` : null;
}

function atom_piece(text: string): Piece {
  const [, name, kind] = text.match(/^\{(.+)\}([ioe])$/) ?? [];
  if (kind === "i") return { atom: "e", name: header_variable(name!) };
  if (kind !== undefined) return { atom: kind, name: name! };
  const is_known = text.length === 1 && ATOMS.includes(text);
  return is_known ? { atom: text, name: "" } : refuse(`"%(${text})s"`);
}

/** What CGI calls a request header (RFC 3875, section 4.1.18). */
function header_variable(header: string): string {
  const name = header.toUpperCase().replaceAll("-", "_");
  const is_plain = name === "CONTENT_TYPE" || name === "CONTENT_LENGTH";
  return is_plain ? name : `HTTP_${name}`;
}

function refuse(what: string): never {
  const atoms = ATOMS.split("").join(" ");
  throw new UsageError(
    "--access-logformat takes common, combined, json, or one line of text with atoms, %(X)s, " +
      `where X is one of ${atoms} {NAME}i {NAME}o {NAME}e, and %% for a percent sign, got ${what}`,
  );
}

class TextFormat implements AccessFormat {
  readonly needs_time: boolean;
  #pieces: Piece[];

  constructor(pieces: Piece[]) {
    this.needs_time = pieces.some(({ atom }) => atom && TIMES.includes(atom));
    this.#pieces = pieces;
  }

  line(answered: Answered): string {
    const taken = this.needs_time ? microseconds_since(answered.started) : 0;
    let line = "";
    for (const piece of this.#pieces) line += value_of(piece, answered, taken);
    return line + "\n";
  }
}

/** The text for a piece of the format. */
function value_of(piece: Piece, answered: Answered, taken: number): string {
  const { environ } = answered;
  switch (piece.atom) {
    case "":
      return piece.name;
    case "h":
      return one_word(address_of(environ) ?? "-");
    case "l":
      return "-";
    case "u":
      return one_word(user_of(environ) ?? "-");
    case "t":
      return now_in_brackets();
    case "r":
      return escaped(request_of(environ));
    case "m":
      return variable(environ.REQUEST_METHOD);
    case "U":
      return escaped(path_of(environ));
    case "q":
      return variable(environ.QUERY_STRING);
    case "H":
      return variable(environ.SERVER_PROTOCOL);
    case "s":
      return escaped(code_of(answered));
    case "b":
      return answered.size === 0 ? "-" : String(answered.size);
    case "B":
      return String(answered.size);
    case "f":
      return variable(environ.HTTP_REFERER);
    case "a":
      return variable(environ.HTTP_USER_AGENT);
    case "e":
      return variable(environ[piece.name]);
    case "o":
      return escaped(header_of(answered, piece.name));
    case "T":
      return String(Math.floor(taken / 1e6));
    case "M":
      return String(Math.floor(taken / 1e3));
    case "D":
      return String(taken);
    case "L":
      return (taken / 1e6).toFixed(6);
    default: // "p"
      return `<${Deno.pid}>`;
  }
}

/** Concatenated, because `JSON.stringify` of an object takes three times as long. */
class JsonFormat implements AccessFormat {
  readonly needs_time = true;

  line(answered: Answered): string {
    const { environ, size } = answered;
    const taken = microseconds_since(answered.started);
    return `{"time":"${now_in_iso()}"` +
      `,"remote_addr":${json(address_of(environ))}` +
      `,"remote_user":${json(user_of(environ))}` +
      `,"method":${json(text_of(environ.REQUEST_METHOD))}` +
      `,"path":${json(path_of(environ))}` +
      `,"query":${json(text_of(environ.QUERY_STRING))}` +
      `,"protocol":${json(text_of(environ.SERVER_PROTOCOL))}` +
      `,"status":${Number(code_of(answered)) || null},"size":${size}` +
      `,"referer":${json(text_of(environ.HTTP_REFERER))}` +
      `,"user_agent":${json(text_of(environ.HTTP_USER_AGENT))}` +
      `,"duration":${taken / 1e6}}\n`;
  }
}

/** The client's address; null if there is none, as on a Unix socket. */
function address_of(environ: Answered["environ"]): string | null {
  return text_of(environ.REMOTE_ADDR) || null;
}

/** The user that the web server has authenticated, or else the one that the client claims to be. */
function user_of(environ: Answered["environ"]): string | null {
  const user = text_of(environ.REMOTE_USER);
  if (user) return user;
  const authorization = text_of(environ.HTTP_AUTHORIZATION);
  return authorization ? basic_user(authorization) : null;
}

/** The user of HTTP's basic authentication (RFC 7617, section 2). */
function basic_user(authorization: string): string | null {
  const [, credentials] = authorization.match(/^basic +(\S+) *$/i) ?? [];
  if (credentials === undefined) return null;
  try {
    return atob(credentials).split(":")[0] || null;
  } catch {
    return null; // Not base64: the application has decided what to do about it.
  }
}

function request_of(environ: Answered["environ"]): string {
  try {
    return request_line(environ as Variables);
  } catch {
    // The application has set something other than native strings.
    return `${text_of(environ.REQUEST_METHOD) ?? "-"} - -`;
  }
}

function path_of({ SCRIPT_NAME, PATH_INFO }: Answered["environ"]): string {
  return (text_of(SCRIPT_NAME) ?? "") + (text_of(PATH_INFO) ?? "");
}

function code_of({ status }: Answered): string {
  return status.slice(0, 3);
}

function header_of({ headers }: Answered, name: string): string {
  const values = headers?.get_all(name) ?? [];
  return values.length > 0 ? values.join(", ") : "-";
}

/** A variable, escaped. */
function variable(value: unknown): string {
  return escaped(text_of(value) ?? "-");
}

function text_of(value: unknown): string | null {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? null : repr(value);
}

/** Anything that has to be escaped: all but printable ASCII, backslashes and double quotes. */
const NOT_PLAIN = /[^\x20\x21\x23-\x5b\x5d-\x7e]/;
/** The same, and spaces. */
const NOT_PLAIN_WORD = /[^\x21\x23-\x5b\x5d-\x7e]/;

function escaped(text: string): string {
  if (!NOT_PLAIN.test(text)) return text;
  return escape_controls(text).replace(/["\xa0-\uffff]/g, (char) => {
    if (char === '"') return '\\"';
    const code = char.charCodeAt(0);
    return code > 0xff ? unicode_escape(char) : `\\x${code.toString(16)}`;
  });
}

/** Escapes spaces too, because the value is not quoted. */
function one_word(text: string): string {
  if (!NOT_PLAIN_WORD.test(text)) return text;
  return escaped(text).replaceAll(" ", "\\x20");
}

function unicode_escape(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A native string, or null, as JSON in ASCII: some terminals obey U+0080 to U+009F, which JSON does not escape. */
function json(text: string | null): string {
  if (text === null) return "null";
  if (!NOT_PLAIN.test(text)) return `"${text}"`;
  return JSON.stringify(decoded(text))
    .replace(/[\x7f-\uffff]/g, unicode_escape);
}

function decoded(text: string): string {
  try {
    return utf8.decode(encode_latin1(text));
  } catch {
    return text; // Not UTF-8, or characters above U+00FF.
  }
}

function microseconds_since(started: number): number {
  return Math.max(0, Math.round((performance.now() - started) * 1000));
}

/** The time of the last line in both formats, because most lines are written in the same second as the one before. */
const last = { second: NaN, in_brackets: "", in_iso: "" };

/** Local time with its offset: `[21/Nov/2026:00:55:42 +0100]`. */
function now_in_brackets(): string {
  renew_last(Math.floor(Date.now() / 1000));
  return last.in_brackets;
}

/** UTC: `2026-11-20T23:55:42.007Z`. */
function now_in_iso(): string {
  const now = Date.now();
  renew_last(Math.floor(now / 1000));
  return `${last.in_iso}${String(now % 1000).padStart(3, "0")}Z`;
}

function renew_last(second: number): void {
  if (second === last.second) return;
  const now = new Date(second * 1000);
  const date = `${two_digits(now.getDate())}/${
    MONTHS[now.getMonth()]
  }/${now.getFullYear()}`;
  last.second = second;
  last.in_brackets = `[${date}:${clock_time(now)} ${utc_offset(now)}]`;
  last.in_iso = now.toISOString().slice(0, "2026-11-20T23:55:42.".length);
}

/** How far local time is from UTC: `+0100`. */
export function utc_offset(time: Date): string {
  const offset = -time.getTimezoneOffset();
  const minutes = Math.abs(offset);
  const hours = two_digits(Math.floor(minutes / 60));
  return `${offset < 0 ? "-" : "+"}${hours}${two_digits(minutes % 60)}`;
}
