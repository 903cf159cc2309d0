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
export type StartResponse = (
  status: string,
  headers: HeaderList,
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

/** Anything that can be read from its current offset into a buffer, as `Deno.FsFile` and `Deno.Conn` can. */
export interface Reader {
  /** Reads up to `p.byteLength` bytes into `p`; resolves with their number, or with null at the end. */
  read(p: Uint8Array): Promise<number | null>;
  /** Releases what stands behind the reader. */
  close?(): void | Promise<void>;
}

/** What `wsgi.file_wrapper` takes. */
export type FileLike = ReadableStream<Uint8Array> | Reader;

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
 */
export interface WSGIEnvironment {
  /** The request method, as it was sent: `"GET"`, `"POST"`. */
  REQUEST_METHOD: string;
  /** The part of the path that led to this application: `""` at the root. */
  SCRIPT_NAME: string;
  /** The rest of the path, percent-decoded to bytes. */
  PATH_INFO: string;
  /** What follows the `?` in the target, undecoded; `""` without one. */
  QUERY_STRING: string;
  /** The request's media type; `wsgiref` says `"text/plain"` when the client said nothing. */
  CONTENT_TYPE?: string;
  /** The number of bytes in the body, in decimal digits; `""` when it is not known. */
  CONTENT_LENGTH?: string;
  /** The server's name. */
  SERVER_NAME: string;
  /** The server's port, in decimal digits. */
  SERVER_PORT: string;
  /** The protocol of the request: `"HTTP/1.1"`. */
  SERVER_PROTOCOL: string;
  /** The server's software and version. */
  SERVER_SOFTWARE?: string;
  /** `"CGI/1.1"`. */
  GATEWAY_INTERFACE?: string;
  /** The client's address; `""` on a Unix socket. */
  REMOTE_ADDR?: string;
  /** The client's name; `""` when it was not looked up. */
  REMOTE_HOST?: string;
  /** The authenticated user, where the server in front has authenticated one. */
  REMOTE_USER?: string;
  /** The request target as it was sent, undecoded. */
  REQUEST_URI?: string;
  /** `"on"` behind TLS. */
  HTTPS?: string;
  /** `[1, 0]`. */
  "wsgi.version": [number, number];
  /** `"http"` or `"https"`. */
  "wsgi.url_scheme": string;
  /** The body of the request; ends where the body ends, fails where the body was cut short. */
  "wsgi.input": ReadableStream<Uint8Array>;
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
  /** Whatever a server or a middleware adds. */
  [key: string]: unknown;
}
