/**
 * An SCGI server, for an application behind nginx (`scgi_pass`), Apache (`mod_proxy_scgi`) or lighttpd (`mod_scgi`).
 *
 * SCGI is the simplest protocol between a web server and an application: a connection carries one request, preceded by
 * its variables (https://python.ca/scgi/protocol.txt).
 *
 * @example
 * ```ts
 * import { serve_scgi } from "@tsgi/serve/scgi";
 * import { demo_app } from "@tsgi/serve";
 * import { toText } from "@std/streams";
 * import { assertStringIncludes } from "@std/assert";
 *
 * await using server = serve_scgi(demo_app, ["127.0.0.1", 0]);
 * server.log_request = () => {};
 * server.serve_forever();
 *
 * // What a web server does:
 * const [hostname, port] = server.server_address as [string, number];
 * const conn = await Deno.connect({ hostname, port });
 * const head = "CONTENT_LENGTH\0" + "0\0SCGI\0" + "1\0REQUEST_METHOD\0GET\0PATH_INFO\0/x\0";
 * await conn.write(new TextEncoder().encode(`${head.length}:${head},`));
 * assertStringIncludes(await toText(conn.readable), "PATH_INFO = '/x'");
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
import type { Parsed } from "../_internal/streams/connection.ts";
import type { WSGIApplication } from "../types.ts";
import { GatewayHandler, type GatewayHandlerClass } from "./gateway_handler.ts";
import { type GatewayOptions, GatewayServer } from "./gateway_server.ts";
import { parse_scgi_head } from "./scgi/codec.ts";
import { SingleRequestServer } from "./single_request.ts";

export { GatewayHandler, GatewayServer, SingleRequestServer };
export type { GatewayHandlerClass, GatewayOptions, ServerAddress, Variables };

/**
 * Runs the application for one request of an {@linkcode SCGIServer}.
 *
 * @category Gateways
 */
export class SCGIHandler extends GatewayHandler {}

/**
 * A server that speaks SCGI, with the same interface as `WSGIServer`.
 *
 * @category Gateways
 */
export class SCGIServer extends SingleRequestServer {
  /** The class that runs the application. */
  override handler_class: GatewayHandlerClass = SCGIHandler;

  /**
   * Parses the head of a request: a netstring.
   *
   * @ignore
   */
  override parse_head(data: Uint8Array): Parsed<Variables> | null {
    return parse_scgi_head(data, this.max_header_size, this.os_environ);
  }
}

/**
 * Creates an SCGI server for `app` that listens at `address`; call `serve_forever()` to handle requests.
 *
 * @param app The application.
 * @param address A host and a port, or the path of a Unix socket.
 * @param options Limits, and the stream for errors.
 * @throws {TypeError} If `app` is not a function.
 * @throws {Deno.errors.AddrInUse} If the address is in use.
 * @throws {RangeError} If the port or a limit is out of range.
 *
 * @category Gateways
 */
export function serve_scgi(
  app: WSGIApplication,
  address: ServerAddress,
  options: GatewayOptions = {},
): SCGIServer {
  check_server(address, app);
  const server = new SCGIServer(address, options);
  server.set_app(app);
  return server;
}
