/**
 * A FastCGI server: an application behind nginx (`fastcgi_pass`), Apache (`mod_proxy_fcgi`) or lighttpd
 * (`mod_fastcgi`), by version 1.0 of the protocol, in the role of a responder.
 *
 * A connection may be kept for many requests, and may carry several at once. What is written to `wsgi.errors` goes to
 * the log of the web server. The length of a request body is its `CONTENT_LENGTH`; without one the body
 * lasts as long as the web server sends.
 *
 * A request body that the application does not read holds up the other requests on its connection, if there are any,
 * until it is answered; the web servers named above never send two at once.
 *
 * @example
 * ```ts
 * import { serve_fastcgi } from "@tsgi/serve/fastcgi";
 * import { demo_app } from "@tsgi/serve";
 *
 * await using server = serve_fastcgi(demo_app, ["127.0.0.1", 0]);
 * const [host, port] = server.server_address;
 * console.log(`nginx reaches it by: fastcgi_pass ${host}:${port};`);
 * setTimeout(() => server.shutdown(), 10);
 * await server.serve_forever();
 * ```
 *
 * @module
 */

import "../_internal/server/deno_only.ts";
import type { Variables } from "../_internal/request/variables.ts";
import type { ServerAddress } from "../_internal/server/address.ts";
import type { Connection } from "../_internal/streams/connection.ts";
import type { WSGIApplication } from "../types.ts";
import { FastCGIConnection } from "./fastcgi/connection.ts";
import { GatewayHandler, type GatewayHandlerClass } from "./gateway_handler.ts";
import { type GatewayOptions, GatewayServer } from "./gateway_server.ts";

export { GatewayHandler, GatewayServer };
export type { GatewayHandlerClass, GatewayOptions, ServerAddress, Variables };

/** Runs the application for one request of a {@linkcode FastCGIServer}. */
export class FastCGIHandler extends GatewayHandler {}

/** A server that speaks FastCGI, with the life of a `WSGIServer`. */
export class FastCGIServer extends GatewayServer {
  /** The class that runs the application. */
  handler_class: GatewayHandlerClass = FastCGIHandler;

  /**
   * Makes what serves a connection.
   *
   * @ignore
   */
  protected override open_connection(
    connection: Connection,
  ): FastCGIConnection {
    return new FastCGIConnection(this, connection);
  }
}

/**
 * Makes a server for `app` that listens at `address`; it answers from `serve_forever()` on.
 *
 * @param app The application.
 * @param address A host and a port, or the path of a Unix socket.
 * @param options Limits, and where errors are logged.
 * @throws {Deno.errors.AddrInUse} If somebody else listens there.
 * @throws {RangeError} If the port or a limit is out of range.
 */
export function serve_fastcgi(
  app: WSGIApplication,
  address: ServerAddress,
  options: GatewayOptions = {},
): FastCGIServer {
  const server = new FastCGIServer(address, options);
  server.set_app(app);
  return server;
}
