/**
 * A WSGI server on `Deno.serve` (Python's `wsgiref.simple_server`).
 *
 * @example
 * ```ts
 * import { demo_app, make_server } from "@tsgi/serve/simple_server";
 * import { assertStringIncludes } from "@std/assert";
 *
 * await using httpd = make_server("127.0.0.1", 0, demo_app);
 * httpd.serve_forever();
 * const response = await fetch(`http://127.0.0.1:${httpd.server_port}/x`);
 * assertStringIncludes(await response.text(), "PATH_INFO = '/x'");
 * ```
 *
 * @module
 */

import "./_internal/server/deno_only.ts";
import {
  server_version,
  ServerHandler,
  sys_version,
} from "./_internal/handler/server_handler.ts";
import {
  type Answered,
  direct_way,
  type DirectAnswer,
  failing_with,
  type SentResponse,
} from "./_internal/request/direct.ts";
import { is_promise } from "./_internal/promise.ts";
import { takes_nothing } from "./_internal/takes_nothing.ts";
import {
  environ_template,
  type Template,
} from "./_internal/request/environ_template.ts";
import { process_environ } from "./_internal/request/process_environ.ts";
import {
  add_headers,
  add_host,
  add_request_line,
  type HeaderKeys,
  one_slash,
  request_target,
} from "./_internal/request/request.ts";
import { request_body } from "./_internal/request/request_body.ts";
import {
  check_server,
  type ServerAddress,
} from "./_internal/server/address.ts";
import { demo_app } from "./_internal/server/demo_app.ts";
import { ReadyHandler } from "./_internal/server/ready_handler.ts";
import {
  environ_of,
  note_sent,
  ServerExchange,
} from "./_internal/server/server_exchange.ts";
import {
  type ClientAddress,
  HTTPServer,
  type WSGIServerOptions,
} from "./_internal/server/http_server.ts";
import { stderr } from "./_internal/streams/error_stream.ts";
import { check_function } from "./_internal/text/check.ts";
import {
  format_message,
  log_date_time,
  log_line,
} from "./_internal/text/log.ts";
import type { ErrorStream, WSGIApplication, WSGIEnvironment } from "./types.ts";

export { demo_app, HTTPServer, ServerHandler };
export type { ClientAddress, ServerAddress, WSGIServerOptions };
export type { RequestLogger } from "./_internal/handler/server_handler.ts";

/**
 * A class whose instances handle one request: `WSGIRequestHandler`, or a subclass.
 *
 * @category Servers
 */
export type WSGIRequestHandlerClass = new (
  request: Request,
  client_address: ClientAddress,
  server: WSGIServer,
) => WSGIRequestHandler;

/**
 * A class that runs the application for one request: `ServerHandler`, or a subclass.
 *
 * @category Servers
 */
export type ServerHandlerClass = new (
  ...args: ConstructorParameters<typeof ServerHandler>
) => ServerHandler;

/**
 * A server class: `WSGIServer`, or a subclass.
 *
 * @category Servers
 */
export type WSGIServerClass<Server extends WSGIServer = WSGIServer> = new (
  server_address: ServerAddress,
  RequestHandlerClass: WSGIRequestHandlerClass,
  options?: WSGIServerOptions,
) => Server;

/**
 * Handles one request of a `WSGIServer`: builds its environ, runs the application, logs.
 *
 * The server creates one for each request. Override `get_environ` to add to the environ, `get_stderr` to redirect
 * `wsgi.errors`, or `log_message` to redirect the log, and pass the class to `make_server`. If a subclass has a
 * `log_exception(error)`, that receives the application's errors instead of `get_stderr`.
 *
 * @example
 * ```ts
 * import { make_server, WSGIRequestHandler } from "@tsgi/serve/simple_server";
 * import { assertEquals } from "@std/assert";
 *
 * class Handler extends WSGIRequestHandler {
 *   override get_environ() {
 *     return { ...super.get_environ(), REMOTE_USER: "alice" };
 *   }
 *   override log_message() {}
 * }
 *
 * await using httpd = make_server(
 *   "127.0.0.1",
 *   0,
 *   (environ, start_response) => {
 *     start_response("200 OK", [["Content-Type", "text/plain"]]);
 *     return [new TextEncoder().encode(environ.REMOTE_USER)];
 *   },
 *   undefined,
 *   Handler,
 * );
 * httpd.serve_forever();
 * const response = await fetch(`http://127.0.0.1:${httpd.server_port}`);
 * assertEquals(await response.text(), "alice");
 * ```
 *
 * @category Servers
 */
export class WSGIRequestHandler {
  /** The first half of `version_string()`, and `SERVER_SOFTWARE`. */
  server_version: string = server_version;
  /** The second half of `version_string()`. */
  sys_version: string = sys_version;
  /** The protocol of the request. `Deno.serve` does not distinguish HTTP/1.0 from HTTP/1.1. */
  request_version = "HTTP/1.1";
  /** The class that runs the application. */
  handler_class: ServerHandlerClass = ServerHandler;
  /** The request. */
  request: Request;
  /** The address of the client. */
  client_address: ClientAddress;
  /** The server that received it. */
  server: WSGIServer;
  /** The handler that runs the application; null before that. */
  handler: ServerHandler | null = null;

  #target: string | null = null;

  /** Called by the server for each request. */
  constructor(
    request: Request,
    client_address: ClientAddress,
    server: WSGIServer,
  ) {
    this.request = request;
    this.client_address = client_address;
    this.server = server;
  }

  /** The method of the request. */
  get command(): string {
    return this.request.method;
  }

  /** The request target, with repeated leading slashes collapsed to one. */
  get path(): string {
    return one_slash(this.#request_target());
  }

  /** The request line: `GET /x HTTP/1.1`. */
  get requestline(): string {
    return `${this.command} ${this.#request_target()} ${this.request_version}`;
  }

  /** The request headers. */
  get headers(): globalThis.Headers {
    return this.request.headers;
  }

  /**
   * Returns the variables of the request: a new object each time, from the server's `base_environ`, the CGI variables
   * and the request headers. Override to add variables.
   */
  get_environ(): Record<string, unknown> {
    const { base_environ } = this.server;
    return this.#add_variables(
      { ...base_environ },
      this.#template().header_keys,
    );
  }

  #template(): Template {
    return environ_template(this.server.base_environ, process_environ());
  }

  #add_variables(
    environ: Record<string, unknown>,
    keys: HeaderKeys,
  ): Record<string, unknown> {
    const [address, port] = this.client_address;
    const host = this.address_string();
    environ.SERVER_PROTOCOL = this.request_version;
    environ.SERVER_SOFTWARE = this.server_version;
    environ.REMOTE_ADDR = address;
    environ.REMOTE_PORT = address === "" ? "" : String(port);
    if (host !== address) environ.REMOTE_HOST = host;
    add_headers(environ, this.request, keys);
    this.#target ??= request_target(
      this.request,
      environ.HTTP_HOST as string | undefined,
    );
    add_request_line(environ, this.request, this.#target);
    add_host(environ, this.request, this.server.unnamed_host);
    return environ;
  }

  /** Returns the stream for `wsgi.errors`: the process's stderr. Override to redirect it. */
  get_stderr(): ErrorStream {
    return stderr;
  }

  /** Handles the request: runs the server's application with a `handler_class`. */
  handle(): Response | Promise<Response> {
    const app = this.server.get_app();
    const answer = this.#is_stock() ? direct_way(app, this.request) : null;
    return answer ? this.#answer(answer) : this.#make_handler().respond(app);
  }

  #make_handler(): ServerHandler {
    const is_stock = this.#is_stock();
    const handler = new (is_stock ? ReadyHandler : this.handler_class)(
      request_body(this.request),
      this.get_stderr(),
      is_stock ? this.#ready_environ() : this.get_environ(),
      false,
      this.server.multiprocess,
    );
    handler.request_handler = this;
    return this.handler = handler;
  }

  #running_handler(): ServerHandler {
    return this.handler ?? this.#make_handler();
  }

  /** The environ of a request that an application may never ask for. */
  #environ(): WSGIEnvironment {
    return environ_of(this.#running_handler());
  }

  /** Whether no subclass has a say in what an application is given. */
  #is_stock(): boolean {
    return this.handler_class === ServerHandler &&
      this.get_environ === WSGIRequestHandler.prototype.get_environ;
  }

  /** The whole environ, made in one go. */
  #ready_environ(): Record<string, unknown> {
    const { environ, header_keys } = this.#template();
    return this.#add_variables({ ...environ }, header_keys);
  }

  /**
   * Whether `log_request` is told how many bytes the body of a response has: it takes time to find that out of one that
   * an application has from the platform, and is not done for a log that is written without parameters.
   *
   * @ignore
   */
  protected is_counted(): boolean {
    const is_silent = takes_nothing(this.log_request) ||
      this.log_request === WSGIRequestHandler.prototype.log_request &&
        takes_nothing(this.log_message);
    return !is_silent;
  }

  /** Has an application answer the platform's own request, and sends its response as it is. */
  #answer(answer: DirectAnswer): Response | Promise<Response> {
    const is_counted = this.is_counted();
    // Deno tells nothing about a request any more once it has become a WebSocket.
    if (is_counted && this.headers.has("upgrade")) this.#environ();
    const environ = () => this.#environ();
    const exchange = new ServerExchange(this, is_counted, environ);
    const fail = (error: unknown) => this.#send(failing_with(error));
    try {
      const answered = answer(exchange);
      return is_promise(answered)
        ? answered.then((answered) => this.#send(answered, exchange.sent), fail)
        : this.#send(answered, exchange.sent);
    } catch (error) {
      return fail(error);
    }
  }

  #send(
    answered: Answered,
    sent: SentResponse | null = null,
  ): Response | Promise<Response> {
    if (typeof answered === "function") {
      return this.#running_handler().respond(answered);
    }
    if (sent) note_sent(this.#running_handler(), sent);
    this.log_request(String(answered.status), sent?.size);
    return answered;
  }

  /** Logs a request. Called once, after its response. */
  log_request(code: number | string = "-", size: number | string = "-"): void {
    this.log_message('"%s" %s %s', this.requestline, code, size);
  }

  /** Logs an error, by default with `log_message`. */
  log_error(format: string, ...args: unknown[]): void {
    this.log_message(format, ...args);
  }

  /**
   * Writes a line to the process's stderr: the client's address, the time, and `format` with its `%s` and `%d`
   * filled in from `args`. Control characters are escaped.
   */
  log_message(format: string, ...args: unknown[]): void {
    const message = format_message(format, args);
    stderr.write(
      log_line(this.address_string(), this.log_date_time_string(), message),
    );
  }

  /** Returns the client's address for the log and `REMOTE_HOST`. */
  address_string(): string {
    return this.client_address[0];
  }

  /** Returns the server's software, such as `WSGIServer/0.2 Deno/2.9.6`. */
  version_string(): string {
    return `${this.server_version} ${this.sys_version}`;
  }

  /** Formats a time for HTTP (RFC 9110, section 5.6.7); `timestamp` is in seconds since 1970. */
  date_time_string(timestamp: number = Date.now() / 1000): string {
    return new Date(timestamp * 1000).toUTCString();
  }

  /** Returns the local time for the log, such as `21/Nov/2026 00:55:42`. */
  log_date_time_string(): string {
    return log_date_time(new Date());
  }

  #request_target(): string {
    return this.#target ??= request_target(this.request);
  }
}

/**
 * An HTTP server for one application, on `Deno.serve`. It listens as soon as it is constructed; requests wait until
 * `serve_forever` or `handle_request` is called.
 *
 * @example
 * ```ts
 * import { demo_app, WSGIRequestHandler, WSGIServer } from "@tsgi/serve/simple_server";
 *
 * await using httpd = new WSGIServer(["127.0.0.1", 0], WSGIRequestHandler);
 * httpd.set_app(demo_app);
 * const answered = httpd.handle_request();
 * await (await fetch(`http://127.0.0.1:${httpd.server_port}`)).body?.cancel();
 * await answered;
 * ```
 *
 * @category Servers
 */
export class WSGIServer extends HTTPServer {
  /** The variables that every environ has, whatever the request. */
  base_environ: Record<string, unknown> = {};
  /** The application; null before `set_app`. */
  application: WSGIApplication | null = null;
  /** `wsgi.multiprocess`: whether other processes serve the same application. */
  multiprocess = false;
  /** The class that handles requests. */
  RequestHandlerClass: WSGIRequestHandlerClass;

  /**
   * Listens at `server_address`.
   *
   * @param server_address A host and a port, or the path of a Unix socket. The host `""` means every address of the
   * machine, the port 0 any free port.
   * @param RequestHandlerClass The class that handles requests.
   * @param options Further options of `Deno.serve`.
   * @throws {Deno.errors.AddrInUse} If the address is in use.
   * @throws {RangeError} If the port is not from 0 to 65535.
   * @throws {Deno.errors.InvalidData} If the certificate or the key is invalid.
   */
  constructor(
    server_address: ServerAddress,
    RequestHandlerClass: WSGIRequestHandlerClass,
    options: WSGIServerOptions = {},
  ) {
    super(server_address, options);
    this.RequestHandlerClass = RequestHandlerClass;
    this.setup_environ();
    if (options.cert !== undefined) this.base_environ.HTTPS = "on";
  }

  /** Fills `base_environ`. Override to add variables to every request; call this method first. */
  setup_environ(): void {
    this.base_environ = {
      SERVER_NAME: this.server_name,
      GATEWAY_INTERFACE: "CGI/1.1",
      SERVER_PORT: String(this.server_port),
      REMOTE_HOST: "",
      CONTENT_LENGTH: "",
      SCRIPT_NAME: "",
    };
  }

  /**
   * Returns the application.
   *
   * @throws {Error} If none has been set.
   */
  get_app(): WSGIApplication {
    if (!this.application) {
      throw new Error("the server has no application: call set_app() first");
    }
    return this.application;
  }

  /**
   * Sets the application that handles the requests from now on.
   *
   * @throws {TypeError} If `application` is not a function.
   */
  set_app(application: WSGIApplication): void {
    check_function(application, "the application");
    this.application = application;
  }

  /** Handles one request with a new `RequestHandlerClass`. Override to add something before or after. */
  override finish_request(
    request: Request,
    client_address: ClientAddress,
  ): Response | Promise<Response> {
    return new this.RequestHandlerClass(request, client_address, this).handle();
  }
}

/**
 * Creates a server for `app` that listens at `host` and `port`.
 *
 * @param host The address to listen at; `""` means every address of the machine.
 * @param port The port; 0 means any free port.
 * @param app The application.
 * @param server_class The class of the server.
 * @param handler_class The class that handles its requests.
 * @param options Further options of `Deno.serve`.
 * @throws {TypeError} If `app` is not a function.
 * @throws {Deno.errors.AddrInUse} If the address is in use.
 *
 * @example
 * ```ts
 * import { demo_app, make_server } from "@tsgi/serve/simple_server";
 * import { assertEquals } from "@std/assert";
 *
 * await using httpd = make_server("127.0.0.1", 0, demo_app);
 * httpd.serve_forever();
 * const response = await fetch(`http://127.0.0.1:${httpd.server_port}/`);
 * assertEquals(response.status, 200);
 * await response.body?.cancel();
 * ```
 *
 * @category Essentials
 */
export function make_server<Server extends WSGIServer = WSGIServer>(
  host: string,
  port: number,
  app: WSGIApplication,
  server_class: WSGIServerClass<Server> =
    WSGIServer as unknown as WSGIServerClass<Server>,
  handler_class: WSGIRequestHandlerClass = WSGIRequestHandler,
  options: WSGIServerOptions = {},
): Server {
  const address: ServerAddress = [host, port];
  check_server(address, app);
  const server = new server_class(address, handler_class, options);
  server.set_app(app);
  return server;
}
