/** A request of `WSGIServer` on the shortcut to an application. */

import { Exchange } from "../request/direct.ts";
import type { ServerHandler } from "../handler/server_handler.ts";
import type { ErrorStream, WSGIEnvironment } from "../../types.ts";
import type { ClientAddress } from "./http_server.ts";

/** The part of a `WSGIRequestHandler` that is needed. */
interface RequestHandler {
  readonly request: Request;
  readonly client_address: ClientAddress;
  get_stderr(): ErrorStream;
}

export class ServerExchange extends Exchange {
  readonly completed = null;
  #request_handler: RequestHandler;
  #handler: () => ServerHandler;

  /** @param handler Returns the handler that runs an application for the request. */
  constructor(
    request_handler: RequestHandler,
    is_counted: boolean,
    handler: () => ServerHandler,
  ) {
    super(request_handler.request, is_counted);
    this.#request_handler = request_handler;
    this.#handler = handler;
  }

  get client_address(): ClientAddress {
    return this.#request_handler.client_address;
  }

  get errors(): ErrorStream {
    return this.#request_handler.get_stderr();
  }

  get environ(): WSGIEnvironment {
    const handler = this.#handler();
    if (!handler.environ) handler.setup_environ();
    return handler.environ!;
  }
}
