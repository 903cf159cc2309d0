/** Parses the head of an SCGI request: a netstring of names and values. */

import type { Variables } from "../../_internal/request/variables.ts";
import type { Parsed } from "../../_internal/streams/connection.ts";
import { decode_latin1 } from "../../_internal/text/bytes.ts";
import { other_protocol } from "../other_protocol.ts";
import { Fields } from "../fields.ts";
import { check_size, variables_of } from "../variables.ts";

const COLON = 58;
const COMMA = 44;
const ZERO = 48;
const NINE = 57;

const fields = new Fields();

/** More digits than a length can have. */
const MOST_DIGITS = 20;

/**
 * Parses the head of an SCGI request.
 *
 * @param limit The maximum size of the head, in bytes.
 * @param own The variables to merge those of the head over.
 * @returns Its variables; null if more bytes are needed.
 * @throws {RangeError} If it is longer than `limit`.
 * @throws {TypeError} If it is malformed.
 */
export function parse_scgi_head(
  data: Uint8Array,
  limit: number,
  own: Readonly<Variables> = {},
): Parsed<Variables> | null {
  let size = 0;
  let digits = 0;
  while (digits < MOST_DIGITS && is_digit(data[digits])) {
    size = 10 * size + data[digits++]! - ZERO;
  }
  check_size(size, limit);
  const is_cut = digits === data.length;
  const has_zeros = digits > 1 && data[0] === ZERO;
  if (has_zeros || !is_cut && (digits === 0 || data[digits] !== COLON)) {
    throw new TypeError(
      `expected the length of the head and a colon, got ${beginning(data)}${
        other_protocol(data, "scgi")
      }`,
    );
  }
  if (is_cut) return null;
  const start = digits + 1;
  const end = start + size;
  if (data.length <= end) return null;
  if (data[end] !== COMMA) {
    throw new TypeError(
      `expected a comma after a head of ${size} bytes, got byte ${data[end]}`,
    );
  }
  return {
    value: parse_variables(decode_latin1(data.subarray(start, end)), own),
    length: end + 1,
  };
}

function is_digit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

/** The beginning of the data, for an error message. */
function beginning(data: Uint8Array): string {
  return JSON.stringify(decode_latin1(data.subarray(0, MOST_DIGITS)));
}

function parse_variables(
  text: string,
  own: Readonly<Variables>,
): Variables {
  fields.begin(text);
  for (let name = 0; name < text.length;) {
    const name_end = end_of(text, name);
    const value_end = end_of(text, name_end + 1);
    fields.add(name, name_end, name_end + 1, value_end);
    name = value_end + 1;
  }
  const variables = variables_of(fields, own);
  check(variables, "SCGI", /^1$/, "1");
  check(variables, "CONTENT_LENGTH", /^[0-9]+$/, "a number");
  return variables;
}

/** The position of the NUL after the name or value that begins at `start`. */
function end_of(text: string, start: number): number {
  const end = text.indexOf("\0", start);
  if (end >= 0) return end;
  throw new TypeError("expected names and values, each followed by a NUL");
}

function check(
  variables: Variables,
  name: string,
  pattern: RegExp,
  expected: string,
): void {
  const value = variables[name];
  if (value !== undefined && pattern.test(value)) return;
  const got = value === undefined
    ? "none"
    : JSON.stringify(value.slice(0, MOST_DIGITS));
  // nginx always begins with the length, and a line of its configuration overrides that by an empty one.
  const remedy = name === "CONTENT_LENGTH" && value === ""
    ? ": if nginx has a line scgi_param CONTENT_LENGTH, remove it"
    : "";
  throw new TypeError(`${name} must be ${expected}, got ${got}${remedy}`);
}
