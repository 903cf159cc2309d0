/**
 * The contract of PEP 3333 between a server and an application, as types
 * (Python's `wsgiref.types`).
 *
 * @example
 * ```ts
 * import type { WSGIApplication } from "@tsgi/serve/types";
 *
 * const app: WSGIApplication = (_environ, start_response) => {
 *   start_response("200 OK", [["Content-Type", "text/plain"]]);
 *   return [new TextEncoder().encode("Hello")];
 * };
 * ```
 *
 * @module
 */

/**
 * Response headers in order; a name may be repeated (PEP 3333, "The start_response() Callable").
 *
 * @category Types
 */
export type HeaderList = [name: string, value: string][];

/**
 * A literal status: three digits, a space and a reason, such as `"200 OK"`.
 *
 * @category Types
 */
export type Status = `${number} ${string}`;

/**
 * The status that `start_response` takes: a literal is checked at compile time, any other string is not.
 *
 * @category Types
 */
export type StatusArgument<Given extends string> = string extends Given ? string
  : Given extends Status ? Given
  : Status;

/**
 * The headers that `start_response` takes: a `HeaderList`, or `string[][]`, which TypeScript infers for a variable that
 * holds a list of pairs. An implementation of `start_response` receives a `HeaderList`.
 *
 * @category Types
 */
// In an unresolved conditional type, TypeScript drops the `any` branch, which leaves a `HeaderList`.
export type HeadersArgument<Given> = Given extends HeaderList ? Given
  : Given extends string[][]
  // deno-lint-ignore no-explicit-any
    ? string[][] extends Given ? any : HeaderList
  : HeaderList;

/**
 * Sends part of the body at once: returned by `start_response`.
 *
 * The promise resolves when the client can take more. It rejects if the client has disconnected or the data would
 * exceed the response's `Content-Length`. Data of calls that are not awaited is sent in order, before the result.
 *
 * @category Types
 */
export type Write = (data: Uint8Array) => Promise<void>;

/**
 * Begins the response (PEP 3333, "The start_response() Callable").
 *
 * `status` is three digits, a space and a reason. `exc_info` is the error that was thrown, passed to replace a response
 * that has already begun; it is rethrown if the headers have already been sent.
 *
 * @category Types
 */
export type StartResponse = <Text extends string, List>(
  status: StatusArgument<Text>,
  headers: HeadersArgument<List>,
  exc_info?: unknown,
) => Write;

/**
 * What an application returns: the blocks of the body, as an array, a generator, an async generator or a
 * `ReadableStream`. If it has a `close()`, that is called exactly once.
 *
 * @category Types
 */
export type WSGIResult =
  & (Iterable<Uint8Array> | AsyncIterable<Uint8Array>)
  & { close?(): void | Promise<void> };

/**
 * A WSGI application: a function, an async function, or a generator of either kind.
 *
 * @category Essentials
 */
export type WSGIApplication = (
  environ: WSGIEnvironment,
  start_response: StartResponse,
) => WSGIResult | Promise<WSGIResult>;

/**
 * `wsgi.errors`: text for the server's log (PEP 3333, "Input and Error Streams").
 *
 * @category Types
 */
export interface ErrorStream {
  /** Writes `text` unchanged, without a line break. */
  write(text: string): void;
  /** Writes each string of `lines` in order. */
  writelines(lines: Iterable<string>): void;
  /** Flushes what has been written so far. */
  flush(): void;
}

/**
 * Anything that can be read into a buffer from its current offset, such as `Deno.FsFile`, `Deno.Conn` and Node's
 * `FileHandle`.
 *
 * @category Types
 */
export interface Reader {
  /**
   * Reads up to `p.byteLength` bytes into `p`; resolves to their number, or to null at the end. Node's `FileHandle`
   * resolves with an object that has the number, which is 0 at the end.
   */
  read(p: Uint8Array): Promise<number | { bytesRead: number } | null>;
  /** Releases the resources behind the reader. */
  close?(): void | Promise<void>;
}

/**
 * A stream of bytes as Node has it: a `Readable` of `node:stream`, such as `fs.createReadStream()` gives.
 *
 * @category Types
 */
export interface NodeStream extends AsyncIterable<Uint8Array> {
  /** Lets go of what stands behind the stream. */
  destroy(): unknown;
  /** Has `listener` called with what the stream fails with, which ends the process if there is none. */
  on(event: "error", listener: (error: Error) => void): unknown;
}

/**
 * What `wsgi.file_wrapper` takes.
 *
 * @category Types
 */
export type FileLike = ReadableStream<Uint8Array> | Reader | NodeStream;

/**
 * What `wsgi.file_wrapper` returns: the blocks of a file, ready to be returned by an application.
 *
 * @category Types
 */
export interface FileIterable extends AsyncIterable<Uint8Array> {
  /** Closes the file. */
  close(): void | Promise<void>;
}

/**
 * The environ of a request: a plain object that the application owns and may modify (PEP 3333, "environ Variables").
 *
 * Every string holds one byte per character (U+0000 to U+00FF), like PEP 3333's native strings.
 *
 * A name that is not listed is a type error, unless it is that of a header or contains a dot, which PEP 3333 requires
 * in variables of servers and middleware. An application that receives others, from `SetEnv`, `fastcgi_param` or the
 * environment of the process, declares them in the type of its parameter; one that reads all of them uses
 * `Object.entries(environ)`, or treats the environ as a `Record<string, unknown>`.
 *
 * @example A variable that the web server sets
 * ```ts
 * import type { StartResponse, WSGIApplication, WSGIEnvironment } from "@tsgi/serve/types";
 *
 * type Environment = WSGIEnvironment & { DATABASE_URL?: string };
 *
 * function app(environ: Environment, start_response: StartResponse) {
 *   start_response("200 OK", [["Content-Type", "text/plain"]]);
 *   return [new TextEncoder().encode(environ.DATABASE_URL ?? "none")];
 * }
 *
 * export default app satisfies WSGIApplication;
 * ```
 *
 * @category Types
 */
// Not an interface: only a type alias is assignable to `Record<string, unknown>`.
export type WSGIEnvironment = {
  /** The request method, as it was sent: `"GET"`, `"POST"`. */
  REQUEST_METHOD: string;
  /** The part of the path that led to this application: `""` at the root. */
  SCRIPT_NAME: string;
  /** The rest of the path, percent-decoded to bytes; `decode_native` turns it into text. */
  PATH_INFO: string;
  /** What follows the `?` in the request target, not decoded; `""` without one. */
  QUERY_STRING: string;
  /** The request's media type; `wsgiref` sets `"text/plain"` if the client sent none. */
  CONTENT_TYPE?: string;
  /** The number of bytes in the body, in decimal digits; `""` if it is not known. */
  CONTENT_LENGTH?: string;
  /** The server's name or address, with IPv6 in brackets; never empty. */
  SERVER_NAME: string;
  /** The server's port, in decimal digits. */
  SERVER_PORT: string;
  /** The protocol of the request: `"HTTP/1.1"`, or `"INCLUDED"` in a server-side include (RFC 3875, section 4.1.16). */
  SERVER_PROTOCOL: string;
  /** The server's software and version. */
  SERVER_SOFTWARE?: string;
  /** The server's address, if the web server sets it. */
  SERVER_ADDR?: string;
  /** `"CGI/1.1"`. */
  GATEWAY_INTERFACE?: string;
  /** The client's address; `""` on a Unix socket. */
  REMOTE_ADDR?: string;
  /** The client's host name; `""` if it was not looked up. */
  REMOTE_HOST?: string;
  /** The client's port, in decimal digits, if the server sets it; `""` on a Unix socket. */
  REMOTE_PORT?: string;
  /** The user, if the web server in front has authenticated one. */
  REMOTE_USER?: string;
  /** How that user was authenticated: `"Basic"`. */
  AUTH_TYPE?: string;
  /** The request target as it was sent, not decoded. */
  REQUEST_URI?: string;
  /** The scheme, if the web server sets it: `"http"` or `"https"`. `wsgi.url_scheme` is always there. */
  REQUEST_SCHEME?: string;
  /** `"on"` for a request over TLS. */
  HTTPS?: string;
  /** The document root of the web server's site. */
  DOCUMENT_ROOT?: string;
  /** `PATH_INFO` mapped to a path below the document root (RFC 3875, section 4.1.6). */
  PATH_TRANSLATED?: string;
  /** The path of the CGI script. */
  SCRIPT_FILENAME?: string;
  /** `[1, 0]`. */
  "wsgi.version": [number, number];
  /** `"http"` or `"https"`. */
  "wsgi.url_scheme": string;
  /** The body of the request: it ends where the body ends, and fails if the body is truncated. */
  get "wsgi.input"(): ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Middleware may replace it with any stream of bytes. */
  set "wsgi.input"(body: ReadableStream<Uint8Array>);
  /** True: `wsgi.input` ends at the end of the body, whatever `CONTENT_LENGTH` says. */
  "wsgi.input_terminated": boolean;
  /** The error log. */
  "wsgi.errors": ErrorStream;
  /** Whether the application may be called while another thread is running it. */
  "wsgi.multithread": boolean;
  /** Whether other processes may run the same application. */
  "wsgi.multiprocess": boolean;
  /** Whether this process serves this one request only. */
  "wsgi.run_once": boolean;
  /** Turns a file into a result that the server can send efficiently. */
  "wsgi.file_wrapper"?: (
    filelike: FileLike,
    block_size?: number,
  ) => FileIterable;
  /** A request header, such as `HTTP_USER_AGENT` or `HTTP_COOKIE`. */
  [header: `HTTP_${string}`]: string | undefined;
  /** TLS details from the web server, such as `SSL_PROTOCOL` and `SSL_CLIENT_S_DN`. */
  [variable: `SSL_${string}`]: string | undefined;
  /** Details of Apache's internal redirects, such as `REDIRECT_STATUS` and `REDIRECT_URL`. */
  [variable: `REDIRECT_${string}`]: string | undefined;
  /** Variables of servers and middleware, such as `wsgiorg.routing_args`. */
  [name: `${string}.${string}`]: unknown;
};
