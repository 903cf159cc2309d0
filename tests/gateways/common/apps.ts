/** The applications of the tests of all protocols, what they answer, and a request that not all of them read. */

import type { HeaderList, WSGIApplication } from "../../../types.ts";
import { bytes, join } from "../../support/support.ts";
import type { Protocol } from "../gateway_clients.ts";
import { request_pairs } from "../heads.ts";

/** The headers of a text. */
export const PLAIN: HeaderList = [["Content-Type", "text/plain"]];

/** Answers with a word. */
export const hello: WSGIApplication = (_environ, start_response) => {
  start_response("200 OK", PLAIN);
  return [bytes("Hello")];
};

/** What `hello` answers. */
export const HELLO =
  "200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nHello";

/** What an application that failed is answered by. */
export const ERROR_PAGE =
  "500 Internal Server Error\r\nContent-Type: text/plain\r\nContent-Length: 59\r\n\r\n" +
  "A server error occurred.  Please contact the administrator.";

/** Answers with the environ as JSON. */
export const show: WSGIApplication = (environ, start_response) => {
  start_response("200 OK", []);
  return [new TextEncoder().encode(JSON.stringify(environ))];
};

/** Answers with the size of the body. */
export const count: WSGIApplication = async (environ, start_response) => {
  let size = 0;
  for await (const chunk of environ["wsgi.input"]) size += chunk.length;
  start_response("200 OK", PLAIN);
  return [bytes(String(size))];
};

/** The body of a response. */
export function body_of(response: string): string {
  return response.slice(response.indexOf("\r\n\r\n") + 4);
}

/** Counts how often a result is closed. */
export function closing(
  blocks: () => AsyncIterator<Uint8Array>,
): [app: WSGIApplication, closed: () => number, begun: () => boolean] {
  let closed = 0;
  let begun = false;
  const app: WSGIApplication = (_environ, start_response) => {
    start_response("200 OK", []);
    begun = true;
    return { [Symbol.asyncIterator]: blocks, close: () => void closed++ };
  };
  return [app, () => closed, () => begun];
}

/** Blocks without an end. */
export async function* endless_blocks() {
  const block = new Uint8Array(65536);
  while (true) {
    yield block;
    await null;
  }
}

/** One block, and nothing more for ever. */
export async function* stalled_blocks() {
  yield bytes("first");
  await new Promise(() => {});
}

/** Nothing for ever. */
export async function* stalled_at_once() {
  await new Promise(() => {});
  yield bytes("never");
}

/** 2 ** 20 bytes. */
export const MIB = 1 << 20;

/** More than sockets take whose other side does not read. */
const SIZE = 16 * MIB;

/** A request with a body that is not read. */
export function large_request(
  protocol: Protocol,
): [head: Uint8Array, body: Uint8Array] {
  return [
    protocol.head(request_pairs({ CONTENT_LENGTH: String(SIZE) })),
    join([protocol.body(new Uint8Array(SIZE)), protocol.end]),
  ];
}
