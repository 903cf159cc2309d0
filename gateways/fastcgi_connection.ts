/** A FastCGI connection: who gets which record, and how a request ends. */

import { concat } from "../_internal/bytes.ts";
import { disconnected, is_disconnect } from "../_internal/disconnect.ts";
import type { MaybePromise } from "../_internal/promise.ts";
import type { ErrorStream } from "../types.ts";
import {
  encode_name_values,
  encode_record,
  encode_stream,
  end_request_body,
  type FastCGIRecord,
  parse_name_values,
  parse_record,
  PROTOCOL_STATUS,
  RECORD_TYPE,
  RESPONDER,
} from "./fastcgi_codec.ts";
import { FastCGIRequest } from "./fastcgi_request.ts";
import { GatewayConnection } from "./gateway_connection.ts";
import type { GatewayHandler, GatewayHandlerClass } from "./gateway_handler.ts";
import type { GatewayServer } from "./gateway_server.ts";
import type { Variables } from "./variables.ts";

/** How many requests may be under way on one connection. */
const MAX_REQUESTS = 128;

/** The flag of BEGIN_REQUEST that leaves it to the web server to close the connection. */
const KEEP_CONN = 1;

const NOTHING = new Uint8Array();

interface Server extends GatewayServer {
  handler_class: GatewayHandlerClass;
}

export class FastCGIConnection extends GatewayConnection<Server> {
  #requests = new Map<number, FastCGIRequest>();

  override async serve(): Promise<void> {
    let record;
    while ((record = await this.connection.parse(parse_record))) {
      const taken = this.#take(record);
      if (taken) await taken;
    }
  }

  override close(): void {
    super.close();
    for (const { stdin } of this.#requests.values()) stdin.fail(disconnected());
    this.#requests.clear();
  }

  #take(record: FastCGIRecord): MaybePromise {
    const { type, request_id, content } = record;
    if (request_id === 0) return this.#take_management(type, content);
    if (type === RECORD_TYPE.BEGIN_REQUEST) return this.#begin(record);
    const request = this.#requests.get(request_id);
    if (!request) return; // It has been answered already.
    switch (type) {
      case RECORD_TYPE.ABORT_REQUEST:
        return this.#abort(request);
      case RECORD_TYPE.PARAMS:
        return this.#take_params(request, content);
      case RECORD_TYPE.STDIN:
        if (content.length > 0) return request.stdin.push(content);
        return request.stdin.end();
      default:
        return this.#take_unknown(type);
    }
  }

  #take_management(type: number, content: Uint8Array): MaybePromise {
    if (type !== RECORD_TYPE.GET_VALUES) return this.#take_unknown(type);
    const { max_connections } = this.server;
    const values: Variables = {
      FCGI_MAX_CONNS: String(max_connections),
      FCGI_MAX_REQS: String(max_connections * MAX_REQUESTS),
      FCGI_MPXS_CONNS: "1",
    };
    const asked = parse_name_values(content);
    for (const name in values) if (!(name in asked)) delete values[name];
    return this.#send(
      RECORD_TYPE.GET_VALUES_RESULT,
      0,
      encode_name_values(values),
    );
  }

  #take_unknown(type: number): Promise<void> {
    const content = new Uint8Array(8);
    content[0] = type;
    return this.#send(RECORD_TYPE.UNKNOWN_TYPE, 0, content);
  }

  #begin({ request_id, content }: FastCGIRecord): MaybePromise {
    if (content.length < 3 || this.#requests.has(request_id)) {
      throw new TypeError(
        `expected the beginning of another request than ${request_id}, got ${content.length} bytes`,
      );
    }
    const role = content[0]! * 256 + content[1]!;
    const keep = (content[2]! & KEEP_CONN) !== 0;
    const request = new FastCGIRequest(request_id, keep);
    if (role !== RESPONDER) {
      return this.#end(request, 0, PROTOCOL_STATUS.UNKNOWN_ROLE);
    }
    if (this.#requests.size >= MAX_REQUESTS) {
      return this.#end(request, 0, PROTOCOL_STATUS.OVERLOADED);
    }
    this.#requests.set(request_id, request);
  }

  #take_params(request: FastCGIRequest, content: Uint8Array): void {
    if (content.length > 0) {
      return request.add_params(content, this.server.max_header_size);
    }
    const variables = request.take_params();
    this.#run(request, variables).catch((error) => {
      if (!is_disconnect(error)) this.server.handle_error(error);
    });
  }

  async #run(request: FastCGIRequest, variables: Variables): Promise<void> {
    const handler = this.#handler(request, variables);
    request.handler = handler;
    await this.handle(handler, variables);
    // It was aborted, and so has been ended, or the connection was closed.
    if (this.#requests.get(request.id) !== request) return;
    this.#requests.delete(request.id);
    if (handler.broken && this.#requests.size === 0) {
      // A web server takes no other sign for it that the response is not whole.
      this.connection.close();
    } else await this.#end(request, handler.broken ? 1 : 0);
  }

  #handler(request: FastCGIRequest, variables: Variables): GatewayHandler {
    const stdout = new WritableStream<Uint8Array>({
      write: (data) => this.#send_stream(RECORD_TYPE.STDOUT, request, data),
    });
    return new this.server.handler_class(
      request.stdin.readable,
      stdout,
      this.server.stderr ?? this.#stderr(request),
      variables,
      false,
      false,
    );
  }

  /** What goes into the log of the web server. */
  #stderr(request: FastCGIRequest): ErrorStream {
    const write = (text: string) => {
      const data = new TextEncoder().encode(text);
      request.has_errors = true;
      this.#send_stream(RECORD_TYPE.STDERR, request, data).catch(() => {
        this.server.log_error(text); // The web server has gone.
      });
    };
    const writelines = (lines: Iterable<string>) => {
      for (const line of lines) write(line);
    };
    return { write, writelines, flush() {} };
  }

  async #abort(request: FastCGIRequest): Promise<void> {
    this.#requests.delete(request.id);
    request.stdin.fail(disconnected());
    request.handler?.abort();
    await this.#end(request, 1);
  }

  /** Says that a request has come to its end; closes the connection if the web server has left that to us. */
  async #end(
    request: FastCGIRequest,
    app_status: number,
    protocol_status: number = PROTOCOL_STATUS.REQUEST_COMPLETE,
  ): Promise<void> {
    const { id, keep, stdin, has_errors } = request;
    const records = [
      encode_record(
        RECORD_TYPE.END_REQUEST,
        id,
        end_request_body(app_status, protocol_status),
      ),
    ];
    if (protocol_status === PROTOCOL_STATUS.REQUEST_COMPLETE) {
      records.unshift(encode_record(RECORD_TYPE.STDOUT, id, NOTHING));
      if (has_errors) {
        records.unshift(encode_record(RECORD_TYPE.STDERR, id, NOTHING));
      }
    }
    const is_whole = stdin.is_over;
    request.ended = true;
    stdin.drop();
    await this.connection.write(concat(records));
    if (keep) this.close_if_stopping();
    else if (is_whole) this.connection.close();
    else await this.connection.end();
  }

  #send(type: number, id: number, content: Uint8Array): Promise<void> {
    return this.connection.write(encode_record(type, id, content));
  }

  async #send_stream(
    type: number,
    { id, ended }: FastCGIRequest,
    data: Uint8Array,
  ): Promise<void> {
    if (ended) throw disconnected();
    await this.connection.write(encode_stream(type, id, data));
  }
}
