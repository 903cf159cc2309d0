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

/** Response headers in order, names repeated where they repeat (PEP 3333, "The start_response() Callable"). */
export type HeaderList = [name: string, value: string][];

/** A status in a literal: three digits, a space and a reason, `"200 OK"`. */
export type Status = `${number} ${string}`;

/** The status that `start_response` takes: of a literal it is seen whether it is one, of any other string it is not. */
export type StatusArgument<Given extends string> = string extends Given ? string
  : Given extends Status ? Given
  : Status;

/**
 * The headers that `start_response` takes: a `HeaderList`, and also `string[][]`, which is what TypeScript infers for
 * a variable with a list of pairs in it. Whoever stands in for `start_response` gets a `HeaderList`.
 */
// Of a conditional type that is not resolved, TypeScript leaves a branch of `any` out: a `HeaderList` remains.
export type HeadersArgument<Given> = Given extends HeaderList ? Given
  : Given extends string[][]
  // deno-lint-ignore no-explicit-any
    ? string[][] extends Given ? any : HeaderList
  : HeaderList;

/**
 * Sends a part of the body at once: what `start_response` returns.
 *
 * The promise settles when the client can take more, and rejects when the client has gone or when
 * the data would exceed the response's `Content-Length`.
 */
export type Write = (data: Uint8Array) => Promise<void>;

/**
 * Begins the response (PEP 3333, "The start_response() Callable").
 *
 * `status` is three digits, a space and a reason. `exc_info` is the value that was thrown, given when
 * the call replaces a response already begun; it is thrown again if the headers have already gone out.
 */
export type StartResponse = <Text extends string, List>(
  status: StatusArgument<Text>,
  headers: HeadersArgument<List>,
  exc_info?: unknown,
) => Write;

/**
 * What an application returns: the blocks of the body. An array, a generator, an async generator and
 * a `ReadableStream` all fit. `close()`, where there is one, is called exactly once.
 */
export type WSGIResult =
  & (Iterable<Uint8Array> | AsyncIterable<Uint8Array>)
  & { close?(): void | Promise<void> };

/** An application: a plain function, an async function, or a generator of either kind. */
export type WSGIApplication = (
  environ: WSGIEnvironment,
  start_response: StartResponse,
) => WSGIResult | Promise<WSGIResult>;

/** `wsgi.errors`: text for the server's log (PEP 3333, "Input and Error Streams"). */
export interface ErrorStream {
  /** Writes `text` as it is; nothing is added to it. */
  write(text: string): void;
  /** Writes every string of `lines`, one after the other. */
  writelines(lines: Iterable<string>): void;
  /** Hands on what has been written so far. */
  flush(): void;
}

/** Anything that can be read from its current offset into a buffer, as `Deno.FsFile`, `Deno.Conn` and Node's `FileHandle` can. */
export interface Reader {
  /**
   * Reads up to `p.byteLength` bytes into `p`; resolves with their number, or with null at the end. Node's `FileHandle`
   * resolves with an object that has the number, which is 0 at the end.
   */
  read(p: Uint8Array): Promise<number | { bytesRead: number } | null>;
  /** Releases what stands behind the reader. */
  close?(): void | Promise<void>;
}

/** A stream of bytes as Node has it: a `Readable` of `node:stream`, such as `fs.createReadStream()` gives. */
export interface NodeStream extends AsyncIterable<Uint8Array> {
  /** Lets go of what stands behind the stream. */
  destroy(): unknown;
  /** Has `listener` called with what the stream fails with, which ends the process if there is none. */
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** What `wsgi.file_wrapper` takes. */
export type FileLike = ReadableStream<Uint8Array> | Reader | NodeStream;

/** What `wsgi.file_wrapper` gives: the blocks of a file, as an application returns them. */
export interface FileIterable extends AsyncIterable<Uint8Array> {
  /** Closes the file. */
  close(): void | Promise<void>;
}

/**
 * The environ of a request: a plain object that the application owns and may change
 * (PEP 3333, "environ Variables").
 *
 * Every string holds one byte a character (U+0000 to U+00FF), as PEP 3333's native strings do.
 *
 * A name that is not listed is taken for a mistake, unless it is a header's or has a dot in it, as PEP 3333 asks of the
 * variables of servers and middleware. An application that is given more, by `SetEnv`, `fastcgi_param` or the
 * environment of the process, says so in its parameter; one that looks at all of them takes `Object.entries(environ)`,
 * or has them as a `Record<string, unknown>`.
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
 */
// No interface: only a type alias can be given where a `Record<string, unknown>` is expected.
export type WSGIEnvironment = {
  /** The request method, as it was sent: `"GET"`, `"POST"`. */
  REQUEST_METHOD: string;
  /** The part of the path that led to this application: `""` at the root. */
  SCRIPT_NAME: string;
  /** The rest of the path, percent-decoded to bytes; `decode_native` makes text of it. */
  PATH_INFO: string;
  /** What follows the `?` in the target, undecoded; `""` without one. */
  QUERY_STRING: string;
  /** The request's media type; `wsgiref` says `"text/plain"` when the client said nothing. */
  CONTENT_TYPE?: string;
  /** The number of bytes in the body, in decimal digits; `""` when it is not known. */
  CONTENT_LENGTH?: string;
  /** The server's name, or its address, one of IPv6 in brackets; never empty. */
  SERVER_NAME: string;
  /** The server's port, in decimal digits. */
  SERVER_PORT: string;
  /** The protocol of the request: `"HTTP/1.1"`; `"INCLUDED"` where a web server puts a document together (RFC 3875, section 4.1.16). */
  SERVER_PROTOCOL: string;
  /** The server's software and version. */
  SERVER_SOFTWARE?: string;
  /** The server's address, from web servers that say it. */
  SERVER_ADDR?: string;
  /** `"CGI/1.1"`. */
  GATEWAY_INTERFACE?: string;
  /** The client's address; `""` on a Unix socket. */
  REMOTE_ADDR?: string;
  /** The client's name; `""` when it was not looked up. */
  REMOTE_HOST?: string;
  /** The client's port, in decimal digits, from servers that say it; `""` on a Unix socket. */
  REMOTE_PORT?: string;
  /** The authenticated user, where the server in front has authenticated one. */
  REMOTE_USER?: string;
  /** How that user was authenticated: `"Basic"`. */
  AUTH_TYPE?: string;
  /** The request target as it was sent, undecoded. */
  REQUEST_URI?: string;
  /** The scheme that a web server says: `"http"`, `"https"`; `wsgi.url_scheme` is always there. */
  REQUEST_SCHEME?: string;
  /** `"on"` behind TLS. */
  HTTPS?: string;
  /** The folder of the web server's site. */
  DOCUMENT_ROOT?: string;
  /** `PATH_INFO` as a path of the web server's site (RFC 3875, section 4.1.6). */
  PATH_TRANSLATED?: string;
  /** The file of the script that a web server runs. */
  SCRIPT_FILENAME?: string;
  /** `[1, 0]`. */
  "wsgi.version": [number, number];
  /** `"http"` or `"https"`. */
  "wsgi.url_scheme": string;
  /** The body of the request; ends where the body ends, fails where the body was cut short. */
  get "wsgi.input"(): ReadableStream<Uint8Array<ArrayBuffer>>;
  /** A middleware may put any stream of bytes in its place. */
  set "wsgi.input"(body: ReadableStream<Uint8Array>);
  /** True: `wsgi.input` ends by itself, whatever `CONTENT_LENGTH` says. */
  "wsgi.input_terminated": boolean;
  /** The error log. */
  "wsgi.errors": ErrorStream;
  /** Whether the application may be called while another call of it is under way on another thread. */
  "wsgi.multithread": boolean;
  /** Whether other processes may run the same application. */
  "wsgi.multiprocess": boolean;
  /** Whether this process serves this one request only. */
  "wsgi.run_once": boolean;
  /** Makes a result of a file, which the server can send its best way. */
  "wsgi.file_wrapper"?: (
    filelike: FileLike,
    block_size?: number,
  ) => FileIterable;
  /** A request header: `HTTP_USER_AGENT`, `HTTP_COOKIE`. */
  [header: `HTTP_${string}`]: string | undefined;
  /** What a web server says of TLS: `SSL_PROTOCOL`, `SSL_CLIENT_S_DN`. */
  [variable: `SSL_${string}`]: string | undefined;
  /** What Apache says of the request that it redirected within: `REDIRECT_STATUS`, `REDIRECT_URL`. */
  [variable: `REDIRECT_${string}`]: string | undefined;
  /** Whatever a server or a middleware adds: `wsgiorg.routing_args`. */
  [name: `${string}.${string}`]: unknown;
};
