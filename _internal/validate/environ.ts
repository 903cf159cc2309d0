/** Checks of the environ: the server's part of the contract. */

import type { WSGIEnvironment } from "../../types.ts";
import {
  caution,
  DIGITS,
  NOT_BYTES,
  PEP,
  show,
  TOKEN,
  violation,
  type Warn,
} from "./report.ts";

type Environ = Record<string, unknown>;

/**
 * Checks a whole environ.
 *
 * @param warn Receives the warnings; called only if there is no error.
 * @throws {WSGIError} On the first violation.
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
  /// environ: The environ must be a plain object, not an instance of a class or
  /// a `Map` (PEP 3333, "environ Variables").
  if (!is_plain(environ)) {
    throw violation(
      "the environ must be a plain object",
      show(environ),
      PEP.environ,
    );
  }
  /// environ: It must be mutable: the application may add, replace and delete
  /// variables (PEP 3333, "environ Variables").
  if (!Object.isExtensible(environ)) {
    throw violation(
      "the environ must be mutable",
      "a frozen or sealed object",
      PEP.environ,
    );
  }
  for (const key of Reflect.ownKeys(environ)) {
    /// environ: Its keys must be enumerable strings, so that a copy of it is
    /// complete (PEP 3333, "environ Variables").
    if (typeof key !== "string") {
      throw violation(
        "the keys of the environ must be strings",
        String(key),
        PEP.environ,
      );
    }
    if (!Object.prototype.propertyIsEnumerable.call(environ, key)) {
      throw violation(
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
      throw violation(
        `${key} must be a string`,
        `${
          show(value)
        }: only a variable with a dot in its name may be anything else`,
        PEP.environ,
      );
    }
    /// environ: Such a string must hold one byte per character, U+0000 to
    /// U+00FF (PEP 3333, "Unicode Issues").
    if (NOT_BYTES.test(value)) {
      throw violation(
        `${key} must hold one byte per character, U+0000 to U+00FF`,
        show(value),
        PEP.strings,
      );
    }
  }
}

function check_request(environ: Environ): void {
  const { REQUEST_METHOD: method, SERVER_PROTOCOL: protocol } = environ;
  /// environ: `REQUEST_METHOD` must be present, and be a token (PEP 3333,
  /// "environ Variables").
  if (typeof method !== "string" || !TOKEN.test(method)) {
    throw violation(
      'REQUEST_METHOD must be present and be a token, such as "GET"',
      got(environ, "REQUEST_METHOD"),
      PEP.environ,
    );
  }
  /// environ: `SERVER_PROTOCOL` must be present: a token, followed by a slash
  /// and a version if it has one; `INCLUDED` stands for a server-side include
  /// (RFC 3875, section 4.1.16).
  if (typeof protocol !== "string" || !is_protocol(protocol)) {
    throw violation(
      'SERVER_PROTOCOL must be present and be a protocol, such as "HTTP/1.1"',
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
  /// environ: `SERVER_NAME` must be present and not empty (PEP 3333, "environ
  /// Variables").
  if (name === undefined || name === "") {
    throw violation(
      "SERVER_NAME must be present and not empty",
      got(environ, "SERVER_NAME"),
      PEP.environ,
    );
  }
  /// environ: `SERVER_PORT` must be present, and consist of decimal digits (PEP
  /// 3333, "environ Variables").
  if (typeof port !== "string" || !DIGITS.test(port)) {
    throw violation(
      "SERVER_PORT must be present and be decimal digits",
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
    throw violation(
      'SCRIPT_NAME must be empty or begin with "/"',
      show(script),
      PEP.environ,
    );
  }
  /// environ: `SCRIPT_NAME` must not be a slash alone: that slash belongs to
  /// `PATH_INFO` (PEP 3333, "environ Variables").
  if (script === "/") {
    throw violation(
      'SCRIPT_NAME must be "" where the application is at the root, and PATH_INFO begin with the slash',
      '"/"',
      PEP.environ,
    );
  }
  /// environ: `PATH_INFO` must be empty or begin with a slash; for `OPTIONS` it
  /// may be `*` (PEP 3333, "environ Variables").
  const asterisk = path === "*" && environ.REQUEST_METHOD === "OPTIONS";
  if (path !== "" && !path.startsWith("/") && !asterisk) {
    throw violation(
      'PATH_INFO must be empty or begin with "/", or be "*" for OPTIONS',
      show(path),
      PEP.environ,
    );
  }
  /// environ: `SCRIPT_NAME` and `PATH_INFO` must not both be empty
  /// (PEP 3333, "environ Variables").
  if (script === "" && path === "") {
    throw violation(
      "SCRIPT_NAME and PATH_INFO must not both be empty",
      'no path at all: at the root PATH_INFO is "/"',
      PEP.environ,
    );
  }
}

function check_content(environ: Environ): void {
  const { CONTENT_LENGTH: length = "" } = environ;
  /// environ: `CONTENT_LENGTH` must be decimal digits, empty or absent (PEP
  /// 3333, "environ Variables").
  if (length !== "" && !DIGITS.test(String(length))) {
    throw violation(
      "CONTENT_LENGTH must be decimal digits, empty or left out",
      show(length),
      PEP.environ,
    );
  }
  /// environ: `HTTP_CONTENT_TYPE` and `HTTP_CONTENT_LENGTH` must be absent:
  /// these two headers are `CONTENT_TYPE` and `CONTENT_LENGTH` (PEP 3333,
  /// "environ Variables").
  for (const key of ["CONTENT_TYPE", "CONTENT_LENGTH"]) {
    if (!(`HTTP_${key}` in environ)) continue;
    throw violation(
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
    throw violation(
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
    throw violation(
      'wsgi.url_scheme must be "http" or "https"',
      got(environ, "wsgi.url_scheme"),
      PEP.environ,
    );
  }
  /// environ: `wsgi.file_wrapper` must be a function if it is present (PEP
  /// 3333, "Optional Platform-Specific File Handling").
  const key = "wsgi.file_wrapper";
  if (key in environ && typeof environ[key] !== "function") {
    throw violation(
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
    throw violation(
      `${key} must be true or false`,
      got(environ, key),
      PEP.environ,
    );
  }
  /// environ: `wsgi.input_terminated` must be true if it is present: the input
  /// ends at the end of the body (PEP 3333, "Input and Error Streams").
  const key = "wsgi.input_terminated";
  if (key in environ && environ[key] !== true) {
    throw violation(
      "wsgi.input_terminated must be true or left out",
      got(environ, key),
      PEP.streams,
    );
  }
}

function check_streams(environ: Environ): void {
  const { "wsgi.input": input, "wsgi.errors": errors } = environ;
  /// environ: `wsgi.input` must be an unlocked `ReadableStream`, even for a
  /// request without a body (PEP 3333, "Input and Error Streams").
  if (!(input instanceof ReadableStream)) {
    throw violation(
      "wsgi.input must be a ReadableStream",
      got(environ, "wsgi.input"),
      PEP.streams,
    );
  }
  if (input.locked) {
    throw violation(
      "wsgi.input must not be locked",
      "a locked stream",
      PEP.streams,
    );
  }
  /// environ: `wsgi.errors` must have `write()`, `writelines()` and `flush()`
  /// (PEP 3333, "Input and Error Streams").
  const missing = ["write", "writelines", "flush"].filter((method) =>
    typeof (errors as Environ | null | undefined)?.[method] !== "function"
  );
  if (missing.length > 0) {
    throw violation(
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
  /// environ: `REQUEST_METHOD` should be one in common use, in upper case (RFC
  /// 9110, section 9.1).
  if (!METHODS.has(String(environ.REQUEST_METHOD))) {
    warn(
      caution(
        "REQUEST_METHOD should be a method in common use",
        show(environ.REQUEST_METHOD),
        "RFC 9110, section 9.1",
      ),
    );
  }
  /// environ: `QUERY_STRING` should be present even if it is empty (PEP 3333,
  /// "environ Variables").
  if (!("QUERY_STRING" in environ)) {
    warn(
      caution(
        "QUERY_STRING should be present even if it is empty",
        "none",
        PEP.environ,
      ),
    );
  }
}
