/** The doors that are reached by HTTP, whatever stands behind them. */

import { to_fetch } from "../../../gateways/fetch.ts";
import { bytes, join, Log, serve, write_all } from "../../support/support.ts";
import { dispatcher } from "../apps/dispatcher.ts";
import { has_begun, parse_answer } from "./answer.ts";
import {
  type Answer,
  chunks_of,
  type DoorRequest,
  type HTTPDoor,
} from "./door.ts";

/**
 * The head and the body of a request, as they are sent. What is cut short is one piece: where a response has begun before
 * the body comes, Deno does not see that the client has left in the midst of it.
 */
function* http_request(request: DoorRequest): Iterable<Uint8Array> {
  if (request.cut === null) yield* parts_of(request);
  else yield join([...parts_of(request)]);
}

function* parts_of(request: DoorRequest): Iterable<Uint8Array> {
  const { method, target, headers, body, framing, cut } = request;
  const lines = [`${method} ${target} HTTP/1.1`, "Connection: close"];
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  const chunked = framing === "chunked";
  if (body) {
    lines.push(
      chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${body.length}`,
    );
  }
  yield bytes(`${lines.join("\r\n")}\r\n\r\n`);
  for (
    const chunk of chunks_of((body ?? bytes("")).subarray(0, cut ?? undefined))
  ) {
    if (chunked) yield bytes(`${chunk.length.toString(16)}\r\n`);
    yield chunk;
    if (chunked) yield bytes("\r\n");
  }
  if (body && chunked && cut === null) yield bytes("0\r\n\r\n");
}

/** How long a server may take to come to the end of an answer, in milliseconds; none needs more than a part of it. */
const DEADLINE = 30_000;

/**
 * Reads to the end, or until `enough`; a reset is an end as well.
 *
 * @throws {Error} If the end does not come.
 */
async function read_until(
  conn: Deno.Conn,
  enough: (parts: Uint8Array[]) => boolean,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const buffer = new Uint8Array(262144);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    conn.close();
  }, DEADLINE);
  try {
    for (let length; (length = await conn.read(buffer)) !== null;) {
      parts.push(buffer.slice(0, length));
      if (enough(parts)) break;
    }
  } catch (error) {
    if (late) throw new Error("the server did not close the connection");
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  } finally {
    clearTimeout(timer);
  }
  return join(parts);
}

/** Sends a request over a connection of its own. */
async function send_by_http(
  conn: Deno.Conn,
  request: DoorRequest,
): Promise<Answer> {
  const enough = (parts: Uint8Array[]) =>
    request.leaves && has_begun(join(parts));
  const [raw] = await Promise.all([
    read_until(conn, enough),
    send_all(conn, request),
  ]);
  const answer = parse_answer(raw, request.method);
  return { ...answer, broken: answer.broken || request.leaves };
}

async function send_all(conn: Deno.Conn, request: DoorRequest): Promise<void> {
  try {
    for (const part of http_request(request)) await write_all(conn, part);
    if (request.cut !== null) await conn.closeWrite();
  } catch (error) {
    // A server may answer before it has read everything, and hang up.
    const hung_up = error instanceof Deno.errors.BrokenPipe ||
      error instanceof Deno.errors.ConnectionReset;
    if (!hung_up) throw error;
  }
}

/** A door that is reached by HTTP, and by https if it has an address for that. */
export function http_door(
  address: Deno.ConnectOptions,
  log: () => string,
  close: () => void | PromiseLike<void>,
  secure_address?: Deno.ConnectTlsOptions,
): HTTPDoor {
  return {
    connect: () => Deno.connect(address),
    async send(request) {
      using conn = request.secure && secure_address
        ? await Deno.connectTls(secure_address)
        : await Deno.connect(address);
      return await send_by_http(conn, request);
    },
    log,
    async [Symbol.asyncDispose]() {
      await close();
    },
  };
}

/** `make_server`, over a socket. */
export async function make_server_door(): Promise<HTTPDoor> {
  const { server, port, log } = serve(dispatcher);
  // Its access log is tested elsewhere.
  const access_line = /^"[^\n]*" \d{3} \d+\n/gm;
  return http_door(
    { hostname: "127.0.0.1", port },
    () => log.text.replace(access_line, ""),
    () => server.server_close(),
  );
}

/** `to_fetch` under `Deno.serve`, over a socket. */
export async function deno_serve_door(): Promise<HTTPDoor> {
  const log = new Log();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen() {},
    // What has been logged already, or could not be answered.
    onError: () => new Response(null, { status: 500 }),
  }, to_fetch(dispatcher, { stderr: log }));
  return http_door(
    { hostname: "127.0.0.1", port: server.addr.port },
    () => log.text,
    () => server.shutdown(),
  );
}
