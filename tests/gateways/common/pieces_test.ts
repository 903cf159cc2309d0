/** Requests by SCGI, FastCGI and uwsgi that come in pieces. */

import { assertEquals, assertInstanceOf } from "@std/assert";
import { toText } from "@std/streams";
import { Connection } from "../../../_internal/streams/connection.ts";
import type { GatewayConnection } from "../../../gateways/gateway_connection.ts";
import type { WSGIApplication } from "../../../types.ts";
import { bytes, join } from "../../support/support.ts";
import { test_each, test_each_transport } from "./each_protocol.ts";
import {
  connect,
  type Gateway,
  open_gateway,
  type Protocol,
  read_to_end,
  whole_request,
} from "../gateway_clients.ts";

/** A connection in memory: what comes in is given piece by piece, and then nothing more. */
class PiecesConn {
  #pieces: Uint8Array[];
  #closed = Promise.withResolvers<null>();
  sent: Uint8Array[] = [];

  constructor(pieces: Uint8Array[]) {
    this.#pieces = pieces.filter(({ length }) => length > 0);
  }

  async read(view: Uint8Array): Promise<number | null> {
    await null;
    const piece = this.#pieces[0];
    if (!piece) return await this.#closed.promise;
    const part = piece.subarray(0, view.length);
    view.set(part);
    if (part.length < piece.length) {
      this.#pieces[0] = piece.subarray(part.length);
    } else this.#pieces.shift();
    return part.length;
  }

  async write(data: Uint8Array): Promise<number> {
    await null;
    // As a socket that takes a part only.
    const part = data.slice(0, 1000);
    this.sent.push(part);
    return part.length;
  }

  async closeWrite(): Promise<void> {
    this.close();
  }

  close(): void {
    this.#closed.reject(new Deno.errors.BadResource("closed"));
    this.#closed.promise.catch(() => {});
  }
}

/** Has `server` serve a connection on which these pieces come in; gives what it sent. */
async function serve_pieces(
  server: Gateway,
  pieces: Uint8Array[],
): Promise<Uint8Array> {
  const conn = new PiecesConn(pieces);
  const opener = server as unknown as {
    open_connection(connection: Connection): GatewayConnection;
  };
  const connection = new Connection(conn as unknown as Deno.Conn);
  await opener.open_connection(connection).serve().catch((error) => {
    // A connection that the server closes ends so.
    assertInstanceOf(error, Deno.errors.ConnectionAborted);
  });
  return join(conn.sent);
}

/** Answers with all that it was asked. */
const repeat: WSGIApplication = async (environ, start_response) => {
  const { PATH_INFO, HTTP_X_LONG } = environ;
  const body = await toText(environ["wsgi.input"]);
  start_response("200 OK", []);
  return [bytes(JSON.stringify([PATH_INFO, HTTP_X_LONG, body]))];
};

const REPEATED = '200 OK\r\nContent-Length: 170\r\n\r\n["/a\xe9","' +
  "x".repeat(130) +
  '","What is the answer to life?"]';

function request_to_split(protocol: Protocol): Uint8Array {
  const variables = { PATH_INFO: "/a\xe9", HTTP_X_LONG: "x".repeat(130) };
  return whole_request(protocol, variables, "What is the answer to life?");
}

test_each("a request may be split in two anywhere", async (protocol) => {
  await using gateway = await open_gateway(protocol, repeat);
  const request = request_to_split(protocol);
  for (let i = 0; i <= request.length; i++) {
    const pieces = [request.subarray(0, i), request.subarray(i)];
    const sent = await serve_pieces(gateway.server, pieces);
    assertEquals(protocol.answer(sent).text, REPEATED, `split at ${i}`);
  }
});

test_each("a request may come byte by byte", async (protocol) => {
  await using gateway = await open_gateway(protocol, repeat);
  const request = request_to_split(protocol);
  const pieces = Array.from(request, (byte) => new Uint8Array([byte]));
  const sent = await serve_pieces(gateway.server, pieces);
  assertEquals(protocol.answer(sent).text, REPEATED);
});

test_each_transport(
  "a request may come byte by byte",
  async (protocol, unix) => {
    await using gateway = await open_gateway(protocol, repeat, { unix });
    using conn = await connect(gateway.server.server_address);
    if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay();
    for (const byte of request_to_split(protocol)) {
      await conn.write(new Uint8Array([byte]));
    }
    assertEquals(protocol.answer(await read_to_end(conn)).text, REPEATED);
  },
);
