/** The environ, as the application gets it: the server's part of the contract. */

import type { WSGIEnvironment } from "../../types.ts";
import {
  breach,
  caution,
  DIGITS,
  NOT_BYTES,
  PEP,
  show,
  TOKEN,
  type Warn,
} from "./report.ts";

type Environ = Record<string, unknown>;

/**
 * Checks a whole environ.
 *
 * @param warn Takes the warnings; called only when everything else is as it must be.
 * @throws {WSGIError} At the first breach.
 */
export function check_environ(
  environ: unknown,
  warn: Warn,
): asserts environ is WSGIEnvironment {
  check_object(environ);
  check_strings(environ);
  check_request(environ);
  check_server(environ);
  check_path(environ);
  check_content(environ);
  check_wsgi_variables(environ);
  check_flags(environ);
  check_streams(environ);
  advise(environ, warn);
}

/** The value of a variable for a message. */
function got(environ: Environ, key: string): string {
  return key in environ ? show(environ[key]) : "none";
}

function check_object(environ: unknown): asserts environ is Environ {
  /// environ: The environ must be a plain object: no instance of a class, no
  /// `Map` (PEP 3333, "environ Variables").
  if (!is_plain(environ)) {
    throw breach(
      "the environ must be a plain object",
      show(environ),
      PEP.environ,
    );
  }
  /// environ: It must be open to change: the application may add, replace and
  /// delete variables (PEP 3333, "environ Variables").
  if (!Object.isExtensible(environ)) {
    throw breach(
      "the environ must be open to change",
      "an object that is frozen or sealed",
      PEP.environ,
    );
  }
  for (const key of Reflect.ownKeys(environ)) {
    /// environ: Its keys must be strings, and enumerable, so that a copy of it
    /// lacks nothing (PEP 3333, "environ Variables").
    if (typeof key !== "string") {
      throw breach(
        "the keys of the environ must be strings",
        String(key),
        PEP.environ,
      );
    }
    if (!Object.prototype.propertyIsEnumerable.call(environ, key)) {
      throw breach(
        "the keys of the environ must be enumerable",
        `${show(key)}, which is not`,
        PEP.environ,
      );
    }
  }
}

function is_plain(environ: unknown): environ is Environ {
  if (typeof environ !== "object" || environ === null) return false;
  const prototype = Object.getPrototypeOf(environ);
  return prototype === Object.prototype || prototype === null;
}

function check_strings(environ: Environ): void {
  for (const key in environ) {
    if (key.includes(".")) continue;
    const value = environ[key];
    /// environ: A variable without a dot in its name must be a string
    /// (PEP 3333, "environ Variables").
    if (typeof value !== "string") {
      throw breach(
        `${key} must be a string`,
        `${
          show(value)
        }: only a variable with a dot in its name may be anything else`,
        PEP.environ,
      );
    }
    /// environ: Such a string must hold one byte a character, U+0000 to U+00FF
    /// (PEP 3333, "Unicode Issues").
    if (NOT_BYTES.test(value)) {
      throw breach(
        `${key} must hold one byte a character, U+0000 to U+00FF`,
        show(value),
        PEP.strings,
      );
    }
  }
}

function check_request(environ: Environ): void {
  const { REQUEST_METHOD: method, SERVER_PROTOCOL: protocol } = environ;
  /// environ: `REQUEST_METHOD` must be there, and a token
  /// (PEP 3333, "environ Variables").
  if (typeof method !== "string" || !TOKEN.test(method)) {
    throw breach(
      'REQUEST_METHOD must be there and be a token, as "GET" is',
      got(environ, "REQUEST_METHOD"),
      PEP.environ,
    );
  }
  /// environ: `SERVER_PROTOCOL` must be there: a token, and a version behind a
  /// slash where it has one; `INCLUDED` is that of a document which another one
  /// includes (RFC 3875, section 4.1.16).
  if (typeof protocol !== "string" || !is_protocol(protocol)) {
    throw breach(
      'SERVER_PROTOCOL must be there and be a protocol, as "HTTP/1.1" is',
      got(environ, "SERVER_PROTOCOL"),
      "RFC 3875, section 4.1.16",
    );
  }
}

function is_protocol(text: string): boolean {
  const [name, version, ...more] = text.split("/");
  return TOKEN.test(name!) && more.length === 0 &&
    (version === undefined || /^\d+(\.\d+)?$/.test(version));
}

function check_server(environ: Environ): void {
  const { SERVER_NAME: name, SERVER_PORT: port } = environ;
  /// environ: `SERVER_NAME` must be there and not be empty
  /// (PEP 3333, "environ Variables").
  if (name === undefined || name === "") {
    throw breach(
      "SERVER_NAME must be there and not be empty",
      got(environ, "SERVER_NAME"),
      PEP.environ,
    );
  }
  /// environ: `SERVER_PORT` must be there, and decimal digits
  /// (PEP 3333, "environ Variables").
  if (typeof port !== "string" || !DIGITS.test(port)) {
    throw breach(
      "SERVER_PORT must be there and be decimal digits",
      got(environ, "SERVER_PORT"),
      PEP.environ,
    );
  }
}

function check_path(environ: Environ): void {
  const { SCRIPT_NAME: script = "", PATH_INFO: path = "" } = environ as Record<
    string,
    string | undefined
  >;
  /// environ: `SCRIPT_NAME` must be empty or begin with a slash
  /// (PEP 3333, "environ Variables").
  if (script !== "" && !script.startsWith("/")) {
    throw breach(
      'SCRIPT_NAME must be empty or begin with "/"',
      show(script),
      PEP.environ,
    );
  }
  /// environ: `SCRIPT_NAME` must not be a slash alone: that slash belongs to
  /// `PATH_INFO` (PEP 3333, "environ Variables").
  if (script === "/") {
    throw breach(
      'SCRIPT_NAME must be "" where the application is at the root, and PATH_INFO begin with the slash',
      '"/"',
      PEP.environ,
    );
  }
  /// environ: `PATH_INFO` must be empty or begin with a slash; for `OPTIONS` it
  /// may be `*` (PEP 3333, "environ Variables").
  const asterisk = path === "*" && environ.REQUEST_METHOD === "OPTIONS";
  if (path !== "" && !path.startsWith("/") && !asterisk) {
    throw breach(
      'PATH_INFO must be empty or begin with "/", or be "*" for OPTIONS',
      show(path),
      PEP.environ,
    );
  }
  /// environ: `SCRIPT_NAME` and `PATH_INFO` must not both be empty
  /// (PEP 3333, "environ Variables").
  if (script === "" && path === "") {
    throw breach(
      "SCRIPT_NAME and PATH_INFO must not both be empty",
      'no path at all: at the root PATH_INFO is "/"',
      PEP.environ,
    );
  }
}

function check_content(environ: Environ): void {
  const { CONTENT_LENGTH: length = "" } = environ;
  /// environ: `CONTENT_LENGTH` must be decimal digits, empty or left out
  /// (PEP 3333, "environ Variables").
  if (length !== "" && !DIGITS.test(String(length))) {
    throw breach(
      "CONTENT_LENGTH must be decimal digits, empty or left out",
      show(length),
      PEP.environ,
    );
  }
  /// environ: `HTTP_CONTENT_TYPE` and `HTTP_CONTENT_LENGTH` must not be there:
  /// these two headers are `CONTENT_TYPE` and `CONTENT_LENGTH`
  /// (PEP 3333, "environ Variables").
  for (const key of ["CONTENT_TYPE", "CONTENT_LENGTH"]) {
    if (!(`HTTP_${key}` in environ)) continue;
    throw breach(
      `the header must be in the environ as ${key}`,
      `HTTP_${key}`,
      PEP.environ,
    );
  }
}

function check_wsgi_variables(environ: Environ): void {
  const { "wsgi.version": version, "wsgi.url_scheme": scheme } = environ;
  /// environ: `wsgi.version` must be `[1, 0]` (PEP 3333, "environ Variables").
  if (!is_version(version)) {
    throw breach(
      "wsgi.version must be [1, 0]",
      Array.isArray(version)
        ? `[${version.map(show).join(", ")}]`
        : got(environ, "wsgi.version"),
      PEP.environ,
    );
  }
  /// environ: `wsgi.url_scheme` must be `http` or `https`
  /// (PEP 3333, "environ Variables").
  if (scheme !== "http" && scheme !== "https") {
    throw breach(
      'wsgi.url_scheme must be "http" or "https"',
      got(environ, "wsgi.url_scheme"),
      PEP.environ,
    );
  }
  /// environ: `wsgi.file_wrapper` must be a function where it is there
  /// (PEP 3333, "Optional Platform-Specific File Handling").
  const key = "wsgi.file_wrapper";
  if (key in environ && typeof environ[key] !== "function") {
    throw breach(
      "wsgi.file_wrapper must be a function or left out",
      got(environ, key),
      PEP.file,
    );
  }
}

function is_version(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value[0] === 1 &&
    value[1] === 0;
}

function check_flags(environ: Environ): void {
  /// environ: `wsgi.multithread`, `wsgi.multiprocess` and `wsgi.run_once` must
  /// be true or false (PEP 3333, "environ Variables").
  for (const name of ["multithread", "multiprocess", "run_once"]) {
    const key = `wsgi.${name}`;
    if (typeof environ[key] === "boolean") continue;
    throw breach(
      `${key} must be true or false`,
      got(environ, key),
      PEP.environ,
    );
  }
  /// environ: `wsgi.input_terminated` must be true where it is there: the input
  /// ends by itself (PEP 3333, "Input and Error Streams").
  const key = "wsgi.input_terminated";
  if (key in environ && environ[key] !== true) {
    throw breach(
      "wsgi.input_terminated must be true or left out",
      got(environ, key),
      PEP.streams,
    );
  }
}

function check_streams(environ: Environ): void {
  const { "wsgi.input": input, "wsgi.errors": errors } = environ;
  /// environ: `wsgi.input` must be a `ReadableStream` that nobody reads yet; it
  /// is there for a request without a body as well
  /// (PEP 3333, "Input and Error Streams").
  if (!(input instanceof ReadableStream)) {
    throw breach(
      "wsgi.input must be a ReadableStream",
      got(environ, "wsgi.input"),
      PEP.streams,
    );
  }
  if (input.locked) {
    throw breach(
      "wsgi.input must be free to be read",
      "a stream that is locked to a reader",
      PEP.streams,
    );
  }
  /// environ: `wsgi.errors` must have `write()`, `writelines()` and `flush()`
  /// (PEP 3333, "Input and Error Streams").
  const missing = ["write", "writelines", "flush"].filter((method) =>
    typeof (errors as Environ | null | undefined)?.[method] !== "function"
  );
  if (missing.length > 0) {
    throw breach(
      "wsgi.errors must have write(), writelines() and flush()",
      `${got(environ, "wsgi.errors")} without ${missing.join(", ")}`,
      PEP.streams,
    );
  }
}

/** RFC 9110, section 9.1, and PATCH of RFC 5789. */
const METHODS = new Set(
  "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT".split(" "),
);

function advise(environ: Environ, warn: Warn): void {
  /// environ: `REQUEST_METHOD` should be one that is in common use, letter for
  /// letter (RFC 9110, section 9.1).
  if (!METHODS.has(String(environ.REQUEST_METHOD))) {
    warn(
      caution(
        "REQUEST_METHOD should be a method that is in common use",
        show(environ.REQUEST_METHOD),
        "RFC 9110, section 9.1",
      ),
    );
  }
  /// environ: `QUERY_STRING` should be there even when it is empty
  /// (PEP 3333, "environ Variables").
  if (!("QUERY_STRING" in environ)) {
    warn(
      caution(
        "QUERY_STRING should be there even when it is empty",
        "none",
        PEP.environ,
      ),
    );
  }
}
