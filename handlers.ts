/**
 * Handlers that run a WSGI application for one request, over any protocol (Python's `wsgiref.handlers`).
 *
 * - {@linkcode BaseHandler}: the steps of a request, completed by a subclass
 * - {@linkcode SimpleHandler}: over given streams and a given environ
 * - {@linkcode BaseCGIHandler}: the same for a web server, by the rules of CGI
 * - {@linkcode CGIHandler}, {@linkcode IISCGIHandler}: run this process as a CGI script
 * - {@linkcode ResponseHandler}: produces a `Response`
 *
 * @example A CGI script
 * ```ts ignore
 * import { CGIHandler } from "@tsgi/serve/handlers";
 * import { demo_app } from "@tsgi/serve/simple_server";
 *
 * await new CGIHandler().run(demo_app);
 * ```
 *
 * @module
 */

import { work_is_done } from "./_internal/background.ts";
import { BaseHandler } from "./_internal/handler/base_handler.ts";
import { define_later, is_still_to_come } from "./_internal/later.ts";
import { platform } from "./_internal/platform.ts";
import { type MaybePromise, unsettled } from "./_internal/promise.ts";
import { read_environ } from "./_internal/request/process_environ.ts";
import { complete, UNWANTED_VARIABLES } from "./_internal/request/variables.ts";
import {
  body_of,
  empty_body,
  parse_length,
  whole_body,
} from "./_internal/streams/body.ts";
import { console_to_stderr } from "./_internal/streams/console.ts";
import { stderr } from "./_internal/streams/error_stream.ts";
import { concat } from "./_internal/text/bytes.ts";
import { check_function } from "./_internal/text/check.ts";
import type { ErrorStream, WSGIApplication, WSGIEnvironment } from "./types.ts";

export { ResponseHandler } from "./_internal/handler/response_handler.ts";
export {
  type HeadersClass,
  ResponseWriter,
} from "./_internal/handler/response_writer.ts";
export { Transport } from "./_internal/handler/transport.ts";
export { BaseHandler } from "./_internal/handler/base_handler.ts";
export type { FileWrapperClass } from "./_internal/handler/file_wrapper.ts";
export type { MaybePromise } from "./_internal/promise.ts";
export { read_environ };

/**
 * The environ that a server provides: CGI variables, and anything else it adds.
 *
 * @category Handlers
 */
export type BaseEnvironment = Readonly<Record<string, unknown>>;

/**
 * A target for bytes, such as the writer of a stream.
 *
 * @category Handlers
 */
export interface ByteWriter {
  /** Writes all of `data`. Resolves when it can take more, or returns nothing if it already can. */
  write(data: Uint8Array): MaybePromise;
}

/**
 * Runs an application over the streams and the environ passed to its constructor. Its output is that of an origin
 * server.
 *
 * @example
 * ```ts
 * import { SimpleHandler } from "@tsgi/serve/handlers";
 * import { setup_testing_defaults } from "@tsgi/serve/util";
 * import { toText } from "@std/streams";
 * import { assertMatch } from "@std/assert";
 *
 * const environ = {};
 * setup_testing_defaults(environ);
 * const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
 * const output = toText(readable);
 * const handler = new SimpleHandler(
 *   environ["wsgi.input"],
 *   writable,
 *   environ["wsgi.errors"],
 *   environ,
 * );
 * await handler.run((_environ, start_response) => {
 *   start_response("200 OK", [["Content-Type", "text/plain"]]);
 *   return [new TextEncoder().encode("Hello")];
 * });
 * await writable.close();
 * assertMatch(await output, /^HTTP\/1.0 200 OK\r\nDate: .+\r\n\r\nHello$/s);
 * ```
 *
 * @category Handlers
 */
export class SimpleHandler extends BaseHandler {
  /** The body of the request, and anything after it. */
  stdin: ReadableStream<Uint8Array>;
  /** The output for the response; `run` leaves it open and unlocked. */
  stdout: WritableStream<Uint8Array> | ByteWriter;
  /** `wsgi.errors`. */
  stderr: ErrorStream;
  /** The variables of the request; they override `os_environ` in the environ. */
  base_env: BaseEnvironment;

  #kept: Uint8Array[] = [];
  #writer: ByteWriter & { releaseLock?(): void } | null = null;

  /**
   * Sets what the handler works on.
   *
   * @param stdin The request body; it ends after the `CONTENT_LENGTH` of `environ`.
   * @param stdout The output for the response.
   * @param stderr The log, which is also `wsgi.errors`.
   * @param environ The variables of the request; copied into the environ.
   * @param multithread `wsgi.multithread`.
   * @param multiprocess `wsgi.multiprocess`.
   */
  constructor(
    stdin: ReadableStream<Uint8Array>,
    stdout: WritableStream<Uint8Array> | ByteWriter,
    stderr: ErrorStream,
    environ: BaseEnvironment,
    multithread = true,
    multiprocess = false,
  ) {
    super();
    this.stdin = stdin;
    this.stdout = stdout;
    this.stderr = stderr;
    this.base_env = environ;
    this.wsgi_multithread = multithread;
    this.wsgi_multiprocess = multiprocess;
  }

  /** Runs `application`, then releases `stdout`. */
  override run(application: WSGIApplication): Promise<void> {
    const running = super.run(application);
    if (unsettled(running)) return running.finally(() => this.#let_go());
    this.#let_go();
    return running;
  }

  #let_go(): void {
    this.#writer?.releaseLock?.();
    this.#writer = null;
    this.#kept = [];
  }

  /** Returns the part of `stdin` that is this request's body. */
  override get_stdin(): ReadableStream<Uint8Array> {
    return body_of(this.stdin, this.environ?.CONTENT_LENGTH);
  }

  /** Returns `stderr`. */
  override get_stderr(): ErrorStream {
    return this.stderr;
  }

  /** Adds `base_env` to the environ, and fills in the variables that every environ must have. */
  override add_cgi_vars(): void {
    complete(Object.assign(this.environ!, this.base_env));
  }

  /** Buffers the bytes for `_flush`, so that the headers and the first block are sent together. */
  override _write(data: Uint8Array): MaybePromise {
    this.#kept.push(this.own(data));
  }

  /** Writes the buffered bytes; resolves when `stdout` has accepted them. */
  override _flush(): MaybePromise {
    if (this.#kept.length === 0) return;
    const data = concat(this.#kept);
    this.#kept = [];
    this.#writer ??= this.open_stdout();
    if (data.length > 0) return this.#writer.write(data);
  }

  /**
   * Writes the buffered bytes, if there are any.
   *
   * @ignore
   */
  protected override _end(): MaybePromise {
    if (this.#kept.length > 0) return this._flush();
  }

  /**
   * Returns what writes to `stdout`.
   *
   * @ignore
   */
  protected open_stdout(): ByteWriter {
    const { stdout } = this;
    if (!(stdout instanceof WritableStream)) return stdout;
    const is_process_stdout = platform.is_stdout(stdout) && !stdout.locked;
    return is_process_stdout ? process_stdout : stdout.getWriter();
  }
}

/** The number of bytes that fit into an empty pipe on any system. */
const ROOM = 4096;

let is_untouched = true;

/**
 * The process's stdout without its stream, whose first write takes a CGI script a millisecond. The first bytes, as many
 * as fit into an empty pipe, are written synchronously.
 */
const process_stdout: ByteWriter = {
  write(data: Uint8Array): MaybePromise {
    let sent = 0;
    if (is_untouched) sent = platform.write_stdout_sync(data.subarray(0, ROOM));
    is_untouched = false;
    if (sent < data.length) return write_to_stdout(data.subarray(sent));
  },
};

async function write_to_stdout(data: Uint8Array): Promise<void> {
  let sent = 0;
  while (sent < data.length) {
    sent += await platform.write_stdout(data.subarray(sent));
  }
}

/**
 * A `SimpleHandler` behind a web server: the response begins with a `Status:` line, as in CGI, SCGI and FastCGI (RFC
 * 3875, section 6.3.3).
 *
 * `HTTP_PROXY` is removed from the environ, and so are `HTTP_CONTENT_TYPE` and `HTTP_CONTENT_LENGTH`, which some
 * servers send in addition to `CONTENT_TYPE` and `CONTENT_LENGTH`.
 *
 * @example
 * ```ts
 * import { BaseCGIHandler } from "@tsgi/serve/handlers";
 * import { setup_testing_defaults } from "@tsgi/serve/util";
 * import { toText } from "@std/streams";
 * import { assertEquals } from "@std/assert";
 *
 * const environ = {};
 * setup_testing_defaults(environ);
 * const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
 * const output = toText(readable);
 * const handler = new BaseCGIHandler(
 *   environ["wsgi.input"],
 *   writable,
 *   environ["wsgi.errors"],
 *   environ,
 * );
 * await handler.run((_environ, start_response) => {
 *   start_response("204 No Content", []);
 *   return [];
 * });
 * await writable.close();
 * assertEquals(await output, "Status: 204 No Content\r\n\r\n");
 * ```
 *
 * @category Handlers
 */
export class BaseCGIHandler extends SimpleHandler {
  /** False: the web server sends the response to the client. */
  override origin_server = false;

  /** Adds `base_env` to the environ, without the variables that do not belong there. */
  override add_cgi_vars(): void {
    super.add_cgi_vars();
    const environ: Record<string, unknown> = this.environ!;
    for (const name of UNWANTED_VARIABLES) delete environ[name];
  }
}

/** In place of a stream that is created when it is needed. */
const LATER = null as never;

/**
 * Runs an application as a CGI script, with the stdin, stdout, stderr and environment of the process (RFC 3875).
 *
 * @example
 * ```ts ignore
 * import { CGIHandler } from "@tsgi/serve/handlers";
 *
 * await new CGIHandler().run((environ, start_response) => {
 *   start_response("200 OK", [["Content-Type", "text/plain"]]);
 *   return [new TextEncoder().encode(`Hello ${environ.REMOTE_ADDR}`)];
 * });
 * ```
 *
 * @category Essentials
 */
export class CGIHandler extends BaseCGIHandler {
  /** True: a CGI script serves one request. */
  override wsgi_run_once = true;
  /** Empty, because the variables of the request already include the environment. */
  override os_environ: Readonly<Record<string, string>> = {};

  /** The body of the request until it has been read; null if there is none. */
  #input: ReadableStream<Uint8Array> | null = null;

  /** Uses the streams and the environment of the process. */
  constructor() {
    super(LATER, LATER, stderr, read_environ(), false, true);
    define_later(this, "stdin", () => platform.stdin);
    define_later(this, "stdout", () => platform.stdout);
  }

  /**
   * Sets an empty `wsgi.input` only when somebody asks for it.
   *
   * @ignore
   */
  protected override set_input(environ: WSGIEnvironment): void {
    const is_stock = this.get_stdin === CGIHandler.prototype.get_stdin;
    if (!is_stock || this.#has_body()) return super.set_input(environ);
    define_later(environ, "wsgi.input", () => this.get_stdin());
  }

  /**
   * Returns what writes to `stdout`, which for that of the process is no stream.
   *
   * @ignore
   */
  protected override open_stdout(): ByteWriter {
    return is_still_to_come(this, "stdout")
      ? process_stdout
      : super.open_stdout();
  }

  /**
   * Runs `application`. `console.log()` writes to stderr, because stdout is the response. On SIGTERM, which web servers
   * send to a script that has responded or whose client has disconnected, the result is closed before the process
   * exits.
   */
  override async run(application: WSGIApplication): Promise<void> {
    check_function(application, "the application");
    console_to_stderr();
    const ended = this.#heed_termination(); // lighttpd sends SIGTERM as soon as it has the last byte.
    try {
      await super.run(application);
      await this.#drain();
      await work_is_done(); // The process has nothing else to do.
    } finally {
      ended();
    }
  }

  /** Returns the body of the request; if the web server does not know its length, it is all of stdin. */
  override get_stdin(): ReadableStream<Uint8Array> {
    if (!this.#has_body()) return empty_body();
    const { CONTENT_LENGTH } = this.environ!;
    return this.#input = CONTENT_LENGTH
      ? body_of(this.stdin, CONTENT_LENGTH, () => this.#input = null)
      : whole_body(this.stdin);
  }

  #has_body(): boolean {
    const { CONTENT_LENGTH, HTTP_TRANSFER_ENCODING } = this.environ!;
    return CONTENT_LENGTH
      ? (parse_length(CONTENT_LENGTH) ?? 0) > 0
      : HTTP_TRANSFER_ENCODING !== undefined;
  }

  /**
   * Reads the rest of the body, or of stdin if the application still holds the body: if stdin and stdout are the same
   * socket, exiting with unread data would discard the response.
   */
  async #drain(): Promise<void> {
    if (!this.#input) return;
    try {
      if (!this.#input.locked) {
        for await (const _block of this.#input);
      }
      const buffer = new Uint8Array(65536);
      while (this.#input && await platform.read_stdin(buffer) !== null);
    } catch {
      // The body, and so stdin, was truncated.
    }
  }

  /** Listens for SIGTERM until the process ends. Call the returned function when the request has ended. */
  #heed_termination(): () => void {
    let terminated = false;
    let over = false;
    const end = () => {
      if (over) platform.exit(128 + 15);
      terminated = true;
      this.abort();
    };
    platform.on_termination(end);
    return () => {
      over = true;
      if (terminated) end();
    };
  }
}

/**
 * A `CGIHandler` for Microsoft's IIS, which repeats `SCRIPT_NAME` at the beginning of `PATH_INFO` unless its option
 * `allowPathInfo` is set.
 *
 * @example
 * ```ts ignore
 * import { IISCGIHandler } from "@tsgi/serve/handlers";
 * import { demo_app } from "@tsgi/serve/simple_server";
 *
 * await new IISCGIHandler().run(demo_app);
 * ```
 *
 * @category Handlers
 */
export class IISCGIHandler extends CGIHandler {
  /** Uses the streams and the environment of the process, with a corrected path. */
  constructor() {
    super();
    const { PATH_INFO: path = "", SCRIPT_NAME: script = "" } = this
      .base_env as Record<string, string>;
    if (`${path}/`.startsWith(`${script}/`)) {
      this.base_env = {
        ...this.base_env,
        PATH_INFO: path.slice(script.length),
      };
    }
  }
}
