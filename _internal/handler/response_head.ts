/** Checks the arguments of `start_response` by the rules of PEP 3333, "The start_response() Callable". */

import { refusal } from "../text/frames.ts";
import { STATUS_TEXT } from "@std/http/status";
import type { Headers } from "../../headers.ts";
import type { HeaderList } from "../../types.ts";
import { is_hop_by_hop } from "../../util.ts";
import { check_bytes, check_text, describe } from "../text/check.ts";
import { remember } from "../remember.ts";

/** A parsed status. */
export interface Status {
  code: number;
  reason: string;
  /** Whether a response with it never has a body (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5). */
  bodiless: boolean;
}

/** Parses a status; throws a `TypeError` if it is not three digits from 200 on, a space and a reason. */
export const parse_status = remember((status): Status => {
  if (typeof status !== "string") {
    throw refusal(
      `the status must be a string, got ${describe(status)}${such_as(status)}`,
    );
  }
  check_text(status, "the status");
  check_bytes(status, "the status");
  if (!/^[2-9][0-9][0-9] /.test(status)) {
    throw refusal(
      `the status must be three digits from 200 on, a space and a reason, got ${
        describe(status)
      }${such_as(status)}`,
    );
  }
  const code = Number(status.slice(0, 3));
  const bodiless = code === 204 || code === 205 || code === 304;
  return { code, reason: status.slice(4), bodiless };
});

/** Suggests a status, if only a code was given. */
function such_as(given: unknown): string {
  const texts: Record<string, string> = STATUS_TEXT;
  const reason = texts[String(given)];
  return reason === undefined ? "" : ` (such as "${given} ${reason}")`;
}

/**
 * Whether only the server may set a response header: hop-by-hop headers, and `Status`, which a CGI script uses for its
 * status (RFC 3875, section 6.3.3), and which some web servers would prefer to ours.
 */
export const is_of_server = remember((name): boolean =>
  is_hop_by_hop(name) || name.toLowerCase() === "status"
);

/**
 * Copies the headers, so that the application cannot change them any more. `Headers` rejects anything else that is not
 * a list of pairs.
 *
 * @throws {TypeError} If there are none, not even an empty list, if only the server may set one of them, or if a value
 * is not a native string.
 */
export function own_headers(headers: HeaderList): HeaderList {
  if (Array.isArray(headers)) return headers.map(own_header);
  if (headers !== undefined) return headers;
  throw refusal(
    "start_response() takes a status and a list of headers, got the status only: start_response(status, [])",
  );
}

function own_header(header: [string, string]): [string, string] {
  if (!Array.isArray(header) || header.length !== 2) return header;
  const [name, value] = header;
  if (typeof name === "string" && is_of_server(name)) {
    const what = is_hop_by_hop(name) ? "hop-by-hop header" : "header";
    throw refusal(`an application must not send the ${what} ${name}`);
  }
  if (typeof value === "string") {
    check_bytes(value, `the value of header ${name}`);
  }
  return [name, value];
}

/** The `Content-Length` of the headers; null without one. Throws a `TypeError` if it is not a number. */
export function declared_length(headers: Headers): number | null {
  const value = headers.get("Content-Length");
  if (value === null) return null;
  if (!/^[0-9]{1,15}$/.test(value)) {
    throw refusal(
      `Content-Length must be decimal digits, got ${describe(value)}`,
    );
  }
  return Number(value);
}
