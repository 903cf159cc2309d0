/** The validator's errors and warnings: what was expected, what came, and the section of the rule. */

import { describe } from "../text/check.ts";

/**
 * A violation of PEP 3333, by the application or by the server. Its message says what was expected and what came, with
 * the section of the rule in brackets.
 *
 * @example
 * ```ts
 * import { validator, WSGIError } from "@tsgi/serve/validate";
 * import { setup_testing_defaults } from "@tsgi/serve/util";
 * import { assertThrows } from "@std/assert";
 *
 * const app = validator((_environ, start_response) => {
 *   const status: string = "200"; // Without a reason.
 *   start_response(status, [["Content-Type", "text/plain"]]);
 *   return [];
 * });
 * const environ = {};
 * setup_testing_defaults(environ);
 * assertThrows(
 *   () => app(environ, () => () => Promise.resolve()),
 *   WSGIError,
 *   'the status must be a string of three digits, a space and a reason, such as "200 OK", got "200"',
 * );
 * ```
 *
 * @category Validation
 */
export class WSGIError extends Error {
  /** `"WSGIError"`. */
  override name = "WSGIError";
}

/**
 * A warning about something that PEP 3333 advises against, or that is noticed too late for an error. Only a `warn` hook
 * may throw it.
 *
 * @example
 * ```ts
 * import { validator, WSGIWarning } from "@tsgi/serve/validate";
 * import { demo_app } from "@tsgi/serve/simple_server";
 * import { setup_testing_defaults } from "@tsgi/serve/util";
 * import { assertEquals, assertInstanceOf } from "@std/assert";
 *
 * const warnings: WSGIWarning[] = [];
 * const app = validator(demo_app, { warn: (warning) => warnings.push(warning) });
 * const environ = { REQUEST_METHOD: "BREW" };
 * setup_testing_defaults(environ);
 * await app(environ, () => () => Promise.resolve());
 * assertInstanceOf(warnings[0], WSGIWarning);
 * assertEquals(
 *   warnings[0].message,
 *   'REQUEST_METHOD should be a method in common use, got "BREW" (RFC 9110, section 9.1)',
 * );
 * ```
 *
 * @category Validation
 */
export class WSGIWarning extends Error {
  /** `"WSGIWarning"`. */
  override name = "WSGIWarning";
}

/** Receives a warning. */
export type Warn = (warning: WSGIWarning) => void;

/** The sections of PEP 3333 that the checks refer to. */
export const PEP = {
  application: 'PEP 3333, "The Application/Framework Side"',
  strings: 'PEP 3333, "Unicode Issues"',
  details: 'PEP 3333, "Specification Details"',
  environ: 'PEP 3333, "environ Variables"',
  streams: 'PEP 3333, "Input and Error Streams"',
  start_response: 'PEP 3333, "The start_response() Callable"',
  content_length: 'PEP 3333, "Handling the Content-Length Header"',
  streaming: 'PEP 3333, "Buffering and Streaming"',
  write: 'PEP 3333, "The write() Callable"',
  http: 'PEP 3333, "Other HTTP Features"',
  file: 'PEP 3333, "Optional Platform-Specific File Handling"',
} as const;

/** The error for a violation: what was expected, what came, and the section of the rule. */
export function violation(
  expected: string,
  came: string,
  section: string,
): WSGIError {
  return new WSGIError(`${expected}, got ${came} (${section})`);
}

/** The same for a warning. */
export function caution(
  expected: string,
  came: string,
  section: string,
): WSGIWarning {
  return new WSGIWarning(`${expected}, got ${came} (${section})`);
}

const LONGEST = 60;

/** A short description of a value: a body that was passed as one string must not become the message. */
export function show(value: unknown): string {
  if (typeof value === "string" && value.length > LONGEST) {
    return `${describe(value.slice(0, LONGEST))} and ${
      value.length - LONGEST
    } more characters`;
  }
  return value instanceof Uint8Array
    ? `a Uint8Array of ${count(value.length, "byte")}`
    : describe(value);
}

/** A number with its noun: `1 byte`, `2 bytes`. */
export function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}

// The library has expressions like these. Checks that shared them would share their mistakes.

/** RFC 9110, section 5.6.2. */
export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** C0 and DEL: PEP 3333 allows none in what `start_response` takes, TAB included. */
// deno-lint-ignore no-control-regex
export const CONTROL = /[\x00-\x1f\x7f]/;

/** Characters that are not a byte. */
// deno-lint-ignore no-control-regex
export const NOT_BYTES = /[^\x00-\xff]/;

/** Decimal digits, at least one. */
export const DIGITS = /^[0-9]+$/;
