/** What the servers behind a web server share: listening, the connection limit, shutdown. */

import { AcceptErrors } from "../_internal/server/accept_errors.ts";
import {
  check_address,
  hostname_of,
  type ServerAddress,
} from "../_internal/server/address.ts";
import { Attendance } from "../_internal/server/attendance.ts";
import { Bag } from "../_internal/bag.ts";
import { Connection } from "../_internal/streams/connection.ts";
import { is_lost } from "../_internal/streams/disconnect.ts";
import { stderr } from "../_internal/streams/error_stream.ts";
import { check_function } from "../_internal/text/check.ts";
import {
  escape_controls,
  log_date_time,
  log_line,
} from "../_internal/text/log.ts";
import { type MaybePromise, unsettled } from "../_internal/promise.ts";
import { RequestQueue } from "../_internal/server/request_queue.ts";
import { SocketFile } from "../_internal/server/socket_file.ts";
import { format_exception } from "../_internal/handler/traceback.ts";
import {
  request_line,
  type Variables,
} from "../_internal/request/variables.ts";
import type { ErrorStream, WSGIApplication } from "../types.ts";
import type { GatewayConnection } from "./gateway_connection.ts";
import type { GatewayHandler } from "./gateway_handler.ts";
import { own_variables } from "./variables.ts";

/**
 * Options of the gateway servers.
 *
 * @category Gateways
 */
export interface GatewayOptions {
  /**
   * The stream for `wsgi.errors` and the stacks of errors.
   *
   * @default {the process's stderr; with FastCGI the log of the web server}
   */
  stderr?: ErrorStream;
  /**
   * The maximum size of the variables of a request, in bytes.
   *
   * @default {65536}
   */
  max_header_size?: number;
  /**
   * The maximum number of open connections; further ones wait.
   *
   * @default {1024}
   */
  max_connections?: number;
  /** The maximum number of connections waiting to be accepted. */
  tcpBacklog?: number;
  /** Lets several processes listen on the same port. Deno requires `--unstable-net` for it. */
  reusePort?: boolean;
  /** Closes the server like `server_close`. */
  signal?: AbortSignal;
}

/**
 * A server for one application behind a web server, with the same interface as `WSGIServer`: it listens as soon as it
 * is constructed; requests wait until `serve_forever` or `handle_request` is called.
 *
 * A malformed request closes its connection, with one line in the log.
 *
 * @category Gateways
 */
export abstract class GatewayServer implements AsyncDisposable {
  /** The address that the server listens at, with the actual port if 0 was requested. */
  server_address: ServerAddress;
  /** The application; null before `set_app`. */
  application: WSGIApplication | null = null;
  /** `wsgi.multiprocess`: whether other processes serve the same application. */
  multiprocess = false;
  /** The maximum size of the variables of a request, in bytes. */
  max_header_size: number;
  /** The maximum number of open connections. */
  max_connections: number;
  /**
   * The variables of the process that cannot belong to a request. Every environ has them in addition to those of the
   * request.
   */
  os_environ: Readonly<Variables> = own_variables();
  /** The option `stderr`. */
  stderr: ErrorStream | null;

  #listener: Deno.Listener;
  /** Its Unix socket file; null if it listens at a port. */
  #file: SocketFile | null;
  #connections = new Bag<GatewayConnection>();
  #queue = new RequestQueue<void | Promise<void>>(() => {});
  #accept_errors = new AcceptErrors((text) => this.log_error(text));
  #attendance = new Attendance();
  /** Whether connections are being accepted, including the last pending attempt. */
  #accepting = false;
  #stopping = false;
  /** Whether the socket is being closed. */
  #closing = false;
  #ended = Promise.withResolvers<void>();
  /** Called when a connection has ended or the server stops. */
  #on_room: (() => void) | null = null;

  /**
   * Listens at `server_address`.
   *
   * @throws {Deno.errors.AddrInUse} If the address is in use.
   * @throws {RangeError} If the port or a limit is out of range.
   */
  constructor(server_address: ServerAddress, options: GatewayOptions = {}) {
    const { max_header_size = 65536, max_connections = 1024, signal } = options;
    this.max_header_size = at_least_one(max_header_size, "max_header_size");
    this.max_connections = at_least_one(max_connections, "max_connections");
    this.stderr = options.stderr ?? null;
    this.#listener = listen(server_address, options);
    this.#file = typeof server_address === "string"
      ? new SocketFile(server_address)
      : null;
    const { addr } = this.#listener;
    this.server_address = addr.transport === "tcp"
      ? [(server_address as [string, number])[0] || addr.hostname, addr.port]
      : server_address;
    signal?.addEventListener("abort", () => this.server_close());
    if (signal?.aborted) this.server_close();
    else this.#accept_connections();
  }

  /**
   * Creates the object that serves a connection.
   *
   * @ignore
   */
  protected abstract open_connection(connection: Connection): GatewayConnection;

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

  /** Sets the application that gets the requests from now on. */
  set_app(application: WSGIApplication): void {
    check_function(application, "the application");
    this.application = application;
  }

  /**
   * Handles requests until the server is shut down or closed.
   *
   * @returns A promise that resolves when the last response is complete.
   */
  serve_forever(): Promise<void> {
    this.#queue.open();
    return this.#attendance.serve_until(this.#ended.promise);
  }

  /**
   * Handles exactly one request: the one that has waited longest, or the next one.
   *
   * @returns A promise that resolves when its response is complete, or when the server is shut down first.
   * @throws {Error} If `serve_forever` has been called.
   */
  async handle_request(): Promise<void> {
    await this.#queue.handle_one();
  }

  /** Stops accepting requests, and resolves when those in flight have been answered. Idle connections are closed. */
  async shutdown(): Promise<void> {
    this.#stop();
    for (const connection of this.#connections) connection.stop();
    await this.#ended.promise;
  }

  /** Closes the server and every connection at once. */
  async server_close(): Promise<void> {
    this.#stop();
    for (const connection of this.#connections) connection.close();
    this.#connections.clear();
    this.#end_when_idle();
    await this.#ended.promise;
  }

  /**
   * Calls `server_close()` at the end of an `await using` block. Warns on stderr if there was no connection and nobody
   * awaits `serve_forever()`.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#stopping) this.#attendance.leave(this.constructor.name);
    await this.server_close();
  }

  /** Logs an error that no handler caught. Override to handle it differently. */
  handle_error(error: unknown): void {
    this.log_error(
      `Exception while handling a request: ${format_exception(error)}`,
    );
  }

  /**
   * Logs a request as a line on the process's stderr. Called once, after its response; override to log elsewhere.
   *
   * @param variables The variables of the request, as they arrived.
   * @param code The status.
   * @param size The number of bytes in the body of the response.
   * @param _handler The handler that ran the application.
   */
  log_request(
    variables: Variables,
    code: string,
    size: number,
    _handler: GatewayHandler,
  ): void {
    const host = escape_controls(variables.REMOTE_ADDR || "-");
    const time = log_date_time(new Date());
    const message = `"${request_line(variables)}" ${code} ${size}`;
    stderr.write(log_line(host, time, message));
  }

  /** Logs an error that belongs to no request; `text` ends in a line feed. */
  log_error(text: string): void {
    (this.stderr ?? stderr).write(text);
  }

  /**
   * Answers a request when it is its turn; never, if the server stops before.
   *
   * @ignore
   */
  handle(answer: () => MaybePromise): MaybePromise {
    return this.#queue.is_open ? answer() : this.#wait(answer);
  }

  async #wait(answer: () => MaybePromise): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    await this.#queue.add(async () => {
      try {
        await answer();
      } finally {
        resolve();
      }
    }, promise);
  }

  /**
   * Runs the application for a request.
   *
   * @ignore
   */
  run(handler: GatewayHandler): MaybePromise {
    try {
      const running = unsettled(handler.run(this.get_app()));
      return running?.catch((error) => this.#fail(handler, error));
    } catch (error) {
      return this.#fail(handler, error);
    }
  }

  #fail(handler: GatewayHandler, error: unknown): Promise<void> {
    this.handle_error(error);
    return handler.fail();
  }

  async #accept_connections(): Promise<void> {
    this.#accepting = true;
    while (!this.#stopping) {
      if (this.#connections.size >= this.max_connections) await this.#room();
      try {
        const conn = await this.#listener.accept();
        this.#attendance.was_asked = true;
        if (this.#stopping) conn.close();
        else this.#serve(this.open_connection(new Connection(conn)));
      } catch (error) {
        await this.#miss(error);
      }
    }
    this.#accepting = false; // Only now is the address free.
    this.#end_when_idle();
  }

  /** Resolves when there are fewer connections, or the server stops. */
  #room(): Promise<void> {
    return new Promise((resolve) => this.#on_room = resolve);
  }

  /** Handles an error of `accept`. */
  async #miss(error: unknown): Promise<void> {
    // A client that has already disconnected does not matter.
    if (this.#stopping || is_lost_client(error)) return;
    await this.#accept_errors.take(error);
  }

  async #serve(connection: GatewayConnection): Promise<void> {
    this.#connections.add(connection);
    try {
      await connection.serve();
    } catch (error) {
      if (!is_lost(error)) {
        this.log_error(`closed a connection: ${one_line(error)}\n`);
      }
    } finally {
      connection.close();
      this.#connections.delete(connection);
      this.#on_room?.();
      this.#end_when_idle();
    }
  }

  #stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#queue.close();
    if (this.#file) this.#close_socket(this.#file);
    else this.#listener.close();
    this.#on_room?.();
    this.#end_when_idle();
  }

  async #close_socket(file: SocketFile): Promise<void> {
    this.#closing = true;
    await file.close_socket(() => this.#listener.close());
    this.#closing = false;
    this.#end_when_idle();
  }

  #end_when_idle(): void {
    const idle = !this.#accepting && !this.#closing &&
      this.#connections.size === 0;
    if (this.#stopping && idle) this.#ended.resolve();
  }
}

function listen(
  address: ServerAddress,
  { tcpBacklog, reusePort }: GatewayOptions,
): Deno.Listener {
  check_address(address);
  if (typeof address === "string") {
    return Deno.listen({ transport: "unix", path: address });
  }
  const [host, port] = address;
  const options = { hostname: hostname_of(host), port, tcpBacklog, reusePort };
  return Deno.listen(options);
}

function at_least_one(value: number, name: string): number {
  if (Number.isInteger(value) && value > 0) return value;
  throw new RangeError(`${name} must be an integer above 0, got ${value}`);
}

function is_lost_client(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected || is_lost(error);
}

/** Formats an error as one line of the log. */
function one_line(error: unknown): string {
  return escape_controls(String(error));
}
