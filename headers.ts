/**
 * Response headers in order, case-insensitive, repeats allowed (Python's `wsgiref.headers`).
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
 * A mapping over a list of headers: names are compared without regard to case, order is kept, and a
 * name may stand several times. Setting and deleting change the list that it was made from, so a
 * middleware can pass that list on.
 *
 * What could split a response is refused on the way in: a name that is no token, and a control
 * character in a value (RFC 9110, sections 5.1 and 5.5).
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
 */
export class Headers implements Iterable<[name: string, value: string]> {
  #list: HeaderList;

  /**
   * Works on a list of headers.
   *
   * @param headers The list to work on; not copied.
   * @throws {TypeError} If `headers` is no array of pairs of strings, or one of them could not stand in a response.
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

  /** The number of headers, repeats counted. */
  get length(): number {
    return this.#list.length;
  }

  /** The first value of `name`, or null where there is none. */
  get(name: string): string | null;
  /** The first value of `name`, or `default_value` where there is none. */
  get<Default>(name: string, default_value: Default): string | Default;
  get(name: string, default_value: unknown = null): unknown {
    for (const [key, value] of this.#list) {
      if (is_same(key, name)) return value;
    }
    return default_value;
  }

  /** All values of `name`, in order; an empty array where there is none. */
  get_all(name: string): string[] {
    return this.#list.filter(([key]) => is_same(key, name))
      .map(([, value]) => value);
  }

  /** Whether a header of that name is there. */
  has(name: string): boolean {
    return this.get(name) !== null;
  }

  /**
   * Puts one header in the place of all of that name; it goes to the end.
   *
   * @throws {TypeError} If the header could not stand in a response.
   */
  set(name: string, value: string): void {
    check_header(name, value);
    this.delete(name);
    this.#list.push([name, value]);
  }

  /** Removes every header of that name; it is no error where there is none. */
  delete(name: string): void {
    if (!this.has(name)) return;
    let kept = 0;
    for (const header of this.#list) {
      if (!is_same(header[0], name)) this.#list[kept++] = header;
    }
    this.#list.length = kept;
  }

  /**
   * The first value of `name`; where there is none, the header is added with `value`.
   *
   * @throws {TypeError} If the header could not stand in a response.
   */
  setdefault(name: string, value: string): string {
    const present = this.get(name);
    if (present !== null) return present;
    check_header(name, value);
    this.#list.push([name, value]);
    return value;
  }

  /**
   * Adds a header beside those of the same name, with parameters: `name: value; key="param"`.
   *
   * @param name The header's name.
   * @param value The value before the parameters; null leaves it out.
   * @param params The parameters. An underscore in a key becomes a hyphen; null or an empty string
   * gives the key alone; quotes and backslashes in a value are escaped.
   * @throws {TypeError} If the header could not stand in a response.
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

  /** The names in order, repeats included. */
  keys(): string[] {
    return this.#list.map(([name]) => name);
  }

  /** The values in order. */
  values(): string[] {
    return this.#list.map(([, value]) => value);
  }

  /** The pairs in order, as a list of its own. */
  items(): HeaderList {
    return this.#list.map(([name, value]) => [name, value]);
  }

  /** The pairs in order. */
  [Symbol.iterator](): Iterator<[name: string, value: string]> {
    return this.items()[Symbol.iterator]();
  }

  /** The headers as they stand in a response, with the empty line that ends them. */
  toString(): string {
    let text = "";
    for (const [name, value] of this.#list) text += `${name}: ${value}\r\n`;
    return text + "\r\n";
  }

  /**
   * What `toString()` gives, in ISO-8859-1.
   *
   * @throws {TypeError} If a value holds a character above U+00FF.
   */
  to_bytes(): Uint8Array<ArrayBuffer> {
    return encode_latin1(this.toString());
  }
}

/** Whether two names are the same but for case; most differ in length already. */
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
