/**
 * Helpers for servers, applications and middleware (Python's `wsgiref.util`).
 *
 * @example
 * ```ts
 * import { request_uri, setup_testing_defaults } from "@tsgi/serve/util";
 * import { assertEquals } from "@std/assert";
 *
 * const environ = { PATH_INFO: "/hello world", QUERY_STRING: "a=b" };
 * setup_testing_defaults(environ);
 * assertEquals(request_uri(environ), "http://127.0.0.1/hello%20world?a=b");
 * ```
 *
 * @module
 */

import { empty_body } from "./_internal/streams/body.ts";
import { encode_latin1, is_ascii } from "./_internal/text/bytes.ts";
import { describe } from "./_internal/text/check.ts";
import { TextErrorStream } from "./_internal/streams/error_stream.ts";
import {
  file_blocks,
  type FileBlocks,
} from "./_internal/streams/file_blocks.ts";
import { quote } from "./_internal/text/quote.ts";
import type { FileIterable, FileLike, WSGIEnvironment } from "./types.ts";

/**
 * An environ that may not be complete yet: any object with string keys.
 *
 * @category Utilities
 */
export type PartialEnvironment = Record<string, unknown>;

/** The value of a variable as text, `""` where it is missing. */
function text(environ: PartialEnvironment, key: string): string {
  const value = environ[key];
  return value === undefined || value === null ? "" : String(value);
}

/** The value of a variable that every environ has. */
function required(environ: PartialEnvironment, key: string): string {
  if (key in environ) return text(environ, key);
  throw new TypeError(`environ must have ${key}, got none`);
}

/**
 * Guesses the scheme of a request, `"http"` or `"https"`, from the `HTTPS` variable, which CGI servers set to `"yes"`,
 * `"on"` or `"1"`.
 *
 * @example
 * ```ts
 * import { guess_scheme } from "@tsgi/serve/util";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(guess_scheme({ HTTPS: "on" }), "https");
 * assertEquals(guess_scheme({}), "http");
 * ```
 *
 * @category Utilities
 */
export function guess_scheme(environ: PartialEnvironment): "http" | "https" {
  if (environ.HTTPS === undefined) return "http";
  return /^(yes|on|1)$/.test(text(environ, "HTTPS")) ? "https" : "http";
}

/**
 * Returns the URI of the application, without `PATH_INFO` and query (PEP 3333, "URL Reconstruction").
 *
 * @throws {TypeError} If `environ` lacks `wsgi.url_scheme`, or has no `HTTP_HOST` and lacks `SERVER_NAME` or
 * `SERVER_PORT`.
 *
 * @example
 * ```ts
 * import { application_uri } from "@tsgi/serve/util";
 * import { assertEquals } from "@std/assert";
 *
 * const environ = {
 *   "wsgi.url_scheme": "http",
 *   HTTP_HOST: "example.com",
 *   SCRIPT_NAME: "/blog",
 *   PATH_INFO: "/2026",
 * };
 * assertEquals(application_uri(environ), "http://example.com/blog");
 * ```
 *
 * @category Utilities
 */
export function application_uri(environ: PartialEnvironment): string {
  const scheme = required(environ, "wsgi.url_scheme");
  const script_name = text(environ, "SCRIPT_NAME") || "/";
  return `${scheme}://${authority(environ, scheme)}${quote(script_name)}`;
}

/** The default port of each scheme. */
const USUAL_PORTS: Record<string, string> = { http: "80", https: "443" };

/** The host and, unless it is the default, the port. */
function authority(environ: PartialEnvironment, scheme: string): string {
  const host = text(environ, "HTTP_HOST");
  if (host) return host;
  const name = required(environ, "SERVER_NAME");
  const port = required(environ, "SERVER_PORT");
  const usual = USUAL_PORTS[scheme === "https" ? "https" : "http"];
  return port === usual ? name : `${name}:${port}`;
}

/**
 * Returns the full URI of the request (PEP 3333, "URL Reconstruction").
 *
 * @param environ The environ of the request.
 * @param include_query Whether to include the query.
 * @throws {TypeError} As `application_uri` does.
 *
 * @example
 * ```ts
 * import { request_uri } from "@tsgi/serve/util";
 * import { assertEquals } from "@std/assert";
 *
 * const environ = {
 *   "wsgi.url_scheme": "https",
 *   HTTP_HOST: "example.com",
 *   SCRIPT_NAME: "/blog",
 *   PATH_INFO: "/2026",
 *   QUERY_STRING: "page=2",
 * };
 * assertEquals(request_uri(environ), "https://example.com/blog/2026?page=2");
 * assertEquals(request_uri(environ, false), "https://example.com/blog/2026");
 * ```
 *
 * @category Utilities
 */
export function request_uri(
  environ: PartialEnvironment,
  include_query = true,
): string {
  const path = quote(text(environ, "PATH_INFO"), "/;=,");
  const query = text(environ, "QUERY_STRING");
  // At the root, the application's URI already ends in the slash that PATH_INFO begins with.
  const rest = text(environ, "SCRIPT_NAME") ? path : path.slice(1);
  return application_uri(environ) + rest +
    (include_query && query ? `?${query}` : "");
}

/**
 * Moves the next segment of `PATH_INFO` to the end of `SCRIPT_NAME` and returns it, so that an application can dispatch
 * to another one mounted at that segment.
 *
 * Empty segments and `.` are skipped, `..` goes up one level. Modifies `environ`.
 *
 * @returns The segment; `""` if the path ends in a slash; null if nothing is left.
 *
 * @example
 * ```ts
 * import { shift_path_info } from "@tsgi/serve/util";
 * import { assertEquals } from "@std/assert";
 *
 * const environ = { SCRIPT_NAME: "", PATH_INFO: "/blog/2026" };
 * assertEquals(shift_path_info(environ), "blog");
 * assertEquals(environ, { SCRIPT_NAME: "/blog", PATH_INFO: "/2026" });
 * ```
 *
 * @category Utilities
 */
export function shift_path_info(environ: PartialEnvironment): string | null {
  const path_info = text(environ, "PATH_INFO");
  if (path_info === "") return null;
  const parts = path_info.split("/");
  if (parts.length === 1) {
    throw new RangeError(
      `PATH_INFO must begin with "/", got ${describe(path_info)}`,
    );
  }
  const middle = parts.slice(1, -1).filter((part) => part && part !== ".");
  const [first, segment, ...rest] = [parts[0]!, ...middle, parts.at(-1)!];

  const script_name = normalize(`${text(environ, "SCRIPT_NAME")}/${segment}`)
    .replace(/\/$/, "");
  // "/x/" and "/x" are different resources: a trailing slash is kept.
  const slash = segment === "" && !script_name.endsWith("/") ? "/" : "";
  environ.SCRIPT_NAME = script_name + slash;
  environ.PATH_INFO = [first, ...rest].join("/");
  return segment === "." ? null : segment!;
}

/** A path without empty segments, `.` and `..`; exactly two leading slashes are kept, as in POSIX. */
function normalize(path: string): string {
  const slashes = path.match(/^\/*/)![0];
  const root = slashes.length > 2 ? "/" : slashes;
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    // A relative path may go up; an absolute one cannot go above the root.
    const upward = root === "" && (segments.at(-1) ?? "..") === "..";
    if (segment === ".." && !upward) segments.pop();
    else segments.push(segment);
  }
  return root + segments.join("/") || ".";
}

/**
 * Fills in everything that `environ` lacks, so that a test can call an application without a server.
 *
 * The values are those of `wsgiref.util`: a `GET` of `/` on port 80 of 127.0.0.1 over HTTP/1.0. An empty `QUERY_STRING`
 * and `wsgi.input_terminated` are added. `wsgi.input` is empty, and `wsgi.errors` collects its text: read it with
 * `String(environ["wsgi.errors"])`.
 *
 * @example
 * ```ts
 * import { setup_testing_defaults } from "@tsgi/serve/util";
 * import { assertEquals } from "@std/assert";
 *
 * const environ = { REQUEST_METHOD: "POST" };
 * setup_testing_defaults(environ);
 * assertEquals(environ.REQUEST_METHOD, "POST");
 * assertEquals(environ.PATH_INFO, "/");
 * ```
 *
 * @category Utilities
 */
export function setup_testing_defaults(
  environ: PartialEnvironment,
): asserts environ is WSGIEnvironment {
  const setdefault = (key: string, value: unknown) => {
    if (!(key in environ)) environ[key] = value;
  };
  setdefault("SERVER_NAME", "127.0.0.1");
  setdefault("SERVER_PROTOCOL", "HTTP/1.0");
  setdefault("HTTP_HOST", environ.SERVER_NAME);
  setdefault("REQUEST_METHOD", "GET");
  if (!("SCRIPT_NAME" in environ) && !("PATH_INFO" in environ)) {
    setdefault("SCRIPT_NAME", "");
    setdefault("PATH_INFO", "/");
  }
  setdefault("QUERY_STRING", "");
  setdefault("wsgi.version", [1, 0]);
  setdefault("wsgi.run_once", false);
  setdefault("wsgi.multithread", false);
  setdefault("wsgi.multiprocess", false);
  setdefault("wsgi.input", empty_body());
  setdefault("wsgi.input_terminated", true);
  setdefault("wsgi.errors", new TextErrorStream());
  setdefault("wsgi.url_scheme", guess_scheme(environ));
  const port = USUAL_PORTS[environ["wsgi.url_scheme"] as string];
  if (port) setdefault("SERVER_PORT", port);
}

/** Keeps a byte order mark, because nothing that a client sent is to be lost. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Decodes a string of the environ, which holds one byte per character, from UTF-8 to text (PEP 3333, "Unicode Issues"):
 * `PATH_INFO`, `SCRIPT_NAME`, a header, or a user name.
 *
 * Bytes that are not UTF-8 become U+FFFD, so that a malformed path leads to a 404 instead of an error in the
 * application. To reject such input, look for that character.
 *
 * @param native The string from the environ.
 * @throws {TypeError} If it is not a string, or if a character is above U+00FF: then it is already text.
 *
 * @example
 * ```ts
 * import { decode_native } from "@tsgi/serve/util";
 * import { assertEquals } from "@std/assert";
 *
 * const environ = { PATH_INFO: "/caf\u00c3\u00a9" }; // The request was for /caf%C3%A9.
 * assertEquals(decode_native(environ.PATH_INFO), "/café");
 * assertEquals(decode_native("/caf\u00e9"), "/caf\ufffd"); // /caf%E9, which is ISO-8859-1.
 * ```
 *
 * @category Essentials
 */
export function decode_native(native: string): string {
  if (typeof native !== "string") {
    throw new TypeError(
      `a native string must be a string, got ${describe(native)}`,
    );
  }
  return is_ascii(native) ? native : decoder.decode(encode_latin1(native));
}

const encoder = new TextEncoder();

/**
 * Encodes text as UTF-8, as a block of a body. An application that sends it declares the encoding in its
 * `Content-Type`: `text/plain; charset=utf-8`.
 *
 * A lone surrogate, which UTF-8 cannot encode, becomes U+FFFD.
 *
 * @throws {TypeError} If `text` is not a string.
 *
 * @example
 * ```ts
 * import { decode_native, encode_text } from "@tsgi/serve/util";
 * import type { WSGIApplication } from "@tsgi/serve/types";
 *
 * const app: WSGIApplication = (environ, start_response) => {
 *   start_response("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
 *   return [encode_text(`This is ${decode_native(environ.PATH_INFO)}\n`)];
 * };
 * ```
 *
 * @category Essentials
 */
export function encode_text(text: string): Uint8Array<ArrayBuffer> {
  if (typeof text === "string") return encoder.encode(text);
  throw new TypeError(`text must be a string, got ${describe(text)}`);
}

/** The hop-by-hop headers, which only the server may set (RFC 2616, section 13.5.1). */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailers",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Returns whether a header is hop-by-hop, and so must not be sent by an application (PEP 3333, "Other HTTP Features").
 *
 * @example
 * ```ts
 * import { is_hop_by_hop } from "@tsgi/serve/util";
 * import { assert } from "@std/assert";
 *
 * assert(is_hop_by_hop("Transfer-Encoding"));
 * assert(!is_hop_by_hop("Content-Type"));
 * ```
 *
 * @category Utilities
 */
export function is_hop_by_hop(header_name: string): boolean {
  return HOP_BY_HOP.has(header_name.toLowerCase());
}

/**
 * Wraps a file as the result of an application: its blocks, from the current offset to the end, and its `close()` (PEP
 * 3333, "Optional Platform-Specific File Handling").
 *
 * @example
 * ```ts
 * import { FileWrapper } from "@tsgi/serve/util";
 * import { assertEquals } from "@std/assert";
 *
 * const stream = ReadableStream.from([new Uint8Array([1, 2]), new Uint8Array([3])]);
 * const blocks = await Array.fromAsync(new FileWrapper(stream));
 * assertEquals(blocks, [new Uint8Array([1, 2]), new Uint8Array([3])]);
 * ```
 *
 * @category Utilities
 */
export class FileWrapper implements FileIterable {
  /** What was wrapped. */
  readonly filelike: FileLike;
  /** The size of the blocks that are read, in bytes; the chunks of a stream are kept as they are. */
  readonly blksize: number;

  #blocks: FileBlocks;

  /**
   * Wraps a file.
   *
   * @param filelike A `ReadableStream` of bytes, anything with `read(p)`, such as a `Deno.FsFile`, or Node's
   * `FileHandle` or `Readable`.
   * @param blksize The size of a block in bytes, 1 or more.
   * @throws {TypeError} If `filelike` is none of these.
   * @throws {RangeError} If `blksize` is not a whole number above 0.
   */
  constructor(filelike: FileLike, blksize = 8192) {
    if (!Number.isInteger(blksize) || blksize < 1) {
      throw new RangeError(
        `blksize must be a whole number above 0, got ${describe(blksize)}`,
      );
    }
    this.#blocks = file_blocks(filelike, blksize);
    this.filelike = filelike;
    this.blksize = blksize;
  }

  /** The wrapper itself, which is its own iterator. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this;
  }

  /**
   * Reads the next block, which is never empty.
   *
   * @throws {TypeError} If the file's `read()` returns neither null nor a number from 0 to the size of a block.
   * @throws {Error} If it keeps returning 0.
   */
  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const block = await this.#blocks.next();
    return block ? { done: false, value: block } : END;
  }

  /** Closes the file: cancels or destroys a stream, and calls the `close()` of anything else that has one. */
  async close(): Promise<void> {
    await this.#blocks.close();
  }
}

const END = { done: true, value: undefined } as const;
