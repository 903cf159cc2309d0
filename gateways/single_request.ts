/** The servers of protocols that have one request a connection: SCGI and uwsgi. */

import type { Connection, Parsed } from "../_internal/connection.ts";
import { empty_body } from "../_internal/body.ts";
import { stderr } from "../_internal/error_stream.ts";
import { GatewayConnection } from "./gateway_connection.ts";
import type { GatewayHandler, GatewayHandlerClass } from "./gateway_handler.ts";
import { GatewayServer } from "./gateway_server.ts";
import type { Variables } from "./variables.ts";

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
  override async serve(): Promise<void> {
    const variables = await this.connection.parse((data) =>
      this.server.parse_head(data)
    );
    if (!variables) return;
    const handler = this.#handler(variables);
    await this.handle(handler, variables);
    if (!handler.broken && !this.#has_taken(variables)) {
      await this.connection.finish();
    }
  }

  #handler(variables: Variables): GatewayHandler {
    const { connection, server } = this;
    const stdin = Number(variables.CONTENT_LENGTH) === 0
      ? empty_body()
      : connection.readable();
    const stdout = new WritableStream<Uint8Array>({
      write: (data) => connection.write(data),
    });
    return new server.handler_class(
      stdin,
      stdout,
      server.stderr ?? stderr,
      variables,
      false,
      false,
    );
  }

  /** Whether the whole body has been read. */
  #has_taken({ CONTENT_LENGTH }: Variables): boolean {
    return Number(CONTENT_LENGTH ?? "") === this.connection.bytes_read;
  }
}
