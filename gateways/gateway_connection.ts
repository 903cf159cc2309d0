/** A connection from a web server, and its requests in flight. */

import type { Bagged } from "../_internal/bag.ts";
import type { Connection } from "../_internal/streams/connection.ts";
import type { MaybePromise } from "../_internal/promise.ts";
import type { GatewayHandler, RequestLogger } from "./gateway_handler.ts";

/** How long an idle connection stays open when the server stops, in milliseconds: a request may be on its way. */
const PATIENCE = 250;

/** What a connection needs from its server. */
export interface RequestServer extends RequestLogger {
  /** Answers a request when it is its turn; never, if the server stops before. */
  handle(answer: () => MaybePromise): MaybePromise;
  /** Runs the application for a request. */
  run(handler: GatewayHandler): MaybePromise;
}

/** Serves a connection. */
export abstract class GatewayConnection<
  Server extends RequestServer = RequestServer,
> implements Bagged {
  place = 0;
  protected readonly server: Server;
  protected readonly connection: Connection;
  /** The number of requests in flight. */
  #active = 0;
  #stopping = false;
  #patience: ReturnType<typeof setTimeout> | undefined;

  constructor(server: Server, connection: Connection) {
    this.server = server;
    this.connection = connection;
  }

  /**
   * Serves the connection until it ends.
   *
   * @throws An error if the input is malformed.
   */
  abstract serve(): Promise<void>;

  /** Closes the connection as soon as no request is in flight. */
  stop(): void {
    this.#stopping = true;
    if (this.#active === 0) {
      this.#patience = setTimeout(() => this.#close_when_idle(), PATIENCE);
    }
  }

  /** Closes the connection at once. A subclass aborts its requests in flight, as on a disconnect. */
  close(): void {
    clearTimeout(this.#patience);
    this.connection.close();
  }

  /**
   * Runs the application for a request when it is its turn, and logs the request.
   *
   * @param end Ends the response; its argument tells whether the result is still being closed.
   */
  protected async handle(
    handler: GatewayHandler,
    end: (is_closing: boolean) => MaybePromise,
  ): Promise<void> {
    handler.server = this.server;
    handler.end = end;
    this.#active++;
    try {
      const handled = this.server.handle(() => {
        const running = this.server.run(handler);
        return running
          ? running.then(() => handler.ended ?? end(false))
          : end(false);
      });
      if (handled) await handled;
    } finally {
      this.#active--;
    }
  }

  /** Must be called when a request has ended, in whatever way. */
  protected close_if_stopping(): void {
    if (this.#stopping) this.#close_when_idle();
  }

  #close_when_idle(): void {
    if (this.#active === 0) this.connection.close();
  }
}

/**
 * The maximum number of microtask turns for the response of an application that waits for nothing: a handler of Hono
 * takes 18, one behind three middlewares 33.
 */
const TURNS = 64;

/**
 * Whether requests are complete at once, because their applications wait for nothing. Otherwise the connection has to
 * be watched, which costs a read, and an error when the connection is closed during it.
 */
export async function at_once(are_over: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < TURNS && !are_over(); turn++) await null;
  return are_over();
}
