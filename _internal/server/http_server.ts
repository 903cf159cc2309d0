/** Listening, and the life of a server: what Python has in `http.server.HTTPServer`, on `Deno.serve`. */

import { BrokenOff } from "../handler/body_stream.ts";
import { unanswerable } from "../handler/unanswerable.ts";
import { format_exception } from "../handler/traceback.ts";
import { stderr } from "../streams/error_stream.ts";
import { AcceptErrors } from "./accept_errors.ts";
import { hostname_of, type ServerAddress } from "./address.ts";
import { Attendance } from "./attendance.ts";
import { full_name, unnamed_host } from "./host_names.ts";
import { Listening, type ListenOptions } from "./listening.ts";
import { RequestQueue } from "./request_queue.ts";

/** Where a request came from; `["", 0]` on a Unix socket. */
export type ClientAddress = [host: string, port: number];

/** What `Deno.serve` takes beside the address. */
export interface WSGIServerOptions {
  /** Lets several processes listen on the same port; Deno asks for `--unstable-net` then. */
  reusePort?: boolean;
  /** How many connections the system keeps that are not accepted yet. */
  tcpBacklog?: number;
  /** A certificate in PEM, and with it `key`: the server speaks HTTPS then. */
  cert?: string;
  /** The key of the certificate, in PEM. */
  key?: string;
  /** Ends the server as `server_close` does. */
  signal?: AbortSignal;
}

/**
 * An HTTP server that knows nothing of WSGI. It listens as soon as it is made; requests wait until `serve_forever` or
 * `handle_request` is called.
 */
export abstract class HTTPServer implements AsyncDisposable {
  /** Where the server listens: the port is the real one where 0 was asked. */
  server_address: ServerAddress;
  /** `SERVER_NAME`. */
  server_name: string;
  /** `SERVER_PORT`, as a number. */
  server_port: number;
  /**
   * The host in the URL of a request that names none; null by HTTPS, where every client names one.
   *
   * @ignore
   */
  readonly unnamed_host: string | null;
  #options: ListenOptions;
  /** What listens, and what has listened and still has requests under way. */
  #listenings = new Set<Listening>();
  #accept_errors = new AcceptErrors((text) => this.log_error(text));
  #stopping = false;
  /** Whether it serves to the last moment, because others serve at its port as well. */
  #is_handed_over = false;
  #ended = Promise.withResolvers<void>();
  #queue = new RequestQueue<Response>(unavailable);
  #attendance = new Attendance();

  /**
   * Listens at `server_address`.
   *
   * @param server_address A host and a port, or the path of a Unix socket. The host `""` is every
   * address of the machine, the port 0 any free one.
   * @param options What `Deno.serve` takes beside them.
   * @throws {Deno.errors.AddrInUse} If somebody else listens there.
   * @throws {RangeError} If the port is not from 0 to 65535.
   * @throws {Deno.errors.InvalidData} If certificate or key are none.
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
      // The handler has logged why it broke a response off.
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
   * Handles exactly one request, the next to come or the one that has waited longest.
   *
   * @returns A promise that resolves when its response is complete, or when the server is shut down first.
   * @throws {Error} If `serve_forever` has been called.
   */
  async handle_request(): Promise<void> {
    await this.#queue.handle_one();
  }

  /**
   * Stops accepting requests, and resolves when those under way are answered. Connections on which there is none are
   * closed. While a request with a body is under way, new ones are answered with a 503.
   *
   * Where a request was under way, or answered half a second before, Deno keeps some of the others: one that says nothing
   * by TLS, or nothing any more by HTTP/2, and one whose request was answered before all of its body had come. They are not
   * waited for, and end when their client leaves, or with the process.
   */
  async shutdown(): Promise<void> {
    await this.#end((listening) => listening.stop());
  }

  /**
   * Serves on until `shutdown()` loses no request, where other processes listen at the same port: to be called before,
   * and when each response by HTTP/1 is the last of its connection.
   *
   * @ignore
   * @param moment How long its client has to hear that, in milliseconds.
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
   * `server_close()`, at the end of an `await using` block. Says on stderr if that comes before any request, and nobody
   * waits for `serve_forever()`.
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

  /**
   * Logs an error that no handler took, and gives the client a bare 500. Override to do
   * something else about it.
   */
  handle_error(error: unknown): Response | Promise<Response> {
    stderr.write(
      `Exception while a request was handled: ${format_exception(error)}`,
    );
    return new Response(null, { status: 500 });
  }

  /** Logs what went wrong beside the requests: `text` ends in a line feed. Override to log elsewhere. */
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

  /** Deno.serve listens no more when a connection was not to be had, but goes on with those that it has. */
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
    return unanswerable(request, remoteAddr) ??
      this.finish_request(request, client_address);
  }
}

/** Where Deno.serve is to listen. */
function listen_address(
  address: ServerAddress,
): { path: string } | { hostname: string; port: number } {
  if (typeof address === "string") return { path: address };
  const [host, port] = address;
  return { hostname: hostname_of(host), port };
}

/** The answer to a request that came too late. */
function unavailable(): Response {
  return new Response(null, {
    status: 503,
    headers: { "Connection": "close" },
  });
}
