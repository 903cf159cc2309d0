/** A connection from a web server, and the requests that are under way on it. */

import type { Bagged } from "../_internal/bag.ts";
import type { Connection } from "../_internal/streams/connection.ts";
import type { MaybePromise } from "../_internal/promise.ts";
import type { GatewayHandler, RequestLogger } from "./gateway_handler.ts";

/** How long an idle connection may still bring a request when the server stops, in milliseconds: it may be on its way. */
const PATIENCE = 250;

/** What a connection needs of its server. */
export interface RequestServer extends RequestLogger {
  /** Has a request answered as soon as it is its turn; never, if the server stops before. */
  handle(answer: () => MaybePromise): MaybePromise;
  /** Runs the application for a request. */
  run(handler: GatewayHandler): MaybePromise;
}

/** What serves a connection. */
export abstract class GatewayConnection<
  Server extends RequestServer = RequestServer,
> implements Bagged {
  place = 0;
  protected readonly server: Server;
  protected readonly connection: Connection;
  /** How many requests are under way. */
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
   * @throws What is wrong with what came in.
   */
  abstract serve(): Promise<void>;

  /** Closes the connection as soon as no request is under way on it. */
  stop(): void {
    this.#stopping = true;
    if (this.#active === 0) {
      this.#patience = setTimeout(() => this.#close_when_idle(), PATIENCE);
    }
  }

  /** Closes the connection at once: for the requests under way, which a subclass knows, it is as if their client had gone. */
  close(): void {
    clearTimeout(this.#patience);
    this.connection.close();
  }

  /**
   * Runs the application for a request as soon as it is its turn, and has the request logged.
   *
   * @param end Ends the response; its argument says whether the result is still being closed.
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

  /** To be called when a request has come to its end in any way. */
  protected close_if_stopping(): void {
    if (this.#stopping) this.#close_when_idle();
  }

  #close_when_idle(): void {
    if (this.#active === 0) this.connection.close();
  }
}

/** How many turns of the microtask queue a response takes at most whose application waits for nothing. */
const TURNS = 16;

/**
 * Whether requests are over at once, because their applications wait for nothing. A connection whose requests are not has
 * to be watched, which takes a read and, where the connection is closed, the errors of that.
 */
export async function at_once(are_over: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < TURNS && !are_over(); turn++) await null;
  return are_over();
}
