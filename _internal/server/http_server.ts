/** The life cycle of a server: Python's `http.server.HTTPServer`, on `Deno.serve`. */

import { BrokenOff } from "../handler/body_stream.ts";
import { unanswerable } from "../handler/unanswerable.ts";
import { format_exception } from "../handler/traceback.ts";
import { note_received } from "../request/header_list.ts";
import { stderr } from "../streams/error_stream.ts";
import { AcceptErrors } from "./accept_errors.ts";
import { check_address, hostname_of, type ServerAddress } from "./address.ts";
import { Attendance } from "./attendance.ts";
import { full_name, unnamed_host } from "./host_names.ts";
import { Listening, type ListenOptions } from "./listening.ts";
import { RequestQueue } from "./request_queue.ts";

/**
 * The address of a client; `["", 0]` on a Unix socket.
 *
 * @category Servers
 */
export type ClientAddress = [host: string, port: number];

/**
 * Options of `Deno.serve` besides the address.
 *
 * @category Servers
 */
export interface WSGIServerOptions {
  /** Lets several processes listen on the same port. Deno requires `--unstable-net` for it. */
  reusePort?: boolean;
  /** The maximum number of connections waiting to be accepted. */
  tcpBacklog?: number;
  /** A certificate in PEM; with it and `key`, the server speaks HTTPS. */
  cert?: string;
  /** The key of the certificate, in PEM. */
  key?: string;
  /** Closes the server like `server_close`. */
  signal?: AbortSignal;
}

/**
 * An HTTP server without WSGI. It listens as soon as it is constructed; requests wait until `serve_forever` or
 * `handle_request` is called.
 *
 * @category Servers
 */
export abstract class HTTPServer implements AsyncDisposable {
  /** The address that the server listens at, with the actual port if 0 was requested. */
  server_address: ServerAddress;
  /** `SERVER_NAME`. */
  server_name: string;
  /** `SERVER_PORT`, as a number. */
  server_port: number;
  /**
   * The host in the URL of a request without one; null with HTTPS, where every client sends one.
   *
   * @ignore
   */
  readonly unnamed_host: string | null;
  #options: ListenOptions;
  /** The current `Listening`, and previous ones that still have requests in flight. */
  #listenings = new Set<Listening>();
  #accept_errors = new AcceptErrors((text) => this.log_error(text));
  #stopping = false;
  /** Whether it serves until the last moment, because others listen at the same port. */
  #is_handed_over = false;
  #ended = Promise.withResolvers<void>();
  #queue = new RequestQueue<Response>(unavailable);
  #attendance = new Attendance();

  /**
   * Listens at `server_address`.
   *
   * @param server_address A host and a port, or the path of a Unix socket. The host `""` means every address of the
   * machine, the port 0 any free port.
   * @param options Further options of `Deno.serve`.
   * @throws {Deno.errors.AddrInUse} If the address is in use.
   * @throws {RangeError} If the port is not from 0 to 65535.
   * @throws {Deno.errors.InvalidData} If the certificate or the key is invalid.
   */
  constructor(
    server_address: ServerAddress,
    options: WSGIServerOptions = {},
  ) {
    const { signal, ...rest } = options;
    this.#options = {
      ...rest,
      ...listen_address(server_address),
      onListen: () => {},
      // The handler has logged why it aborted a response.
      onError: (error: unknown) =>
        error instanceof BrokenOff
          ? Response.error()
          : this.handle_error(error),
    };
    const { addr } = this.#listen();
    if (addr.transport === "tcp") {
      const host = (server_address as [string, number])[0];
      this.server_address = [host || addr.hostname, addr.port];
      this.server_name = full_name(host);
      this.server_port = addr.port;
      Object.assign(this.#options, { port: addr.port });
    } else {
      this.server_address = server_address;
      this.server_name = "localhost";
      this.server_port = 80;
    }
    this.unnamed_host = options.cert === undefined ? unnamed_host(addr) : null;
    signal?.addEventListener("abort", () => this.server_close());
    if (signal?.aborted) this.server_close();
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

  /**
   * Stops accepting requests, and resolves when those in flight have been answered. Idle connections are closed. While
   * a request with a body is in flight, new requests get a 503.
   *
   * If a request was in flight, or answered less than half a second before, Deno keeps some connections open: one
   * without a TLS handshake, a silent HTTP/2 connection, and one whose request was answered before its whole body had
   * arrived. They are not waited for, and end when their client disconnects, or with the process.
   */
  async shutdown(): Promise<void> {
    await this.#end((listening) => listening.stop());
  }

  /**
   * Keeps serving until `shutdown()` would lose no request, if other processes listen at the same port. Call it before
   * `shutdown()`, once every HTTP/1 response closes its connection.
   *
   * @ignore
   * @param moment How long clients have to notice that, in milliseconds.
   */
  async hand_over(moment: number): Promise<void> {
    this.#is_handed_over = true;
    await Promise.all(
      Array.from(this.#listenings, (listening) => listening.hand_over(moment)),
    );
  }

  /** Closes the server and every connection at once. */
  async server_close(): Promise<void> {
    await this.#end((listening) => listening.close());
  }

  /**
   * Calls `server_close()` at the end of an `await using` block. Warns on stderr if no request has arrived and nobody
   * awaits `serve_forever()`.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#stopping) this.#attendance.leave(this.constructor.name);
    await this.server_close();
  }

  /** Handles one request. */
  abstract finish_request(
    request: Request,
    client_address: ClientAddress,
  ): Response | Promise<Response>;

  /** Logs an error that no handler caught, and sends the client a bare 500. Override to handle it differently. */
  handle_error(error: unknown): Response | Promise<Response> {
    stderr.write(
      `Exception while handling a request: ${format_exception(error)}`,
    );
    return new Response(null, { status: 500 });
  }

  /** Logs an error that belongs to no request; `text` ends in a line feed. Override to log elsewhere. */
  log_error(text: string): void {
    stderr.write(text);
  }

  async #end(end: (listening: Listening) => Promise<void>): Promise<void> {
    this.#stopping = true;
    this.#queue.close();
    await Promise.all(Array.from(this.#listenings, end));
    this.#ended.resolve();
  }

  #listen(): Listening {
    const listening = new Listening(
      this.#options,
      (request, info) => this.#receive(request, info),
    );
    this.#listenings.add(listening);
    listening.over.then((error) => {
      if (error) this.#listen_again(listening, error);
    });
    return listening;
  }

  /** Deno.serve stops listening when `accept` fails, but keeps serving its open connections. */
  async #listen_again(failed: Listening, error: unknown): Promise<void> {
    failed.stop().then(() => this.#listenings.delete(failed));
    do {
      await this.#accept_errors.take(error);
      try {
        if (!this.#stopping) this.#listen();
        return;
      } catch (reason) {
        error = reason;
      }
    } while (true);
  }

  #receive(
    request: Request,
    info: Deno.ServeHandlerInfo,
  ): Response | Promise<Response> {
    this.#attendance.was_asked = true;
    if (this.#stopping && !this.#is_handed_over) return unavailable();
    if (this.#queue.is_open) return this.#handle(request, info);
    return this.#queue.add(() => this.#handle(request, info), info.completed);
  }

  #handle(
    request: Request,
    info: Deno.ServeHandlerInfo,
  ): Response | Promise<Response> {
    const { remoteAddr } = info;
    const client_address: ClientAddress = "hostname" in remoteAddr
      ? [remoteAddr.hostname, remoteAddr.port]
      : ["", 0];
    note_received(request);
    return unanswerable(request, remoteAddr) ??
      this.finish_request(request, client_address);
  }
}

/** The address in the form of Deno.serve. */
function listen_address(
  address: ServerAddress,
): { path: string } | { hostname: string; port: number } {
  check_address(address);
  if (typeof address === "string") return { path: address };
  const [host, port] = address;
  return { hostname: hostname_of(host), port };
}

/** The response to a request that arrived too late. */
function unavailable(): Response {
  return new Response(null, {
    status: 503,
    headers: { "Connection": "close" },
  });
}
