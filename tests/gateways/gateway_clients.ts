/** The other side of the gateways: what a web server sends by SCGI, FastCGI and uwsgi, and what it makes of the answer. */

import {
  request_line,
  type Variables,
} from "../../_internal/request/variables.ts";
import type { ServerAddress } from "../../_internal/server/address.ts";
import { escape_controls } from "../../_internal/text/log.ts";
import { serve_fastcgi } from "../../gateways/fastcgi.ts";
import { RECORD_TYPE } from "../../gateways/fastcgi/codec.ts";
import {
  type GatewayHandlerClass,
  type GatewayOptions,
  type GatewayServer,
  serve_scgi,
} from "../../gateways/scgi.ts";
import { serve_uwsgi } from "../../gateways/uwsgi.ts";
import type { WSGIApplication } from "../../types.ts";
import { bytes, join, Log, write_all } from "../support/support.ts";
import { type Answered, plain_answer, STATUS } from "./answered.ts";
import {
  answer_of,
  fastcgi_head,
  read_records,
  record,
  stdin,
} from "./fastcgi/records.ts";
import { type Pairs, request_pairs, scgi_head, uwsgi_head } from "./heads.ts";

/** A server of one of the protocols. */
export type Gateway = GatewayServer & { handler_class: GatewayHandlerClass };

/** A protocol, as its web servers speak it: one request on a connection. */
export interface Protocol {
  name: string;
  serve(
    app: WSGIApplication,
    address: ServerAddress,
    options?: GatewayOptions,
  ): Gateway;
  /** A request up to its body. */
  head(pairs: Pairs): Uint8Array<ArrayBuffer>;
  /** A part of the body. */
  body(data: Uint8Array): Uint8Array<ArrayBuffer>;
  /** What stands behind the body. */
  end: Uint8Array<ArrayBuffer>;
  /** What the bytes say that came back. */
  answer(raw: Uint8Array): Answered;
}

/** SCGI. */
export const scgi: Protocol = {
  name: "SCGI",
  serve: serve_scgi,
  head: scgi_head,
  body: (data) => new Uint8Array(data),
  end: bytes(""),
  answer: (raw) => plain_answer(STATUS, raw),
};

/** uwsgi. */
export const uwsgi: Protocol = {
  ...scgi,
  name: "uwsgi",
  serve: serve_uwsgi,
  head: uwsgi_head,
  answer: (raw) => plain_answer("HTTP/1.1 ", raw),
};

/** FastCGI, without keeping the connection. */
export const fastcgi: Protocol = {
  name: "FastCGI",
  serve: serve_fastcgi,
  head: (pairs) => fastcgi_head(1, pairs, { keep: false }),
  body: (data) => stdin(1, data),
  end: record(RECORD_TYPE.STDIN, 1),
  answer: (raw) => answer_of(read_records(raw)),
};

/** All of them. */
export const protocols: Protocol[] = [scgi, fastcgi, uwsgi];

/** A whole request. */
export function whole_request(
  { head, body, end }: Protocol,
  variables: Variables = {},
  content: Uint8Array | string = "",
): Uint8Array<ArrayBuffer> {
  const data = typeof content === "string" ? bytes(content) : content;
  return join([head(request_pairs(variables, data)), body(data), end]);
}

// Connections

/** Connects to where a gateway listens. */
export async function connect(address: ServerAddress): Promise<Deno.Conn> {
  if (typeof address === "string") {
    return await Deno.connect({ transport: "unix", path: address });
  }
  const [hostname, port] = address;
  return await Deno.connect({ hostname, port });
}

/** Reads to the end of a connection; that it is reset is an end as well. */
export async function read_to_end(conn: Deno.Conn): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const buffer = new Uint8Array(262144);
  try {
    for (let length; (length = await conn.read(buffer)) !== null;) {
      parts.push(buffer.slice(0, length));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
  return join(parts);
}

/** Sends some bytes; a server that hangs up need not take all of them. */
export async function send(conn: Deno.Conn, data: Uint8Array): Promise<void> {
  try {
    await write_all(conn, data);
  } catch (error) {
    const hung_up = error instanceof Deno.errors.BrokenPipe ||
      error instanceof Deno.errors.ConnectionReset;
    if (!hung_up) throw error;
  }
}

/** Sends some bytes over a connection of their own, and gives all that comes back. */
export async function exchange(
  address: ServerAddress,
  data: Uint8Array,
): Promise<Uint8Array> {
  using conn = await connect(address);
  const [raw] = await Promise.all([read_to_end(conn), send(conn, data)]);
  return raw;
}

/** Sends a request, and gives what came back. */
export async function ask(
  protocol: Protocol,
  { server_address }: GatewayServer,
  variables: Variables = {},
  body: Uint8Array | string = "",
): Promise<Answered> {
  const request = whole_request(protocol, variables, body);
  return protocol.answer(await exchange(server_address, request));
}

// Servers

/** A gateway under test; its log, and that of its requests, in `log.text`. */
export interface TestGateway extends AsyncDisposable {
  server: Gateway;
  log: Log;
}

/** How a gateway under test is made. */
export interface TestGatewayOptions extends GatewayOptions {
  /** Whether it listens at a Unix socket instead of a port. */
  unix?: boolean;
  /** Whether its requests wait for `handle_request()`. */
  waiting?: boolean;
}

/** Serves `app`; a line of the log is `"GET / HTTP/1.1" 200 5` for a request. */
export async function open_gateway(
  protocol: Protocol,
  app: WSGIApplication,
  { unix = false, waiting = false, ...options }: TestGatewayOptions = {},
): Promise<TestGateway> {
  const log = new Log();
  const folder = unix ? await Deno.makeTempDir({ prefix: "tsgi-" }) : null;
  const address: ServerAddress = folder
    ? `${folder}/app.sock`
    : ["127.0.0.1", 0];
  const server = protocol.serve(app, address, { stderr: log, ...options });
  server.log_request = (variables, code, size) =>
    log.write(
      `"${escape_controls(request_line(variables))}" ${code} ${size}\n`,
    );
  if (!waiting) server.serve_forever();
  return {
    server,
    log,
    async [Symbol.asyncDispose]() {
      await server.server_close();
      if (folder) await Deno.remove(folder, { recursive: true });
    },
  };
}
