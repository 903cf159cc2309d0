/** A request of `WSGIServer` that an application takes as it is. */

import type { Exchange } from "../request/direct.ts";
import type { ServerHandler } from "../handler/server_handler.ts";
import type { ErrorStream, WSGIEnvironment } from "../../types.ts";
import type { ClientAddress } from "./http_server.ts";

/** What a `WSGIRequestHandler` knows of it. */
interface Requested {
  readonly request: Request;
  readonly client_address: ClientAddress;
  get_stderr(): ErrorStream;
}

export class ServerExchange implements Exchange {
  readonly request: Request;
  readonly client_address: ClientAddress;
  readonly is_counted: boolean;
  readonly completed = null;
  #requested: Requested;
  #handler: () => ServerHandler;

  /** @param handler Gives what runs an application for the request. */
  constructor(
    requested: Requested,
    is_counted: boolean,
    handler: () => ServerHandler,
  ) {
    this.request = requested.request;
    this.client_address = requested.client_address;
    this.is_counted = is_counted;
    this.#requested = requested;
    this.#handler = handler;
  }

  get errors(): ErrorStream {
    return this.#requested.get_stderr();
  }

  get environ(): WSGIEnvironment {
    const handler = this.#handler();
    if (!handler.environ) handler.setup_environ();
    return handler.environ!;
  }
}
