/** A FastCGI connection: dispatches records to requests, and ends requests. */

import type { Variables } from "../../_internal/request/variables.ts";
import { Bag } from "../../_internal/bag.ts";
import { empty_body } from "../../_internal/streams/body.ts";
import { concat, decode_latin1 } from "../../_internal/text/bytes.ts";
import { disconnected } from "../../_internal/streams/disconnect.ts";
import {
  stderr,
  UnbufferedErrorStream,
} from "../../_internal/streams/error_stream.ts";
import type { MaybePromise } from "../../_internal/promise.ts";
import { PushedStream } from "../../_internal/streams/pushed_stream.ts";
import {
  encode_name_values,
  encode_record,
  encode_stream,
  end_size,
  type FastCGIRecord,
  parse_name_values,
  parse_records,
  PROTOCOL_STATUS,
  put_end,
  RECORD_TYPE,
  RESPONDER,
} from "./codec.ts";
import { FastCGIRequest } from "./request.ts";
import { at_once, GatewayConnection } from "../gateway_connection.ts";
import type {
  GatewayHandler,
  GatewayHandlerClass,
} from "../gateway_handler.ts";
import type { GatewayServer } from "../gateway_server.ts";

/** The maximum number of requests in flight on one connection. */
const MAX_REQUESTS = 128;

/** The flag of BEGIN_REQUEST that keeps the connection open after the request. */
const KEEP_CONN = 1;

/** A record of an invalid version. */
const NO_RECORD = new Uint8Array(8);

interface Server extends GatewayServer {
  handler_class: GatewayHandlerClass;
}

export class FastCGIConnection extends GatewayConnection<Server> {
  #requests = new Bag<FastCGIRequest>();
  /** Whether a request has started since the last wait for records. */
  #has_started = false;
  /** Whether the connection must be closed after one of its requests. */
  #closes = false;
  /** Whether further input does not matter, not even its end. */
  #is_over = false;
  /** Whether the complete head of a request has arrived. */
  #has_head = false;
  /** The error that ended the connection, other than errors of its input. */
  #failure: unknown = null;

  override async serve(): Promise<void> {
    try {
      do {
        const records = this.connection.take(parse_records) ?? [];
        for (const record of records) {
          if (this.connection.is_closed) break; // Another connection now uses the buffer.
          const taken = this.#take(record);
          if (taken) await taken;
        }
        const started = this.#start_ready();
        if (started) await started;
      } while (!this.#is_over && await this.connection.more());
      if (this.#is_over) await this.connection.written();
    } catch (error) {
      if (!this.#failure && (this.#is_done || this.#is_left(error))) return;
      throw this.#failure ?? error;
    }
  }

  /**
   * Whether the connection ended within a body that is no longer needed, or whose client has disconnected. nginx closes
   * a connection like that if it gets the response before it has sent the whole body.
   */
  #is_left(error: unknown): boolean {
    return error instanceof Deno.errors.UnexpectedEof && this.#has_head &&
      !this.#requests.find((request) => request.needs_params);
  }

  /** Whether no more requests are expected; further input is dropped. */
  get #is_done(): boolean {
    return this.#closes && this.#requests.size === 0;
  }

  override close(): void {
    super.close();
    for (const request of this.#requests) {
      request.ended = true;
      request.variables = null;
      request.stdin?.fail(disconnected);
      request.handler?.abort();
    }
    this.#requests.clear();
  }

  /** Runs all requests that are ready; resolves when they have ended, or are known to take time. */
  #start_ready(): Promise<boolean> | undefined {
    for (const request of this.#requests) this.#start(request);
    const has_started = this.#has_started;
    this.#has_started = false;
    if (has_started && this.#requests.size > 0) {
      return at_once(() => this.#requests.size === 0);
    }
  }

  #take(record: FastCGIRecord): MaybePromise {
    const { type, request_id, content } = record;
    if (request_id === 0) return this.#take_management(type, content);
    if (type === RECORD_TYPE.BEGIN_REQUEST) return this.#begin(record);
    const request = this.#find(request_id);
    if (!request) return; // It has already been answered.
    switch (type) {
      case RECORD_TYPE.ABORT_REQUEST:
        return this.#abort(request);
      case RECORD_TYPE.PARAMS:
        return this.#take_params(request, content);
      case RECORD_TYPE.STDIN:
        return this.#take_stdin(request, content);
      default:
        return this.#take_unknown(type);
    }
  }

  #find(id: number): FastCGIRequest | undefined {
    return this.#requests.find((request) => request.id === id);
  }

  #take_management(type: number, content: Uint8Array): MaybePromise {
    if (type !== RECORD_TYPE.GET_VALUES) return this.#take_unknown(type);
    const { max_connections } = this.server;
    const values: Variables = {
      FCGI_MAX_CONNS: String(max_connections),
      FCGI_MAX_REQS: String(max_connections * MAX_REQUESTS),
      FCGI_MPXS_CONNS: "1",
    };
    const asked = parse_name_values(decode_latin1(content));
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
    if (content.length < 3 || this.#find(request_id)) {
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
    this.#requests.add(request);
  }

  #take_params(request: FastCGIRequest, content: Uint8Array): void {
    if (content.length > 0) {
      return request.add_params(content, this.server.max_header_size);
    }
    request.take_params(this.server.os_environ);
    this.#has_head = true;
  }

  #take_stdin(
    request: FastCGIRequest,
    content: Uint8Array,
  ): MaybePromise {
    // Nobody would read the body, which would block the connection for ever.
    if (!request.handler && !request.variables) {
      throw new TypeError(
        `expected the variables of request ${request.id} before its body`,
      );
    }
    request.is_whole ||= content.length === 0;
    this.#start(request);
    if (content.length > 0) return request.stdin?.push(content.slice());
    request.stdin?.end();
  }

  /** Runs a request that is ready. */
  #start(request: FastCGIRequest): void {
    const { variables } = request;
    if (!variables) return;
    request.variables = null;
    this.#has_started = true;
    this.#run(request, variables);
  }

  async #run(request: FastCGIRequest, variables: Variables): Promise<void> {
    try {
      const handler = request.handler = this.#handler(request, variables);
      await this.handle(handler, () => this.#complete(request));
      if (!request.ended) {
        await this.#end(request, 0, PROTOCOL_STATUS.OVERLOADED); // The server stops.
      }
      this.close_if_stopping();
    } catch (error) {
      this.#failure ??= error;
      this.close();
    }
  }

  /** Ends a request when its application has finished. */
  #complete(request: FastCGIRequest): MaybePromise {
    if (request.ended) return; // It was aborted, or the connection has been closed.
    const { broken } = request.handler!;
    if (!broken || this.#requests.size > 1) {
      return this.#end(request, broken ? 1 : 0);
    }
    request.ended = true;
    return this.#break_off(request);
  }

  /**
   * Ends the connection in such a way that the web server notices the incomplete response: nginx takes a plain close
   * for the end of the response.
   */
  async #break_off({ id, handler }: FastCGIRequest): Promise<void> {
    const last = concat(handler!.take_rest());
    const rest = encode_stream(RECORD_TYPE.STDOUT, id, last);
    await this.connection.write(concat([rest, NO_RECORD]));
    this.connection.close();
  }

  #handler(request: FastCGIRequest, variables: Variables): GatewayHandler {
    const write = (data: Uint8Array) =>
      this.#send_stream(RECORD_TYPE.STDOUT, request, data);
    if (!request.is_whole) request.stdin = new PushedStream();
    return new this.server.handler_class(
      request.stdin?.readable ?? empty_body(),
      { write },
      this.server.stderr ?? new RequestErrors(this, request),
      variables,
      false,
      this.server.multiprocess,
    );
  }

  /** Sends text to the log of the web server. */
  async send_errors(request: FastCGIRequest, text: string): Promise<void> {
    const data = new TextEncoder().encode(text);
    request.has_errors = true;
    try {
      await this.#send_stream(RECORD_TYPE.STDERR, request, data);
    } catch {
      (this.server.stderr ?? stderr).write(text); // The web server has disconnected.
    }
  }

  #abort(request: FastCGIRequest): Promise<void> {
    request.handler?.abort();
    return this.#end(request, 1);
  }

  /** Sends the end of a request; after the last one, closes the connection unless the web server keeps it. */
  #end(
    request: FastCGIRequest,
    app_status: number,
    protocol_status: number = PROTOCOL_STATUS.REQUEST_COMPLETE,
  ): Promise<void> {
    const { id, keep, stdin, handler, has_errors, is_whole } = request;
    const answered = protocol_status === PROTOCOL_STATUS.REQUEST_COMPLETE;
    const rest = handler?.take_rest() ?? [];
    const end = {
      app_status,
      protocol_status,
      rest: answered ? rest : null,
      has_errors,
    };
    request.ended = true;
    stdin?.fail(disconnected); // For pending reads.
    request.variables = null;
    this.#requests.delete(request);
    this.#closes ||= !keep;
    this.#is_over = this.#is_done && is_whole;
    const written = this.connection.send(
      end_size(end),
      (buffer) => put_end(buffer, id, end),
    );
    return this.#is_done
      ? written.then(() => this.#close_behind(is_whole))
      : written;
  }

  /** Closes the connection, unless another request has arrived in the meantime. */
  #close_behind(is_whole: boolean): MaybePromise {
    if (!this.#is_done) return;
    return is_whole ? this.connection.close() : this.connection.end();
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

/** The `wsgi.errors` that writes to the log of the web server. */
class RequestErrors extends UnbufferedErrorStream {
  #connection: FastCGIConnection;
  #request: FastCGIRequest;

  constructor(connection: FastCGIConnection, request: FastCGIRequest) {
    super();
    this.#connection = connection;
    this.#request = request;
  }

  override write(text: string): void {
    this.#connection.send_errors(this.#request, text);
  }

  /** Writes all lines in one record; `write()` would use one for each. */
  override writelines(lines: Iterable<string>): void {
    this.write(Array.from(lines).join(""));
  }
}
