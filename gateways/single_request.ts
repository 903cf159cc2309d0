/** The server for protocols with one request per connection: SCGI and uwsgi. */

import type { Variables } from "../_internal/request/variables.ts";
import type { Connection, Parsed } from "../_internal/streams/connection.ts";
import { empty_body, parse_length } from "../_internal/streams/body.ts";
import { put_parts, size_of } from "../_internal/text/bytes.ts";
import { stderr } from "../_internal/streams/error_stream.ts";
import type { MaybePromise } from "../_internal/promise.ts";
import { at_once, GatewayConnection } from "./gateway_connection.ts";
import type { GatewayHandler, GatewayHandlerClass } from "./gateway_handler.ts";
import { GatewayServer } from "./gateway_server.ts";

/**
 * A server whose connections carry one request each.
 *
 * @category Gateways
 */
export abstract class SingleRequestServer extends GatewayServer {
  /** The class that runs the application. */
  abstract handler_class: GatewayHandlerClass;

  /**
   * Parses the head of a request.
   *
   * @ignore
   * @returns Its variables; null if more bytes are needed.
   * @throws {RangeError} If it is larger than `max_header_size`.
   * @throws {TypeError} If it is malformed.
   */
  abstract parse_head(data: Uint8Array): Parsed<Variables> | null;

  /**
   * Creates the object that serves a connection.
   *
   * @ignore
   */
  protected override open_connection(
    connection: Connection,
  ): GatewayConnection {
    return new SingleRequestConnection(this, connection);
  }
}

class SingleRequestConnection extends GatewayConnection<SingleRequestServer> {
  #handler: GatewayHandler | null = null;

  override async serve(): Promise<void> {
    const variables = await this.#variables();
    if (!variables) return;
    const handler = this.#handler = this.#make_handler(variables);
    const handled = this.handle(
      handler,
      (is_closing) => this.#complete(handler, is_closing),
    );
    const is_over = handler.over || await at_once(() => handler.over);
    if (!is_over && this.#has_taken(variables)) this.#watch();
    await handled;
    if (!handler.broken && !this.#has_taken(variables)) {
      await this.connection.finish();
    }
  }

  override close(): void {
    super.close();
    if (this.#handler?.over === false) this.#handler.abort();
  }

  /** Reads the variables of the request; null if the connection ends without a request. */
  async #variables(): Promise<Variables | null> {
    const parse = (data: Uint8Array) => this.server.parse_head(data);
    let variables = this.connection.take(parse);
    while (!variables && await this.connection.more()) {
      variables = this.connection.take(parse);
    }
    return variables;
  }

  #make_handler(variables: Variables): GatewayHandler {
    const { connection, server } = this;
    const stdin = length_of(variables) === 0
      ? empty_body()
      : connection.readable(() => {
        if (this.#has_taken(variables)) this.#watch();
      });
    return new server.handler_class(
      stdin,
      connection,
      server.stderr ?? stderr,
      variables,
      false,
      server.multiprocess,
    );
  }

  /** Sends the rest of a response; if closing the result takes time, ends the output before that. */
  #complete(handler: GatewayHandler, is_closing: boolean): MaybePromise {
    const rest = handler.take_rest();
    const size = size_of(rest);
    const sent = size === 0
      ? undefined
      : this.connection.send(size, (buffer) => put_parts(buffer, 0, rest));
    return is_closing ? this.connection.end() : sent;
  }

  /** Reads on after the end of the request, to notice when the web server disconnects. */
  async #watch(): Promise<void> {
    await this.connection.drain();
    this.close();
  }

  /** Whether the whole body has been read. */
  #has_taken(variables: Variables): boolean {
    return length_of(variables) === this.connection.bytes_read;
  }
}

/** The length of a request body; 0 if it is not declared. */
function length_of({ CONTENT_LENGTH }: Variables): number {
  return parse_length(CONTENT_LENGTH) ?? 0;
}
