/**
 * Checks of arguments: functions, numbers, and text for the head of a response, which only these checks protect from
 * being split.
 */

import { refusal } from "./frames.ts";
import { remedy_of_function } from "./remedies.ts";
import { remember } from "../remember.ts";

/** RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** C0 except TAB, and DEL: characters that could end a header line, or hide one. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;

// deno-lint-ignore no-control-regex
const NOT_BYTES = /[^\x00-\xff]/;

/**
 * Segments of characters that need no encoding in a path (RFC 3986, section 3.3), so that the path equals its encoded
 * form.
 */
const SCRIPT_NAME = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~!$&'()*+,;=:@-]+)+$/;

/** Throws a `TypeError` if `text` is not a string or contains a control character; `what` names it in the message. */
export function check_text(text: string, what: string): void {
  if (typeof text !== "string") {
    throw refusal(`${what} must be a string, got ${describe(text)}`);
  }
  if (CONTROL.test(text)) {
    throw refusal(
      `${what} must not contain control characters, got ${
        JSON.stringify(text)
      }`,
    );
  }
}

/** Throws a `TypeError` if `name` is not a token, or `value` not a string without control characters. */
export function check_header(name: string, value: string): void {
  check_token(name);
  if (typeof value === "string" && !CONTROL.test(value)) return;
  check_text(value, `the value of header ${name}`);
}

const check_token = remember((name): true => {
  if (typeof name === "string" && TOKEN.test(name)) return true;
  throw refusal(`a header name must be a token, got ${describe(name)}`);
});

/** Throws a `TypeError` if a character of `text` is above U+00FF (PEP 3333, "A Note On String Types"). */
export function check_bytes(text: string, what: string): void {
  if (NOT_BYTES.test(text)) {
    throw refusal(
      `${what} must hold characters up to U+00FF only, got ${
        JSON.stringify(text)
      }`,
    );
  }
}

/** Throws a `TypeError` if `value` is not a function; `what` names it in the message. */
export function check_function(value: unknown, what: string): void {
  if (typeof value !== "function") throw no_function(value, what);
}

/** The error for a value that is not a function. */
export function no_function(value: unknown, what: string): TypeError {
  return new TypeError(
    `${what} must be a function, got ${describe(value)}${
      remedy_of_function(value)
    }`,
  );
}

/**
 * Throws a `TypeError` if the option `name` is not a number, and a `RangeError` if it is not a whole number of `what`,
 * 0 or more.
 */
export function check_count(value: unknown, name: string, what: string): void {
  const is_number = typeof value === "number";
  if (is_number && Number.isSafeInteger(value) && value >= 0) return;
  const error = is_number ? RangeError : TypeError;
  throw new error(
    `${name} takes a whole number of ${what}, 0 or more, got ${
      describe(value)
    }`,
  );
}

/**
 * Checks that `SCRIPT_NAME` can begin with a path.
 *
 * @throws {TypeError} If it cannot.
 */
export function check_script_name(path: string): void {
  if (typeof path === "string" && SCRIPT_NAME.test(path)) return;
  throw new TypeError(
    `script_name takes a path such as /prefix, with a leading slash, no trailing slash, and no character that a URL encodes, got ${
      typeof path === "string" ? `"${path}"` : describe(path)
    }`,
  );
}

/** The maximum length of a string in a message: an application may return a whole page as one. */
const LONGEST_QUOTED = 200;

function quoted(text: string): string {
  if (text.length <= LONGEST_QUOTED) return JSON.stringify(text);
  const beginning = JSON.stringify(text.slice(0, LONGEST_QUOTED));
  return `${beginning} ... (${text.length} characters)`;
}

/** Describes a value in a few words, for the second half of an error message. */
export function describe(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "function") return `a function`;
  if (value === null || typeof value !== "object") return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return `an object of class ${value.constructor?.name ?? "null"}`;
}
