/** One `Deno.serve`: what is under way by it, and how it ends. */

import type { MaybePromise } from "../promise.ts";
import { is_just_made_whole } from "../handler/response_handler.ts";
import { Handover } from "./handover.ts";
import { SocketFile } from "./socket_file.ts";

/** What `Deno.serve` is given: an address, a certificate, and so on. */
export type ListenOptions =
  & Partial<Deno.ServeTcpOptions>
  & Partial<Deno.TlsCertifiedKeyPem>
  & { path?: string };

/** Handles a request. */
export type Receiver = (
  request: Request,
  info: Deno.ServeHandlerInfo,
) => Response | Promise<Response>;

/** How long it takes at most until what was answered has been handed to the system, in milliseconds. */
const MOMENT = 20;

/**
 * How long what is left is waited for where no request is under way any more, in milliseconds: it may be a small response
 * that its client takes slowly, of which nobody can tell whether it was sent.
 */
const PATIENCE = 500;

/** A `Deno.serve` that listens, or has listened: it ends where a connection cannot be accepted, but for those it has. */
export class Listening {
  readonly addr: Deno.Addr;
  /** Settles when it listens no more: with null where it was told to end, and otherwise with the reason. */
  readonly over: Promise<unknown>;
  #server: Deno.HttpServer<Deno.Addr>;
  /** The file of its socket, as long as there is one. */
  #file: SocketFile | null;
  #abort = new AbortController();
  /** How many requests are under way: received, and not yet answered. */
  #requests = 0;
  /** How many of them have a body. */
  #uploads = 0;
  #stopped: Promise<void> | null = null;
  #is_shutting_down = false;
  #has_ended = false;
  readonly #is_shared: boolean;
  /** Called when a request was answered; null where nobody waits for that. */
  #on_answer: (() => void) | null = null;
  /** What `hand_over()` has found so far; null before. */
  #handover: Handover | null = null;

  /**
   * Listens.
   *
   * @throws {Deno.errors.AddrInUse} If somebody else does there.
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
   * Serves on until it can be stopped without anybody noticing, where others listen at the same port. Clients by HTTP/1
   * have been told to close their connections: what they still send is waited for, as Deno's shutdown makes the rest of
   * a request body unreadable. To a client by HTTP/2 Deno says then that it goes away, and takes what has been sent before
   * that is heard; but when no request at all is under way, it breaks that off. So one by HTTP/2 is kept under way, and as
   * few as possible beside it.
   *
   * @param moment How long clients by HTTP/1 have to close their connections, in milliseconds.
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

  /** Takes it that a request comes while the server is handed over. */
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
   * Listens no more, and settles when what is under way has been answered. A connection on which nothing is is closed: at
   * once where that holds for all of them, and otherwise as far as Deno does it, which keeps one that says nothing by TLS,
   * or nothing any more by HTTP/2, and one whose request was answered before all of its body had come.
   */
  stop(): Promise<void> {
    return this.#stopped ??= this.#stop();
  }

  /** Drops every connection at once; if it has been stopped, waits until that is done, which Deno cannot hasten. */
  async close(): Promise<void> {
    if (this.#is_shutting_down) return await this.#stopped!;
    // Deno cannot abort a server that has ended.
    if (!this.#has_ended) await this.#close_socket(() => this.#abort.abort());
    this.#on_answer?.(); // There will be none.
    // One that has failed is not cleared away before.
    if (await this.over) await this.#server.shutdown();
  }

  /** Why it has ended, if nobody has told it to. */
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
    is_upload = request.body !== null,
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
    // What was handed over has nothing under way that this would lose, and must lose nothing that is still on its way: by
    // HTTP/2, Deno tells the client when it shuts down.
    const is_idle = !this.#handover && await this.#is_idle();
    if (is_idle) return await this.close();
    if (this.#handover) await this.#leave_one(this.#handover);
    this.#is_shutting_down = true;
    this.#handover?.release_later();
    let is_down = false;
    const down = this.#shut_down()
      .catch(() => {}) // That a connection was not accepted does not matter any more.
      .then(() => is_down = true);
    while (this.#requests > 0 && !is_down) {
      await Promise.race([down, this.#answer()]);
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, PATIENCE);
    await Promise.race([down, promise]);
    clearTimeout(timer);
  }

  /** Sends all responses that are kept back but one. */
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

  /** Settles as soon as no request body is under way, of which Deno's shutdown makes the rest unreadable: says whether nothing else is. */
  async #is_idle(): Promise<boolean> {
    do {
      await this.#uploads_end();
      // With others at its port it listens no longer than it has to: what comes meanwhile is turned away.
      if (this.#requests > 0 || this.#is_shared) return false;
      await new Promise((resolve) => setTimeout(resolve, MOMENT));
    } while (this.#uploads > 0);
    return this.#requests === 0;
  }

  async #uploads_end(): Promise<void> {
    while (this.#uploads > 0 && !this.#is_ending) await this.#answer();
  }

  /** Settles when a request was answered. */
  #answer(): Promise<void> {
    return new Promise((resolve) => this.#on_answer = resolve);
  }
}
