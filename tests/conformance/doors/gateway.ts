/** SCGI, FastCGI and uwsgi as doors of the conformance table, without a web server: the test speaks the protocol. */

import { encode_latin1 } from "../../../_internal/text/bytes.ts";
import { dispatcher } from "../apps/dispatcher.ts";
import { parse_answer } from "./answer.ts";
import type { Answer, Door, DoorRequest } from "./door.ts";
import {
  connect,
  fastcgi,
  open_gateway,
  type Protocol,
  read_to_end,
  send,
} from "../../gateways/gateway_clients.ts";
import type { Pairs } from "../../gateways/heads.ts";
import { bytes, join } from "../../support/support.ts";

const NOTHING = bytes("");

/** What a web server says about the length of a body. */
function content_length(
  protocol: Protocol,
  { body, framing }: DoorRequest,
): string {
  // A body of unknown length is kept by the web server until it is known, but by FastCGI it need not be.
  if (framing === "chunked" && protocol === fastcgi) return "";
  return String(body?.length ?? 0);
}

/** The variables of a request, as a web server makes them that leaves it to the application to join headers. */
function variables_of(protocol: Protocol, request: DoorRequest): Pairs {
  const { method, target, headers, secure } = request;
  const [, path = "", query = ""] = target.match(/^([^?]*)\??(.*)$/s)!;
  const https: Pairs = secure ? [["HTTPS", "on"]] : [];
  return [
    ["CONTENT_LENGTH", content_length(protocol, request)],
    ["REQUEST_METHOD", method],
    ["SCRIPT_NAME", ""],
    ["PATH_INFO", decoded(path)],
    ["QUERY_STRING", query],
    ["REQUEST_URI", target],
    ["SERVER_NAME", "localhost"],
    ["SERVER_PORT", secure ? "443" : "80"],
    ["SERVER_PROTOCOL", "HTTP/1.1"],
    ["GATEWAY_INTERFACE", "CGI/1.1"],
    ["REMOTE_ADDR", "127.0.0.1"],
    ...https,
    ...headers.map(([name, value]) => [variable_of(name), value] as const),
  ];
}

function variable_of(header: string): string {
  const name = header.replaceAll("-", "_").toUpperCase();
  return name === "CONTENT_TYPE" ? name : `HTTP_${name}`;
}

function decoded(path: string): string {
  return path.replace(
    /%([0-9A-Fa-f]{2})/g,
    (_, hex) => String.fromCharCode(parseInt(hex, 16)),
  );
}

/** Sends a request; one whose body is cut ends there, as far as the protocol can say that. */
async function send_request(
  conn: Deno.Conn,
  protocol: Protocol,
  request: DoorRequest,
): Promise<void> {
  const { body, cut } = request;
  const sent = (body ?? NOTHING).subarray(0, cut ?? undefined);
  await send(
    conn,
    join([
      protocol.head(variables_of(protocol, request)),
      protocol.body(sent),
      protocol.end,
    ]),
  );
  if (cut !== null && protocol !== fastcgi) await conn.closeWrite();
}

/** What came back so far. */
function answer_of(
  protocol: Protocol,
  raw: Uint8Array,
  method: string,
): Answer {
  const { text, ended } = protocol.answer(raw);
  const answer = parse_answer(encode_latin1(text), method);
  return { ...answer, broken: answer.broken || !ended };
}

/** Reads until something of the body has come, and leaves. */
async function leave(
  conn: Deno.Conn,
  protocol: Protocol,
  method: string,
): Promise<Answer> {
  const buffer = new Uint8Array(65536);
  let raw = NOTHING;
  while (true) {
    const length = await conn.read(buffer);
    raw = join([raw, buffer.subarray(0, length ?? 0)]);
    const answer = answer_of(protocol, raw, method);
    if (length === null || answer.body.length > 0) {
      return { ...answer, broken: true };
    }
  }
}

/** A way to the dispatcher by one of the protocols, over TCP or a Unix socket. */
export async function gateway_door(
  protocol: Protocol,
  unix: boolean,
): Promise<Door> {
  const gateway = await open_gateway(protocol, dispatcher, { unix });
  // Its access log is tested elsewhere.
  gateway.server.log_request = () => {};
  return {
    async send(request) {
      const { method, leaves } = request;
      using conn = await connect(gateway.server.server_address);
      const sent = send_request(conn, protocol, request);
      if (leaves) return await leave(conn, protocol, method);
      const raw = await read_to_end(conn);
      await sent;
      return answer_of(protocol, raw, method);
    },
    log: () => gateway.log.text,
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}
