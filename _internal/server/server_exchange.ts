/** A request of `WSGIServer` on the shortcut to an application. */

import { Headers } from "../../headers.ts";
import type { ServerHandler } from "../handler/server_handler.ts";
import { OwnExchange, type SentResponse } from "../request/direct.ts";
import type { ErrorStream, WSGIEnvironment } from "../../types.ts";
import type { ClientAddress } from "./http_server.ts";

/** The part of a `WSGIRequestHandler` that is needed. */
interface RequestHandler {
  readonly request: Request;
  readonly client_address: ClientAddress;
  get_stderr(): ErrorStream;
}

export class ServerExchange extends OwnExchange {
  readonly completed = null;
  #request_handler: RequestHandler;
  #environ: () => WSGIEnvironment;

  /** @param environ Returns the environ, always the same one. */
  constructor(
    request_handler: RequestHandler,
    is_counted: boolean,
    environ: () => WSGIEnvironment,
  ) {
    super(request_handler.request, is_counted);
    this.#request_handler = request_handler;
    this.#environ = environ;
  }

  get client_address(): ClientAddress {
    return this.#request_handler.client_address;
  }

  get errors(): ErrorStream {
    return this.#request_handler.get_stderr();
  }

  get environ(): WSGIEnvironment {
    return this.#environ();
  }
}

/** The environ of a handler, whether it has run or not. */
export function environ_of(handler: ServerHandler): WSGIEnvironment {
  if (!handler.environ) handler.setup_environ();
  return handler.environ!;
}

/** Has a handler look as if it had sent a response, for whoever logs it. */
export function note_sent(
  handler: ServerHandler,
  { status, headers, size }: SentResponse,
): void {
  environ_of(handler);
  handler.status = status;
  handler.headers = new Headers(headers);
  handler.headers_sent = true;
  handler.bytes_sent = size;
}
