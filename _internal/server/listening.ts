/** One `Deno.serve`: its requests in flight, and its end. */

import type { MaybePromise } from "../promise.ts";
import { is_just_made_whole } from "../handler/response_handler.ts";
import { Handover } from "./handover.ts";
import { SocketFile } from "./socket_file.ts";

/** Options of `Deno.serve`: an address, a certificate, and so on. */
export type ListenOptions =
  & Partial<Deno.ServeTcpOptions>
  & Partial<Deno.TlsCertifiedKeyPem>
  & { path?: string };

/** Handles a request. */
export type Receiver = (
  request: Request,
  info: Deno.ServeHandlerInfo,
) => Response | Promise<Response>;

/** The maximum time until a response has been handed to the kernel, in milliseconds. */
const MOMENT = 20;

/**
 * How long to wait for open connections when no request is in flight, in milliseconds: there may be a small response
 * that its client reads slowly, and Deno does not tell when that has been sent.
 */
const PATIENCE = 500;

/**
 * A `Deno.serve` that listens, or has listened. When a connection cannot be accepted, it ends except for its open
 * connections.
 */
export class Listening {
  readonly addr: Deno.Addr;
  /** Resolves when it stops listening: to null if it was told to, and otherwise to the reason. */
  readonly over: Promise<unknown>;
  #server: Deno.HttpServer<Deno.Addr>;
  /** Its Unix socket file, while there is one. */
  #file: SocketFile | null;
  #abort = new AbortController();
  /** The number of requests in flight. */
  #requests = 0;
  /** How many of them have a body. */
  #uploads = 0;
  #stopped: Promise<void> | null = null;
  #is_shutting_down = false;
  #has_ended = false;
  readonly #is_shared: boolean;
  /** Called when a request has been answered; null if nobody waits for that. */
  #on_answer: (() => void) | null = null;
  /** The state of `hand_over()`; null before it is called. */
  #handover: Handover | null = null;

  /**
   * Listens.
   *
   * @throws {Deno.errors.AddrInUse} If the address is in use.
   */
  constructor(options: ListenOptions, receive: Receiver) {
    const { signal } = this.#abort;
    this.#is_shared = options.reusePort ?? false;
    this.#server = Deno.serve(
      { ...options, signal },
      (request, info) => {
        const response = receive(request, info);
        if (this.#handover) return this.#hand_on(response, request, info);
        if (!is_just_made_whole(response)) this.#track(request, info);
        return response;
      },
    );
    this.addr = this.#server.addr;
    const { path } = options;
    this.#file = path === undefined ? null : new SocketFile(path);
    this.over = this.#server.finished.then(
      () => this.#end(),
      (error) => this.#fail(error),
    );
  }

  /**
   * Keeps serving until it can be stopped without losing a request, if others listen at the same port. HTTP/1 clients
   * have been told to close their connections: uploads in flight are waited for, because Deno's shutdown makes the rest
   * of a request body unreadable. To HTTP/2 clients Deno's shutdown sends a GOAWAY, and it accepts requests until they
   * have received that; but once no request is in flight, it drops their connections. So one HTTP/2 request is kept in
   * flight, and as few others as possible.
   *
   * @param moment How long HTTP/1 clients have to close their connections, in milliseconds.
   */
  async hand_over(moment: number): Promise<void> {
    const handover = this.#handover ??= new Handover();
    await new Promise((resolve) => setTimeout(resolve, moment));
    do {
      handover.release();
      await this.#uploads_end();
      await handover.gather();
    } while (this.#uploads > 0 && !this.#is_ending);
  }

  /** Tracks a request that arrives during the handover. */
  #hand_on(
    response: Response | Promise<Response>,
    request: Request,
    info: Deno.ServeHandlerInfo,
  ): Response | Promise<Response> {
    const is_http2 = this.#handover!.is_http2(info.remoteAddr);
    this.#track(request, info, !is_http2 && request.body !== null);
    return is_http2 ? this.#handover!.keep(response) : response;
  }

  /**
   * Stops listening, and resolves when the requests in flight have been answered. If there are none, all connections
   * are closed at once. Otherwise Deno closes the idle ones, except one without a TLS handshake, a silent HTTP/2
   * connection, and one whose request was answered before its whole body had arrived.
   */
  stop(): Promise<void> {
    return this.#stopped ??= this.#stop();
  }

  /** Drops every connection at once; after `stop()`, waits for that instead, because Deno cannot speed it up. */
  async close(): Promise<void> {
    if (this.#is_shutting_down) return await this.#stopped!;
    // Deno cannot abort a server that has ended.
    if (!this.#has_ended) await this.#close_socket(() => this.#abort.abort());
    this.#on_answer?.(); // Nobody waits any more.
    // Only this releases a server that has failed.
    if (await this.over) await this.#server.shutdown();
  }

  /** The reason for its end, unless it was told to end. */
  #end(): unknown {
    this.#has_ended = true;
    return this.#is_ending ? null : new Error("Deno.serve has ended");
  }

  #fail(error: unknown): unknown {
    this.#file = null; // Deno has removed it.
    return this.#is_ending ? null : error;
  }

  get #is_ending(): boolean {
    return this.#is_shutting_down || this.#abort.signal.aborted;
  }

  #track(
    request: Request,
    { completed }: Deno.ServeHandlerInfo,
    is_upload = may_have_body(request) && request.body !== null,
  ): void {
    this.#requests++;
    if (is_upload) {
      this.#uploads++;
      const forget = () => this.#forget_upload();
      completed.then(forget, forget);
    } else {
      completed.then(this.#forget, this.#forget);
    }
  }

  #forget = (): void => {
    this.#requests--;
    this.#on_answer?.();
  };

  #forget_upload(): void {
    this.#uploads--;
    this.#forget();
  }

  async #stop(): Promise<void> {
    // After a handover, no request in flight would be lost, but neither must those that are still on their way: only
    // Deno's shutdown tells HTTP/2 clients.
    const is_idle = !this.#handover && await this.#is_idle();
    if (is_idle) return await this.close();
    if (this.#handover) await this.#leave_one(this.#handover);
    this.#is_shutting_down = true;
    this.#handover?.release_later();
    let is_down = false;
    const down = this.#shut_down()
      .catch(() => {}) // A failed `accept` no longer matters.
      .then(() => is_down = true);
    while (this.#requests > 0 && !is_down) {
      await Promise.race([down, this.#answer()]);
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, PATIENCE);
    await Promise.race([down, promise]);
    clearTimeout(timer);
  }

  /** Sends all held responses except one. */
  async #leave_one(handover: Handover): Promise<void> {
    handover.release(1);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(true), MOMENT);
    const answer = () => this.#answer().then(() => false);
    while (this.#requests > 1) {
      const is_late = await Promise.race([promise, answer()]);
      if (is_late) break;
    }
    clearTimeout(timer);
  }

  async #shut_down(): Promise<void> {
    let down: MaybePromise = undefined;
    await this.#close_socket(() => {
      down = this.#server.shutdown();
    });
    await down;
  }

  async #close_socket(close: () => void): Promise<void> {
    if (this.#file) await this.#file.close_socket(close);
    else close();
  }

  /**
   * Resolves when no request body is being sent, because Deno's shutdown makes the rest of it unreadable; to true if no
   * other request is in flight either.
   */
  async #is_idle(): Promise<boolean> {
    do {
      await this.#uploads_end();
      // On a shared port it stops listening as soon as possible, because it turns away what arrives in the meantime.
      if (this.#requests > 0 || this.#is_shared) return false;
      await new Promise((resolve) => setTimeout(resolve, MOMENT));
    } while (this.#uploads > 0);
    return this.#requests === 0;
  }

  async #uploads_end(): Promise<void> {
    while (this.#uploads > 0 && !this.#is_ending) await this.#answer();
  }

  /** Resolves when a request has been answered. */
  #answer(): Promise<void> {
    return new Promise((resolve) => this.#on_answer = resolve);
  }
}

/** A GET has no body by the fetch standard; and of one that has become a WebSocket, Deno does not say it any more. */
function may_have_body({ method }: Request): boolean {
  return method !== "GET";
}
