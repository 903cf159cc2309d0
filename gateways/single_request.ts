/** The servers of protocols that have one request a connection: SCGI and uwsgi. */

import type { Variables } from "../_internal/request/variables.ts";
import type { Connection, Parsed } from "../_internal/streams/connection.ts";
import { empty_body, parse_length } from "../_internal/streams/body.ts";
import { put_parts, size_of } from "../_internal/text/bytes.ts";
import { stderr } from "../_internal/streams/error_stream.ts";
import type { MaybePromise } from "../_internal/promise.ts";
import { at_once, GatewayConnection } from "./gateway_connection.ts";
import type { GatewayHandler, GatewayHandlerClass } from "./gateway_handler.ts";
import { GatewayServer } from "./gateway_server.ts";

/** A server whose connections carry one request each. */
export abstract class SingleRequestServer extends GatewayServer {
  /** The class that runs the application. */
  abstract handler_class: GatewayHandlerClass;

  /**
   * Parses the head of a request.
   *
   * @ignore
   * @returns Its variables; null where more bytes are needed.
   * @throws {RangeError} If it is larger than `max_header_size`.
   * @throws {TypeError} If it is none.
   */
  abstract parse_head(data: Uint8Array): Parsed<Variables> | null;

  /**
   * Makes what serves a connection.
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

  /** The variables of the request; null where the connection ends without one. */
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

  /** Sends the last of a response; where the result takes time to be closed, the web server hears of the end now. */
  #complete(handler: GatewayHandler, is_closing: boolean): MaybePromise {
    const rest = handler.take_rest();
    const size = size_of(rest);
    const sent = size === 0
      ? undefined
      : this.connection.send(size, (buffer) => put_parts(buffer, 0, rest));
    return is_closing ? this.connection.end() : sent;
  }

  /** Nothing more of the request comes: what is read is that the web server leaves, should it do that. */
  async #watch(): Promise<void> {
    await this.connection.drain();
    this.close();
  }

  /** Whether the whole body has been read. */
  #has_taken(variables: Variables): boolean {
    return length_of(variables) === this.connection.bytes_read;
  }
}

/** How long the body of a request is: empty where that is not told. */
function length_of({ CONTENT_LENGTH }: Variables): number {
  return parse_length(CONTENT_LENGTH) ?? 0;
}
