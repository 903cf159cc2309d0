/** Serves an application according to the settings. */

import {
  limit_body,
  limit_concurrency,
  limit_request,
  limit_time,
  mount_at,
  trust_forwarded,
} from "../middleware/mod.ts";
import { work_is_done } from "../_internal/background.ts";
import { SocketFile } from "../_internal/server/socket_file.ts";
import type { ServerAddress } from "../simple_server.ts";
import type { WSGIApplication } from "../types.ts";
import { type Certificate, read_certificate } from "./certificate.ts";
import { format_address } from "./settings/address.ts";
import type { Logs } from "./logs/logs.ts";
import { Requests } from "./requests.ts";
import {
  gateway_server,
  type Handling,
  http_server,
  run_script,
  type Server,
} from "./servers.ts";
import type { Settings } from "./settings/settings.ts";
import { listen_error_reason } from "./listen_error.ts";
import { remove_stale_socket } from "./stale_socket.ts";

/** The server cannot listen at its address. The command ends with status 1. */
export class ListenError extends Error {
  override name = "ListenError";
}

/** The place of a process among others. */
export interface Place {
  /** Whether it is a worker, which shares its port with others. */
  is_worker: boolean;
  /** Called when it has answered so many requests that it should be replaced. */
  on_worn(): void;
}

/**
 * For how long each HTTP/1 response closes its connection before the server stops, in milliseconds: long enough for
 * clients that use a connection regularly.
 */
const LAST_MOMENT = 1000;

/** The minimum grace period, in milliseconds: a server needs a moment to notice that no request is in flight. */
const LEAST_GRACE = 100;

const ALONE: Place = { is_worker: false, on_worn() {} };

/** What a service is created from. */
export interface Foundation extends Pick<Handling, "debug_handler"> {
  settings: Settings;
  logs: Logs;
  place?: Place;
}

/** An application with its middleware and its server, which runs until it is stopped. */
export class Service {
  #settings: Settings;
  #logs: Logs;
  #place: Place;
  #handling: Handling;
  #app: WSGIApplication;
  #server: Server | null = null;
  /** When the requests in flight are cut off. */
  #end_of_grace: number | null = null;
  #stopped: Promise<void> | null = null;
  /** Resolves when the requests in flight are no longer waited for. */
  #cut_off = Promise.withResolvers<void>();

  constructor(
    app: WSGIApplication,
    { settings, logs, debug_handler, place = ALONE }: Foundation,
  ) {
    this.#settings = settings;
    this.#logs = logs;
    this.#place = place;
    const worn = requests_until_worn(settings);
    const requests = new Requests(logs.access, worn, () => place.on_worn());
    this.#handling = {
      requests,
      application: settings.application,
      errors: logs.errors,
      errors_are_named: settings.error_logfile !== "-",
      debug_handler,
    };
    this.#app = this.#wrap(app, requests);
  }

  /** The address, in the form of the configuration of a web server; "" before it listens. */
  get address(): string {
    return this.#server ? format_address(this.#server.server_address) : "";
  }

  /**
   * Serves until it is stopped. A CGI script answers one request.
   *
   * @param on_listening Called when it accepts requests.
   * @throws {ListenError} If it cannot listen at the address.
   * @throws {UsageError} If the certificate is invalid.
   */
  async serve(on_listening: () => void): Promise<void> {
    let leave: (() => void) | null = null;
    try {
      if (this.#settings.protocol === "cgi") {
        return await run_script(this.#app, this.#handling);
      }
      const server = await this.#listen();
      if (this.#stopped) return await server.server_close();
      this.#server = server;
      leave = remove_at_exit(server.server_address);
      server.multiprocess = this.#place.is_worker;
      server.set_app(this.#app);
      const served = server.serve_forever();
      on_listening();
      await Promise.race([served, this.#cut_off.promise]);
      await this.#stopped;
    } finally {
      leave?.();
      this.#logs.close();
    }
  }

  /**
   * Checks the files that are only read when it listens.
   *
   * @throws {UsageError} If one cannot be read or used.
   */
  check(): void {
    read_certificate(this.#settings);
  }

  /** Whether a request has arrived. */
  get was_asked(): boolean {
    return this.#handling.requests.begun;
  }

  /** Whether it is stopping. */
  get stopping(): boolean {
    return this.#stopped !== null;
  }

  /**
   * Keeps serving until it can be stopped without losing a request, while other processes accept requests at the same
   * port. Every HTTP/1 response closes its connection, so that no client sends a request on a connection that is being
   * closed.
   */
  async wind_down(): Promise<void> {
    const { protocol, graceful_timeout } = this.#settings;
    this.#end_of_grace = performance.now() + graceful_timeout * 1000;
    if (protocol !== "http") return;
    this.#handling.requests.are_last = true;
    await Promise.race([
      this.#server?.hand_over?.(LAST_MOMENT),
      this.#grace_ends(),
    ]);
  }

  /** The address; null before it listens. */
  get server_address(): ServerAddress | null {
    return this.#server?.server_address ?? null;
  }

  /** Drops every connection at once. Those that Deno is already shutting down, it does not close: they are not waited for. */
  async close(): Promise<void> {
    const closed = this.#server?.server_close();
    if (this.#stopped) this.#cut_off.resolve();
    else await closed;
  }

  /** Stops when the requests in flight have been answered, or the grace period is over. */
  stop(): Promise<void> {
    return this.#stopped ??= this.#stop();
  }

  async #stop(): Promise<void> {
    const grace = Math.max(this.#grace, LEAST_GRACE);
    const timer = setTimeout(() => this.#cut(), grace);
    await Promise.race([this.#finish(), this.#cut_off.promise]);
    clearTimeout(timer);
  }

  /** Waits for the requests in flight, and for work that continues after a response. */
  async #finish(): Promise<void> {
    await this.#server?.shutdown();
    await work_is_done();
  }

  /** Stops waiting. With HTTP, the end of the process closes the connections: Deno does not, once it is shutting down. */
  async #cut(): Promise<void> {
    this.#logs.errors.log("warning", "cut off requests in flight");
    if (this.#settings.protocol !== "http") await this.#server?.server_close();
    this.#cut_off.resolve();
  }

  /** What is left of the grace period, in milliseconds. */
  get #grace(): number {
    const { graceful_timeout } = this.#settings;
    this.#end_of_grace ??= performance.now() + graceful_timeout * 1000;
    return Math.max(this.#end_of_grace - performance.now(), 0);
  }

  /** Resolves when the grace period is over. */
  async #grace_ends(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.#grace));
  }

  /** The application in the middleware that the settings ask for, from the innermost to the outermost. */
  #wrap(app: WSGIApplication, requests: Requests): WSGIApplication {
    const {
      timeout,
      limit_request_body,
      limit_concurrency: max_concurrent,
      root_path,
      forwarded_allow_ips,
      limit_request_line,
      limit_request_fields,
      limit_request_field_size,
    } = this.#settings;
    const log = (message: string) => this.#logs.errors.log("error", message);
    app = limit_time(app, { timeout, log });
    app = limit_body(app, { max_size: limit_request_body });
    app = limit_concurrency(app, { max_concurrent, counter: requests });
    if (root_path !== null) app = mount_at(app, { script_name: root_path });
    app = trust_forwarded(app, { trusted: forwarded_allow_ips });
    return limit_request(app, {
      line: limit_request_line,
      fields: limit_request_fields,
      field_size: limit_request_field_size,
    });
  }

  async #listen(): Promise<Server> {
    const { bind } = this.#settings;
    const tls = read_certificate(this.#settings);
    try {
      if (typeof bind === "string") await remove_stale_socket(bind);
      return this.#make_server(bind, tls);
    } catch (error) {
      const reason = listen_error_reason(bind, error as Error);
      throw new ListenError(
        `cannot listen at ${format_address(bind)}: ${reason}`,
        { cause: error },
      );
    }
  }

  #make_server(bind: ServerAddress, tls: Certificate | null): Server {
    const { protocol, backlog } = this.#settings;
    const reuse = this.#place.is_worker ? { reusePort: true } : {};
    const options = { tcpBacklog: backlog, ...reuse };
    if (protocol === "scgi" || protocol === "fastcgi" || protocol === "uwsgi") {
      return gateway_server(protocol, bind, this.#handling, options);
    }
    return http_server(bind, this.#handling, { ...options, ...tls });
  }
}

/**
 * Removes the file of a Unix socket when the process exits: Deno does that only when the socket is closed.
 *
 * @returns A function that cancels this.
 */
function remove_at_exit(address: ServerAddress): () => void {
  if (typeof address !== "string") return () => {};
  const file = new SocketFile(address);
  const remove = () => file.remove();
  addEventListener("unload", remove);
  return () => removeEventListener("unload", remove);
}

function requests_until_worn(settings: Settings): number {
  const { max_requests, max_requests_jitter } = settings;
  if (max_requests === 0) return 0;
  return max_requests + Math.floor(Math.random() * (max_requests_jitter + 1));
}
