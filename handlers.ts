/**
 * Runs a WSGI application for one request, whatever the request came by
 * (Python's `wsgiref.handlers`).
 *
 * - {@linkcode BaseHandler}: the steps of a request, to be completed by a subclass
 * - {@linkcode SimpleHandler}: over streams and an environ that are given
 * - {@linkcode BaseCGIHandler}: the same behind a web server, by the rules of CGI
 * - {@linkcode CGIHandler}, {@linkcode IISCGIHandler}: this process as a CGI script
 * - {@linkcode ResponseHandler}: with a `Response` as its output
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
import { platform } from "./_internal/platform.ts";
import { type MaybePromise, unsettled } from "./_internal/promise.ts";
import { read_environ } from "./_internal/request/process_environ.ts";
import { complete, UNWANTED_VARIABLES } from "./_internal/request/variables.ts";
import { body_of, parse_length, whole_body } from "./_internal/streams/body.ts";
import { console_to_stderr } from "./_internal/streams/console.ts";
import { stderr } from "./_internal/streams/error_stream.ts";
import { concat } from "./_internal/text/bytes.ts";
import type { ErrorStream, WSGIApplication } from "./types.ts";

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

/** An environ as a server gives it: CGI variables, and whatever else it puts there. */
export type BaseEnvironment = Readonly<Record<string, unknown>>;

/** What can be written to: the writer of a stream, for one. */
export interface ByteWriter {
  /** Writes all of `data`; settles when more can be taken, or gives no promise where that is so at once. */
  write(data: Uint8Array): MaybePromise;
}

/**
 * Runs an application over streams and an environ that are given to the constructor: an origin server,
 * as far as its output goes.
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
 */
export class SimpleHandler extends BaseHandler {
  /** The body of the request, and whatever comes after it. */
  stdin: ReadableStream<Uint8Array>;
  /** Where the response goes; `run` leaves it open and unlocked. */
  stdout: WritableStream<Uint8Array> | ByteWriter;
  /** `wsgi.errors`. */
  stderr: ErrorStream;
  /** The variables of the request, which the environ gets on top of `os_environ`. */
  base_env: BaseEnvironment;

  #kept: Uint8Array[] = [];
  #writer: ByteWriter & { releaseLock?(): void } | null = null;

  /**
   * Takes what the handler works on.
   *
   * @param stdin The request body; `CONTENT_LENGTH` of `environ` says where it ends.
   * @param stdout Where the response goes.
   * @param stderr Where the log goes, and `wsgi.errors`.
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

  /** Runs `application`, then lets go of `stdout`. */
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

  /** The part of `stdin` that is this request's body. */
  override get_stdin(): ReadableStream<Uint8Array> {
    return body_of(this.stdin, this.environ?.CONTENT_LENGTH);
  }

  /** `stderr`. */
  override get_stderr(): ErrorStream {
    return this.stderr;
  }

  /** Puts `base_env` on top of the environ, and fills in what every environ has. */
  override add_cgi_vars(): void {
    complete(Object.assign(this.environ!, this.base_env));
  }

  /** Keeps the bytes for `_flush`, so that the headers and the first block go out together. */
  override _write(data: Uint8Array): MaybePromise {
    this.#kept.push(this.own(data));
  }

  /** Writes what was kept; settles when `stdout` has taken it. */
  override _flush(): MaybePromise {
    if (this.#kept.length === 0) return;
    const data = concat(this.#kept);
    this.#kept = [];
    this.#writer ??= writer_of(this.stdout);
    if (data.length > 0) return this.#writer.write(data);
  }

  /**
   * Writes what was kept, if something was.
   *
   * @ignore
   */
  protected override _end(): MaybePromise {
    if (this.#kept.length > 0) return this._flush();
  }
}

function writer_of(
  stdout: WritableStream<Uint8Array> | ByteWriter,
): ByteWriter {
  if (!(stdout instanceof WritableStream)) return stdout;
  const is_process_stdout = platform.is_stdout(stdout) && !stdout.locked;
  return is_process_stdout ? process_stdout : stdout.getWriter();
}

/** How many bytes an empty pipe has room for in any case. */
const ROOM = 4096;

let is_untouched = true;

/**
 * The process's stdout, past its stream, which takes a CGI script a millisecond to write to for the first time. What goes
 * out first, as far as it fits into a pipe that is empty, waits for nobody.
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
 * A `SimpleHandler` behind a web server: the response begins with a `Status:` line, as CGI, SCGI
 * and FastCGI have it (RFC 3875, section 6.3.3).
 *
 * `HTTP_CONTENT_TYPE` and `HTTP_CONTENT_LENGTH`, which some servers send beside the plain ones, and
 * `HTTP_PROXY` are left out of the environ.
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
 */
export class BaseCGIHandler extends SimpleHandler {
  /** False: the web server speaks to the client. */
  override origin_server = false;

  /** Puts `base_env` on top of the environ, without what does not belong there. */
  override add_cgi_vars(): void {
    super.add_cgi_vars();
    const environ: Record<string, unknown> = this.environ!;
    for (const name of UNWANTED_VARIABLES) delete environ[name];
  }
}

/**
 * This process as a CGI script: stdin, stdout, stderr and environment are the process's own
 * (RFC 3875).
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
 */
export class CGIHandler extends BaseCGIHandler {
  /** True: a CGI script serves one request. */
  override wsgi_run_once = true;
  /** Empty: the variables of the request hold the environment already. */
  override os_environ: Readonly<Record<string, string>> = {};

  /** The body of the request, as long as something of it is left; null where it has none. */
  #input: ReadableStream<Uint8Array> | null = null;

  /** Takes the streams and the environment of the process. */
  constructor() {
    super(
      platform.stdin,
      platform.stdout,
      stderr,
      read_environ(),
      false,
      true,
    );
  }

  /**
   * Runs `application`. What it writes by `console.log()` goes to stderr, as stdout is the response. A SIGTERM, by which web servers end a script that has answered or whose client has gone, closes
   * its result first.
   */
  override async run(application: WSGIApplication): Promise<void> {
    console_to_stderr();
    const ended = this.#heed_termination(); // lighttpd sends one as soon as it has the last byte.
    try {
      await super.run(application);
      await this.#drain();
      await work_is_done(); // The process has no other request to live for.
    } finally {
      ended();
    }
  }

  /** The body of the request; where the web server does not know its length, it lasts as long as stdin. */
  override get_stdin(): ReadableStream<Uint8Array> {
    const { CONTENT_LENGTH, HTTP_TRANSFER_ENCODING } = this.environ!;
    const is_chunked = !CONTENT_LENGTH && HTTP_TRANSFER_ENCODING !== undefined;
    const input = is_chunked
      ? whole_body(this.stdin)
      : body_of(this.stdin, CONTENT_LENGTH, () => this.#input = null);
    if (is_chunked || parse_length(CONTENT_LENGTH)) this.#input = input;
    return input;
  }

  /**
   * Takes what is left of the body, or of stdin where the application keeps that to itself: where stdin is the same
   * socket as stdout, an end with data unread would take the response with it.
   */
  async #drain(): Promise<void> {
    try {
      if (this.#input && !this.#input.locked) {
        for await (const _block of this.#input);
      }
      const buffer = new Uint8Array(65536);
      while (this.#input && await platform.read_stdin(buffer) !== null);
    } catch {
      // The body, and so stdin, has come to its end too early.
    }
  }

  /** Listens to SIGTERM until the process ends; to be told when the request has come to its end. */
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
 * A `CGIHandler` for Microsoft's IIS, which repeats `SCRIPT_NAME` at the beginning of `PATH_INFO`
 * where its option `allowPathInfo` is not set.
 *
 * @example
 * ```ts ignore
 * import { IISCGIHandler } from "@tsgi/serve/handlers";
 * import { demo_app } from "@tsgi/serve/simple_server";
 *
 * await new IISCGIHandler().run(demo_app);
 * ```
 */
export class IISCGIHandler extends CGIHandler {
  /** Takes the streams and the environment of the process, the path mended. */
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
