/**
 * Response headers: ordered, case-insensitive, with repeated names (Python's `wsgiref.headers`).
 *
 * @example
 * ```ts
 * import { Headers } from "@tsgi/serve/headers";
 * import { assertEquals } from "@std/assert";
 *
 * const headers = new Headers([["Content-Type", "text/plain"]]);
 * headers.add_header("Content-Disposition", "attachment", { filename: "a.txt" });
 * assertEquals(headers.get("content-disposition"), 'attachment; filename="a.txt"');
 * ```
 *
 * @module
 */

import { encode_latin1 } from "./_internal/text/bytes.ts";
import { check_header, describe } from "./_internal/text/check.ts";
import { refusal } from "./_internal/text/frames.ts";
import { remedy_of_headers } from "./_internal/text/remedies.ts";
import type { HeaderList } from "./types.ts";

/**
 * A mapping over a list of headers: names are case-insensitive, order is kept, and names may be repeated. It modifies
 * the list that it was made from, so middleware can pass that list on.
 *
 * It rejects anything that could split a response: a name that is not a token, or a control character in a value (RFC
 * 9110, sections 5.1 and 5.5).
 *
 * @example
 * ```ts
 * import { Headers } from "@tsgi/serve/headers";
 * import { assertEquals } from "@std/assert";
 *
 * const headers = new Headers();
 * headers.set("X-Frame-Options", "DENY");
 * headers.setdefault("x-frame-options", "SAMEORIGIN");
 * assertEquals(headers.items(), [["X-Frame-Options", "DENY"]]);
 * assertEquals(String(headers), "X-Frame-Options: DENY\r\n\r\n");
 * ```
 *
 * @category Utilities
 */
export class Headers implements Iterable<[name: string, value: string]> {
  #list: HeaderList;

  /**
   * Wraps a list of headers.
   *
   * @param headers The list to wrap; it is not copied.
   * @throws {TypeError} If `headers` is not an array of pairs of strings, or one of them is not valid in a response.
   */
  constructor(headers: HeaderList = []) {
    if (!Array.isArray(headers)) {
      throw refusal(
        `headers must be an array of [name, value], got ${describe(headers)}${
          remedy_of_headers(headers)
        }`,
      );
    }
    for (const header of headers) {
      if (!Array.isArray(header) || header.length !== 2) {
        throw refusal(
          `a header must be a pair [name, value], got ${describe(header)}`,
        );
      }
      check_header(header[0], header[1]);
    }
    this.#list = headers;
  }

  /** The number of headers, including repeated names. */
  get length(): number {
    return this.#list.length;
  }

  /** Returns the first value of `name`, or null if there is none. */
  get(name: string): string | null;
  /** Returns the first value of `name`, or `default_value` if there is none. */
  get<Default>(name: string, default_value: Default): string | Default;
  get(name: string, default_value: unknown = null): unknown {
    for (const [key, value] of this.#list) {
      if (is_same(key, name)) return value;
    }
    return default_value;
  }

  /** Returns all values of `name` in order; an empty array if there are none. */
  get_all(name: string): string[] {
    return this.#list.filter(([key]) => is_same(key, name))
      .map(([, value]) => value);
  }

  /** Returns whether a header of that name exists. */
  has(name: string): boolean {
    return this.get(name) !== null;
  }

  /**
   * Replaces all headers of that name with one, at the end of the list.
   *
   * @throws {TypeError} If the header is not valid in a response.
   */
  set(name: string, value: string): void {
    check_header(name, value);
    this.delete(name);
    this.#list.push([name, value]);
  }

  /** Removes every header of that name, if there are any. */
  delete(name: string): void {
    if (!this.has(name)) return;
    let kept = 0;
    for (const header of this.#list) {
      if (!is_same(header[0], name)) this.#list[kept++] = header;
    }
    this.#list.length = kept;
  }

  /**
   * Returns the first value of `name`; if there is none, adds the header with `value`.
   *
   * @throws {TypeError} If the header is not valid in a response.
   */
  setdefault(name: string, value: string): string {
    const present = this.get(name);
    if (present !== null) return present;
    check_header(name, value);
    this.#list.push([name, value]);
    return value;
  }

  /**
   * Adds a header, keeping those of the same name, with optional parameters: `name: value; key="param"`.
   *
   * @param name The header's name.
   * @param value The value before the parameters; null leaves it out.
   * @param params The parameters. Underscores in a key become hyphens; null or an empty string gives the key alone;
   * quotes and backslashes in a value are escaped.
   * @throws {TypeError} If the header is not valid in a response.
   */
  add_header(
    name: string,
    value: string | null,
    params: Record<string, string | null> = {},
  ): void {
    const parts: string[] = [];
    if (value !== null) {
      check_header(name, value);
      parts.push(value);
    }
    for (const [key, param] of Object.entries(params)) {
      parts.push(format_param(name, key.replaceAll("_", "-"), param));
    }
    const whole = parts.join("; ");
    check_header(name, whole);
    this.#list.push([name, whole]);
  }

  /** Returns the names in order, including repeated ones. */
  keys(): string[] {
    return this.#list.map(([name]) => name);
  }

  /** Returns the values in order. */
  values(): string[] {
    return this.#list.map(([, value]) => value);
  }

  /** Returns the pairs in order, as a copy. */
  items(): HeaderList {
    return this.#list.map(([name, value]) => [name, value]);
  }

  /** Iterates over the pairs in order. */
  [Symbol.iterator](): Iterator<[name: string, value: string]> {
    return this.items()[Symbol.iterator]();
  }

  /** Returns the headers as sent in a response, including the empty line that ends them. */
  toString(): string {
    let text = "";
    for (const [name, value] of this.#list) text += `${name}: ${value}\r\n`;
    return text + "\r\n";
  }

  /**
   * Returns `toString()` encoded as ISO-8859-1.
   *
   * @throws {TypeError} If a value contains a character above U+00FF.
   */
  to_bytes(): Uint8Array<ArrayBuffer> {
    return encode_latin1(this.toString());
  }
}

/** Whether two names are equal except for case; most already differ in length. */
function is_same(a: string, b: string): boolean {
  return a.length === b.length && a.toLowerCase() === b.toLowerCase();
}

/** One parameter of a header, always quoted (RFC 9110, section 5.6.6). */
function format_param(
  header: string,
  key: string,
  value: string | null,
): string {
  if (value === null || value === "") return key;
  if (typeof value !== "string") {
    throw refusal(
      `the parameter ${key} of header ${header} must be a string or null, got ${
        describe(value)
      }`,
    );
  }
  return `${key}="${value.replace(/["\\]/g, "\\$&")}"`;
}
