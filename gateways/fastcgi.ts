/**
 * A FastCGI server, for an application behind nginx (`fastcgi_pass`), Apache (`mod_proxy_fcgi`) or lighttpd
 * (`mod_fastcgi`). It implements version 1.0 of the protocol, in the role of a responder.
 *
 * A connection may be kept alive for many requests, and may multiplex several. `wsgi.errors` is the log of the web
 * server. A request body has the length `CONTENT_LENGTH`; without one it ends when the web server ends it.
 *
 * If the application does not read a request body, other requests on the same connection are blocked until it responds;
 * the web servers named above never multiplex requests.
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
import {
  check_server,
  type ServerAddress,
} from "../_internal/server/address.ts";
import type { Connection } from "../_internal/streams/connection.ts";
import type { WSGIApplication } from "../types.ts";
import { FastCGIConnection } from "./fastcgi/connection.ts";
import { GatewayHandler, type GatewayHandlerClass } from "./gateway_handler.ts";
import { type GatewayOptions, GatewayServer } from "./gateway_server.ts";

export { GatewayHandler, GatewayServer };
export type { GatewayHandlerClass, GatewayOptions, ServerAddress, Variables };

/**
 * Runs the application for one request of a {@linkcode FastCGIServer}.
 *
 * @category Gateways
 */
export class FastCGIHandler extends GatewayHandler {}

/**
 * A server that speaks FastCGI, with the same interface as `WSGIServer`.
 *
 * @category Gateways
 */
export class FastCGIServer extends GatewayServer {
  /** The class that runs the application. */
  handler_class: GatewayHandlerClass = FastCGIHandler;

  /**
   * Creates the object that serves a connection.
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
 * Creates a FastCGI server for `app` that listens at `address`; call `serve_forever()` to handle requests.
 *
 * @param app The application.
 * @param address A host and a port, or the path of a Unix socket.
 * @param options Limits, and the stream for errors.
 * @throws {TypeError} If `app` is not a function.
 * @throws {Deno.errors.AddrInUse} If the address is in use.
 * @throws {RangeError} If the port or a limit is out of range.
 *
 * @category Essentials
 */
export function serve_fastcgi(
  app: WSGIApplication,
  address: ServerAddress,
  options: GatewayOptions = {},
): FastCGIServer {
  check_server(address, app);
  const server = new FastCGIServer(address, options);
  server.set_app(app);
  return server;
}
