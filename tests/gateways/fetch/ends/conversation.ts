/** A client that sends a request and receives its response piece by piece, through any door. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { parse_answer } from "../../../conformance/doors/answer.ts";
import { bytes, join, text, write_all } from "../../../support/support.ts";
import type { Protocol } from "../../gateway_clients.ts";
import { request_pairs } from "../../heads.ts";

/** A request for the handler. */
export interface EndsRequest {
  method: string;
  target: string;
  body: string;
}

/** What carries the bytes. */
export interface Line {
  write(data: Uint8Array): Promise<void>;
  /** Some bytes; null at the end. */
  read(): Promise<Uint8Array | null>;
  /** What happens when the client leaves. */
  leave(): void | Promise<void>;
  /** What happens when the client has received everything. */
  close(): void | Promise<void>;
}

/** How a request and its response look on a line. */
export interface Wire {
  head(request: EndsRequest): Uint8Array;
  body(part: string): Uint8Array;
  /** What stands behind the body. */
  end: Uint8Array;
  /** The response as HTTP has it, from its status on. */
  response(raw: Uint8Array): string;
}

/** A connection to a server. */
export function line_of(conn: Deno.Conn): Line {
  const buffer = new Uint8Array(65536);
  return {
    write: (data) => write_all(conn, data),
    async read() {
      const length = await conn.read(buffer);
      return length === null ? null : buffer.slice(0, length);
    },
    leave: () => conn.close(),
    close: () => conn.close(),
  };
}

/** HTTP/1.1. */
export const http: Wire = {
  head: ({ method, target, body }) =>
    bytes(
      `${method} ${target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n` +
        (body && `Content-Length: ${body.length}\r\n`) + "\r\n",
    ),
  body: bytes,
  end: bytes(""),
  response: text,
};

/** One of the gateways' protocols. */
export function wire_of(protocol: Protocol): Wire {
  return {
    head: ({ method, target, body }) => {
      const [path = "", query = ""] = target.split("?");
      return protocol.head(request_pairs({
        REQUEST_METHOD: method,
        PATH_INFO: path,
        QUERY_STRING: query,
        REQUEST_URI: target,
      }, bytes(body)));
    },
    body: (part) => protocol.body(bytes(part)),
    end: protocol.end,
    response: (raw) => `HTTP/1.1 ${protocol.answer(raw).text}`,
  };
}

/** A request that has been sent up to its body. */
export class Conversation {
  #line: Line;
  #wire: Wire;
  #method: string;
  /** What has not been sent of the body. */
  #rest: string;
  #raw = bytes("");
  #has_ended = false;
  /** Resolves when the handler has been called. */
  readonly begun: () => Promise<void>;

  private constructor(
    line: Line,
    wire: Wire,
    { method, body }: EndsRequest,
    begun: () => Promise<void>,
  ) {
    this.#line = line;
    this.#wire = wire;
    this.#method = method;
    this.#rest = body;
    this.begun = begun;
  }

  static async start(
    line: Line,
    wire: Wire,
    request: EndsRequest,
    begun: () => Promise<void>,
  ): Promise<Conversation> {
    await line.write(wire.head(request));
    return new Conversation(line, wire, request, begun);
  }

  /** Sends the next part of the body. */
  async send(part: string): Promise<void> {
    assertEquals(this.#rest.slice(0, part.length), part);
    this.#rest = this.#rest.slice(part.length);
    if (part !== "") await this.#line.write(this.#wire.body(part));
    if (this.#rest === "") await this.#line.write(this.#wire.end);
  }

  /** Sends what is left of the body. */
  async send_rest(): Promise<void> {
    await this.send(this.#rest);
  }

  /** Waits until that is in the body of the response. */
  async receive(wanted: string): Promise<void> {
    while (!this.#body().includes(wanted)) {
      if (!await this.#more()) assertStringIncludes(this.#body(), wanted);
    }
  }

  /** Waits for the end of the response, whose body has to be this; null for one that does not come to its end. */
  async receive_all(body: string | null): Promise<void> {
    while (await this.#more());
    if (body !== null) assertEquals(this.#body(), body);
    await this.#line.close();
  }

  /** Leaves at once. */
  async leave(): Promise<void> {
    await this.#line.leave();
  }

  #body(): string {
    const response = this.#wire.response(this.#raw);
    return text(parse_answer(bytes(response), this.#method).body);
  }

  async #more(): Promise<boolean> {
    if (this.#has_ended) return false;
    const data = await this.#read();
    if (data === null) this.#has_ended = true;
    else this.#raw = join([this.#raw, data]);
    return data !== null;
  }

  /** A connection that is reset has ended as well. */
  async #read(): Promise<Uint8Array | null> {
    try {
      return await this.#line.read();
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionReset) return null;
      throw error;
    }
  }
}
