/** The other side of the gateways: what a web server sends by SCGI, FastCGI and uwsgi, and what it makes of the answer. */

import {
  request_line,
  type Variables,
} from "../../_internal/request/variables.ts";
import type { ServerAddress } from "../../_internal/server/address.ts";
import { concat, decode_latin1 } from "../../_internal/text/bytes.ts";
import { serve_fastcgi } from "../../gateways/fastcgi.ts";
import { PROTOCOL_STATUS, RECORD_TYPE } from "../../gateways/fastcgi/codec.ts";
import { escape_controls } from "../../_internal/text/log.ts";
import {
  type GatewayHandlerClass,
  type GatewayOptions,
  type GatewayServer,
  serve_scgi,
} from "../../gateways/scgi.ts";
import { serve_uwsgi } from "../../gateways/uwsgi.ts";
import type { WSGIApplication } from "../../types.ts";
import { bytes, Log, text, write_all } from "../support/support.ts";

/** Names and values in their order, which may hold a name twice; each character is a byte. */
export type Pairs = readonly (readonly [name: string, value: string])[];

const NOTHING = bytes("");

/** The variables of a request, as a web server has them: a GET of `/` where nothing else is said. */
export function request_pairs(
  variables: Variables = {},
  body: Uint8Array = NOTHING,
): Pairs {
  return Object.entries({
    CONTENT_LENGTH: String(body.length),
    REQUEST_METHOD: "GET",
    SCRIPT_NAME: "",
    PATH_INFO: "/",
    QUERY_STRING: "",
    SERVER_NAME: "localhost",
    SERVER_PORT: "80",
    SERVER_PROTOCOL: "HTTP/1.1",
    ...variables,
  });
}

// SCGI

/** Some bytes as a netstring. */
export function netstring(content: string): Uint8Array<ArrayBuffer> {
  return bytes(`${content.length}:${content},`);
}

/** The head of an SCGI request; `SCGI` is added. */
export function scgi_head(pairs: Pairs): Uint8Array<ArrayBuffer> {
  const [first, ...rest] = pairs;
  const all = first ? [first, ["SCGI", "1"], ...rest] : [];
  return netstring(all.map(([name, value]) => `${name}\0${value}\0`).join(""));
}

// uwsgi

/** A number of two bytes, the low one first. */
function low_first(value: number): string {
  return String.fromCharCode(value & 255, value >> 8);
}

/** The head of a uwsgi request. */
export function uwsgi_head(
  pairs: Pairs,
  modifier = 0,
): Uint8Array<ArrayBuffer> {
  const content = pairs.flat()
    .map((part) => low_first(part.length) + part).join("");
  const first = String.fromCharCode(modifier);
  return bytes(`${first}${low_first(content.length)}\0${content}`);
}

// FastCGI

/** A FastCGI record; its padding is of bytes that nobody may take for content. */
export function record(
  type: number,
  id: number,
  content: Uint8Array | string = "",
  padding = 0,
): Uint8Array<ArrayBuffer> {
  const data = typeof content === "string" ? bytes(content) : content;
  const whole = new Uint8Array(8 + data.length + padding).fill(0xaa);
  const view = new DataView(whole.buffer);
  whole.set([1, type]);
  view.setUint16(2, id);
  view.setUint16(4, data.length);
  whole.set([padding, 0], 6);
  whole.set(data, 8);
  return whole;
}

/** The length of a name or value: in four bytes where one does not do, or where that is asked. */
function length_bytes(length: number, wide: boolean): string {
  if (length < 128 && !wide) return String.fromCharCode(length);
  const data = new Uint8Array(4);
  new DataView(data.buffer).setUint32(0, length + 2 ** 31);
  return text(data);
}

/** Names and values as FastCGI has them. */
export function name_values(pairs: Pairs, wide = false): string {
  return pairs.map(([name, value]) =>
    length_bytes(name.length, wide) + length_bytes(value.length, wide) + name +
    value
  ).join("");
}

/** How a FastCGI request is begun. */
export interface Beginning {
  role?: number;
  /** Whether the web server closes the connection. */
  keep?: boolean;
}

/** The record that begins a request. */
export function begin_record(
  id: number,
  { role = 1, keep = true }: Beginning = {},
): Uint8Array<ArrayBuffer> {
  const content = `\0${String.fromCharCode(role, keep ? 1 : 0)}\0\0\0\0\0`;
  return record(RECORD_TYPE.BEGIN_REQUEST, id, content);
}

/** Some bytes of a FastCGI stream, in records of `size` bytes. */
export function stream_records(
  type: number,
  id: number,
  content: Uint8Array | string,
  size = 65535,
): Uint8Array<ArrayBuffer> {
  const data = typeof content === "string" ? bytes(content) : content;
  const records = [];
  for (let i = 0; i < data.length; i += size) {
    records.push(record(type, id, data.subarray(i, i + size)));
  }
  return join(records);
}

/** A FastCGI request up to its body. */
export function fastcgi_head(
  id: number,
  pairs: Pairs,
  beginning: Beginning = {},
): Uint8Array<ArrayBuffer> {
  return join([
    begin_record(id, beginning),
    stream_records(RECORD_TYPE.PARAMS, id, name_values(pairs)),
    record(RECORD_TYPE.PARAMS, id),
  ]);
}

/** A part of the body of a FastCGI request. */
export function stdin(
  id: number,
  content: Uint8Array | string,
): Uint8Array<ArrayBuffer> {
  return stream_records(RECORD_TYPE.STDIN, id, content);
}

/** A whole FastCGI request. */
export function fastcgi_request(
  id: number,
  variables: Variables = {},
  { body = "", ...beginning }: Beginning & { body?: string } = {},
): Uint8Array<ArrayBuffer> {
  const data = bytes(body);
  return join([
    fastcgi_head(id, request_pairs(variables, data), beginning),
    stdin(id, data),
    record(RECORD_TYPE.STDIN, id),
  ]);
}

/** A record that came. */
export interface ReceivedRecord {
  type: number;
  id: number;
  content: string;
}

/** The first record of some bytes, and how many it takes; null where it is not whole, or is the one without a version that breaks an answer off. */
function first_record(
  data: Uint8Array,
): [ReceivedRecord, length: number] | null {
  if (data.length < 8) return null;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  if (data.every((byte) => byte === 0)) return null;
  if (data[0] !== 1) throw new Error(`a record of version ${data[0]} came`);
  const end = 8 + view.getUint16(4);
  const length = end + data[6]!;
  if (data.length < length) return null;
  const content = decode_latin1(data.subarray(8, end));
  return [{ type: data[1]!, id: view.getUint16(2), content }, length];
}

/** All records of some bytes; the last of them may be cut. */
export function read_records(data: Uint8Array): ReceivedRecord[] {
  const records = [];
  for (let found; (found = first_record(data)) !== null;) {
    records.push(found[0]);
    data = data.subarray(found[1]);
  }
  return records;
}

/** The records of a connection, one by one. */
export class RecordReader {
  #conn: Deno.Conn;
  #data: Uint8Array = NOTHING;
  /** What came while the answer to another request was waited for. */
  #kept: ReceivedRecord[] = [];

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** The next record; null at the end of the connection. */
  async next(): Promise<ReceivedRecord | null> {
    return this.#kept.shift() ?? await this.#receive();
  }

  /** The answer to a request, when it has ended; records of other requests are kept. */
  async answer(id: number): Promise<Answered> {
    const records: ReceivedRecord[] = [];
    const others: ReceivedRecord[] = [];
    for (let next; (next = await this.next()) !== null;) {
      (next.id === id ? records : others).push(next);
      if (next.id === id && next.type === RECORD_TYPE.END_REQUEST) break;
    }
    this.#kept.unshift(...others);
    return answer_of(records);
  }

  async #receive(): Promise<ReceivedRecord | null> {
    while (true) {
      const found = first_record(this.#data);
      if (found) {
        this.#data = this.#data.subarray(found[1]);
        return found[0];
      }
      const buffer = new Uint8Array(65536);
      const length = await this.#conn.read(buffer);
      if (length === null) return null;
      this.#data = join([this.#data, buffer.subarray(0, length)]);
    }
  }
}

// Answers

/** What came back for a request. */
export interface Answered {
  /** The response, from its status on; what stands before that, by the protocol, is left out. */
  text: string;
  /** What came for the log of the web server. */
  errors: string;
  /** Whether it came to its end, as the protocol has it. */
  ended: boolean;
  /** How the application ended, where the protocol says that. */
  app_status: number | null;
}

/** The answer that some records of one request make. */
export function answer_of(records: ReceivedRecord[]): Answered {
  const content = (type: number) =>
    records.filter((record) => record.type === type)
      .map(({ content }) => content).join("");
  const end = content(RECORD_TYPE.END_REQUEST);
  return {
    text: without(STATUS, content(RECORD_TYPE.STDOUT)),
    errors: content(RECORD_TYPE.STDERR),
    ended: end.charCodeAt(4) === PROTOCOL_STATUS.REQUEST_COMPLETE,
    app_status: end ? end.charCodeAt(3) : null,
  };
}

const STATUS = "Status: ";

function without(preamble: string, response: string): string {
  if (response === "") return "";
  if (response.startsWith(preamble)) return response.slice(preamble.length);
  throw new Error(`expected ${preamble}, got ${response.slice(0, 80)}`);
}

/** The answer of a protocol that ends it by the end of the connection. */
function plain_answer(preamble: string, raw: Uint8Array): Answered {
  return {
    text: without(preamble, decode_latin1(raw)),
    errors: "",
    ended: true,
    app_status: null,
  };
}

// Protocols

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
  end: NOTHING,
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

/** Some byte arrays as one. */
export function join(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(concat(parts));
}

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
