/** Checks of the status and the headers that the application passes to `start_response`. */

import type { HeaderList } from "../../types.ts";
import { is_hop_by_hop } from "../../util.ts";
import {
  caution,
  CONTROL,
  DIGITS,
  NOT_BYTES,
  PEP,
  show,
  TOKEN,
  violation,
  type Warn,
} from "./report.ts";

/** A status and headers that passed. */
export interface Head {
  /** The three digits. */
  code: string;
  /** The `Content-Length`; null without one. */
  content_length: number | null;
}

/**
 * Checks status and headers.
 *
 * @throws {WSGIError} On the first violation.
 */
export function check_head(
  status: unknown,
  headers: unknown,
  warn: Warn,
): Head {
  check_status(status, warn);
  check_headers(headers);
  const code = status.slice(0, 3);
  check_content_type(code, headers);
  return { code, content_length: check_content_length(code, headers) };
}

/** Whether a response must have no type and no length (RFC 9110, sections 15.3.5 and 15.4.5). */
function has_no_content(code: string): boolean {
  return code === "204" || code === "304";
}

function check_status(status: unknown, warn: Warn): asserts status is string {
  /// start_response: The status must be a string of three digits, a space and a
  /// reason (PEP 3333, "The start_response() Callable").
  if (typeof status !== "string" || !/^[0-9]{3} /.test(status)) {
    throw violation(
      'the status must be a string of three digits, a space and a reason, such as "200 OK"',
      show(status),
      PEP.start_response,
    );
  }
  /// start_response: It must not contain control characters, and so no line
  /// break (PEP 3333, "The start_response() Callable").
  if (CONTROL.test(status)) {
    throw violation(
      "the status must not contain control characters",
      show(status),
      PEP.start_response,
    );
  }
  /// start_response: It must hold one byte per character, U+0000 to U+00FF
  /// (PEP 3333, "Unicode Issues").
  if (NOT_BYTES.test(status)) {
    throw violation(
      "the status must hold one byte per character, U+0000 to U+00FF",
      show(status),
      PEP.strings,
    );
  }
  /// start_response: It must be 200 or above: only the server sends interim
  /// responses (RFC 9110, section 15.2).
  if (status < "2") {
    throw violation(
      "the status must be 200 or above",
      `${show(status)}: only the server sends interim responses`,
      "RFC 9110, section 15.2",
    );
  }
  /// start_response: It should be 599 or below: no class above is defined (RFC
  /// 9110, section 15).
  if (status >= "6") {
    warn(
      caution(
        "the status should be 599 or below",
        show(status),
        "RFC 9110, section 15",
      ),
    );
  }
}

function check_headers(headers: unknown): asserts headers is HeaderList {
  /// start_response: The headers must be an array
  /// (PEP 3333, "The start_response() Callable").
  if (!Array.isArray(headers)) {
    throw violation(
      "the headers must be an array of pairs [name, value]",
      show(headers),
      PEP.start_response,
    );
  }
  for (const header of headers) {
    /// start_response: Each header must be a pair of name and value (PEP 3333,
    /// "The start_response() Callable").
    if (!Array.isArray(header) || header.length !== 2) {
      throw violation(
        "a header must be a pair [name, value]",
        show(header),
        PEP.start_response,
      );
    }
    const [name, value] = header;
    check_name(name, value);
    check_value(name, value);
  }
}

function check_name(
  name: unknown,
  value: unknown,
): asserts name is string {
  /// start_response: The name of a header must be a token: no colon, no space,
  /// not empty (RFC 9110, section 5.1).
  if (typeof name !== "string" || !TOKEN.test(name)) {
    throw violation(
      'the name of a header must be a token, such as "Content-Type"',
      show(name),
      "RFC 9110, section 5.1",
    );
  }
  /// start_response: No header may be named `Status`: the status is the first
  /// argument (PEP 3333, "The start_response() Callable").
  if (name.toLowerCase() === "status") {
    throw violation(
      "the status must be the first argument",
      `a header ${name} with ${show(value)}`,
      PEP.start_response,
    );
  }
  /// start_response: The name of a header must not end in a hyphen or an
  /// underscore (PEP 3333, "The start_response() Callable").
  if (/[-_]$/.test(name)) {
    throw violation(
      'the name of a header must not end in "-" or "_"',
      show(name),
      PEP.start_response,
    );
  }
  /// start_response: The application must not send a hop-by-hop header: the
  /// connection belongs to the server (PEP 3333, "Other HTTP Features").
  if (is_hop_by_hop(name)) {
    throw violation(
      "a hop-by-hop header must be left to the server",
      `${name} with ${show(value)}`,
      PEP.http,
    );
  }
}

function check_value(name: string, value: unknown): void {
  /// start_response: The value of a header must be a string
  /// (PEP 3333, "The start_response() Callable").
  if (typeof value !== "string") {
    throw violation(
      `the value of ${name} must be a string`,
      show(value),
      PEP.start_response,
    );
  }
  /// start_response: It must not contain control characters, not even TAB: no
  /// folded lines and no line breaks (PEP 3333, "The start_response()
  /// Callable").
  if (CONTROL.test(value)) {
    throw violation(
      `the value of ${name} must not contain control characters`,
      show(value),
      PEP.start_response,
    );
  }
  /// start_response: It must hold one byte per character, U+0000 to U+00FF
  /// (PEP 3333, "Unicode Issues").
  if (NOT_BYTES.test(value)) {
    throw violation(
      `the value of ${name} must hold one byte per character, U+0000 to U+00FF`,
      show(value),
      PEP.strings,
    );
  }
}

/** The values of all headers with a name, given in lower case. */
function values_of(headers: HeaderList, name: string): string[] {
  return headers.filter(([key]) => key.toLowerCase() === name)
    .map(([, value]) => value);
}

function check_content_type(code: string, headers: HeaderList): void {
  const types = values_of(headers, "content-type");
  /// start_response: There must be no `Content-Type` with 204 and 304, which
  /// have no content (RFC 9110, sections 8.3 and 15.4.5).
  if (has_no_content(code) && types.length > 0) {
    throw violation(
      `a response with status ${code} must have no Content-Type`,
      show(types[0]),
      "RFC 9110, sections 8.3 and 15.4.5",
    );
  }
  /// start_response: There must be one `Content-Type` with every other status;
  /// a redirect, which needs no content, may have none (RFC 9110, section 8.3).
  const may_lack = has_no_content(code) || /^3/.test(code);
  if (types.length > 1 || types.length === 0 && !may_lack) {
    throw violation(
      `a response with status ${code} must have one Content-Type`,
      types.map(show).join(" and ") || "none",
      "RFC 9110, section 8.3",
    );
  }
}

function check_content_length(
  code: string,
  headers: HeaderList,
): number | null {
  const [length, ...more] = values_of(headers, "content-length");
  if (length === undefined) return null;
  /// start_response: There must be no `Content-Length` with 204 and 304
  /// (RFC 9110, sections 8.6 and 15.4.5).
  if (has_no_content(code)) {
    throw violation(
      `a response with status ${code} must have no Content-Length`,
      show(length),
      "RFC 9110, sections 8.6 and 15.4.5",
    );
  }
  /// start_response: There must be at most one `Content-Length`, in decimal
  /// digits (RFC 9110, section 8.6).
  if (more.length > 0 || !DIGITS.test(length)) {
    throw violation(
      "Content-Length must be one number in decimal digits",
      [length, ...more].map(show).join(" and "),
      "RFC 9110, section 8.6",
    );
  }
  return Number(length);
}
