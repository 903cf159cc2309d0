/**
 * A uwsgi server, for an application behind nginx (`uwsgi_pass`) or Apache (`mod_proxy_uwsgi`). uwsgi is the protocol
 * of uWSGI (https://uwsgi-docs.readthedocs.io/en/latest/Protocol.html).
 *
 * A connection carries one request, preceded by its variables; the response is HTTP.
 *
 * @example
 * ```ts
 * import { serve_uwsgi } from "@tsgi/serve/uwsgi";
 * import { demo_app } from "@tsgi/serve";
 * import { toText } from "@std/streams";
 * import { assertMatch } from "@std/assert";
 *
 * await using server = serve_uwsgi(demo_app, ["127.0.0.1", 0]);
 * server.log_request = () => {};
 * server.serve_forever();
 *
 * // What a web server does:
 * const [hostname, port] = server.server_address as [string, number];
 * const conn = await Deno.connect({ hostname, port });
 * const head = "\x0e\0REQUEST_METHOD\x03\0GET\x09\0PATH_INFO\x02\0/x";
 * await conn.write(new TextEncoder().encode(`\0${String.fromCharCode(head.length)}\0\0${head}`));
 * assertMatch(await toText(conn.readable), /^HTTP\/1.1 200 OK\r\n.*PATH_INFO = '\/x'/s);
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
import { encode_latin1 } from "../_internal/text/bytes.ts";
import type { Parsed } from "../_internal/streams/connection.ts";
import type { MaybePromise } from "../_internal/promise.ts";
import type { WSGIApplication } from "../types.ts";
import { GatewayHandler, type GatewayHandlerClass } from "./gateway_handler.ts";
import { type GatewayOptions, GatewayServer } from "./gateway_server.ts";
import { SingleRequestServer } from "./single_request.ts";
import { parse_uwsgi_head } from "./uwsgi/codec.ts";

export { GatewayHandler, GatewayServer, SingleRequestServer };
export type { GatewayHandlerClass, GatewayOptions, ServerAddress, Variables };

/**
 * Runs the application for one request of a {@linkcode UWSGIServer}.
 *
 * @category Gateways
 */
export class UWSGIHandler extends GatewayHandler {
  /** Begins the response with a status line, like uWSGI. */
  override send_preamble(): MaybePromise {
    return this._write(encode_latin1(`HTTP/1.1 ${this.status}\r\n`));
  }
}

/**
 * A server that speaks uwsgi, with the same interface as `WSGIServer`.
 *
 * @category Gateways
 */
export class UWSGIServer extends SingleRequestServer {
  /** The class that runs the application. */
  override handler_class: GatewayHandlerClass = UWSGIHandler;

  /**
   * Parses the head of a request: the variables, preceded by their size.
   *
   * @ignore
   */
  override parse_head(data: Uint8Array): Parsed<Variables> | null {
    return parse_uwsgi_head(data, this.max_header_size, this.os_environ);
  }
}

/**
 * Creates a uwsgi server for `app` that listens at `address`; call `serve_forever()` to handle requests.
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
export function serve_uwsgi(
  app: WSGIApplication,
  address: ServerAddress,
  options: GatewayOptions = {},
): UWSGIServer {
  check_server(address, app);
  const server = new UWSGIServer(address, options);
  server.set_app(app);
  return server;
}
