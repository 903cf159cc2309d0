/**
 * The doors that the conformance table is run against: what sends a request of the table to the dispatcher, and gives
 * the answer. For a door that is reached by HTTP, whatever stands behind it, there is `http_door`.
 */

import { to_fetch } from "../../gateways/fetch.ts";
import { SimpleHandler } from "../../handlers.ts";
import type { HeaderList } from "../../types.ts";
import { dispatcher } from "./capability_apps.ts";
import { bytes, Log, serve, text, write_all } from "../support/support.ts";

/** A request of the table; strings hold one byte a character. */
export interface DoorRequest {
  method: string;
  /** Path and query, as they are sent. */
  target: string;
  /** The headers, without `Connection` and what says where the body ends. */
  headers: HeaderList;
  body: Uint8Array<ArrayBuffer> | null;
  /** How the body's end is said. */
  framing: "length" | "chunked";
  /** How much of the body is sent before the client breaks off; null sends it all. */
  cut: number | null;
  /** Whether the client leaves when the first bytes of the response's body have come. */
  leaves: boolean;
  /** Whether it comes by https. */
  secure: boolean;
}

/** What came back. */
export interface Answer {
  /** Code and reason; `""` where nothing came back. */
  status: string;
  /** The headers, names in lower case. */
  headers: HeaderList;
  body: Uint8Array;
  /** Whether the body, as the protocol has it, did not come to its end, or the client did not wait for that. */
  broken: boolean;
}

/** A way to the dispatcher of `conformance_apps.ts`. */
export interface Door extends AsyncDisposable {
  /** Sends a request and waits for the whole answer. */
  send(request: DoorRequest): Promise<Answer>;
  /** What has been logged so far, `wsgi.errors` and errors: a line is a line of theirs, and nothing else. */
  log(): string;
  /**
   * How often each fact was noted under a key. A door that has this runs a process for each request, which writes its
   * key into the log when it ends: so nothing needs to be asked by further requests.
   */
  facts?(key: string): Record<string, number>;
}

/** A door that is reached by HTTP. */
export interface HTTPDoor extends Door {
  /** Connects to it, for a request by hand. */
  connect(): Promise<Deno.Conn>;
}

/** The chunks that a client sends a body in. */
function* chunks_of(body: Uint8Array<ArrayBuffer>) {
  for (let i = 0; i < body.length; i += 65536) {
    yield body.subarray(i, i + 65536);
  }
}

// By HTTP

/** The head and the body of a request, as they are sent. */
function* http_request(request: DoorRequest): Iterable<Uint8Array> {
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
const DEADLINE = 5_000;

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

function join(parts: Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, { length }) => sum + length, 0);
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
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

/** Takes an HTTP response apart. */
export function parse_answer(raw: Uint8Array, method: string): Answer {
  const end = find_end(raw);
  if (end < 0) return { status: "", headers: [], body: raw, broken: true };
  const [first = "", ...lines] = text(raw.subarray(0, end)).split("\r\n");
  const status = first.replace(/^HTTP\/1\.[01] /, "");
  const rest = raw.subarray(end + 4);
  if (status.startsWith("1")) return parse_answer(rest, method);
  const headers = lines.map((line): [string, string] => {
    const [, name = "", value = ""] = line.match(
      /^([^:]*):[ \t]*(.*?)[ \t]*$/,
    )!;
    return [name.toLowerCase(), value];
  });
  const bodiless = method === "HEAD" || /^(204|304)/.test(status);
  return { status, headers, ...body_of(rest, new Map(headers), bodiless) };
}

function find_end(raw: Uint8Array): number {
  return text(raw.subarray(0, 65536)).indexOf("\r\n\r\n");
}

/** Whether something of the body is there. */
function has_begun(raw: Uint8Array): boolean {
  const end = find_end(raw);
  return end >= 0 && raw.length > end + 4;
}

function body_of(
  rest: Uint8Array,
  headers: Map<string, string>,
  bodiless: boolean,
): { body: Uint8Array; broken: boolean } {
  if (bodiless) return { body: rest, broken: false };
  if (headers.get("transfer-encoding") === "chunked") return unchunk(rest);
  const length = headers.get("content-length");
  const broken = length !== undefined && rest.length < Number(length);
  return { body: rest, broken };
}

function unchunk(rest: Uint8Array): { body: Uint8Array; broken: boolean } {
  const parts: Uint8Array[] = [];
  let broken = true;
  while (broken) {
    const line_end = rest.indexOf(10);
    if (line_end < 0) break;
    const size = parseInt(text(rest.subarray(0, line_end)), 16);
    const data = rest.subarray(line_end + 1, line_end + 1 + size);
    parts.push(data);
    if (data.length < size) break;
    rest = rest.subarray(line_end + 1 + size + 2);
    broken = size > 0;
  }
  return { body: join(parts), broken };
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

// In memory

/** The body of a request as a stream, which fails where it is cut. */
function body_stream(
  { body, cut }: DoorRequest,
  when_cut: (
    controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>,
  ) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const chunks = chunks_of((body ?? bytes("")).subarray(0, cut ?? undefined));
  return new ReadableStream({
    pull(controller) {
      const { done, value } = chunks.next();
      if (!done) controller.enqueue(value);
      else if (cut === null) controller.close();
      else when_cut(controller);
    },
  }, { highWaterMark: 0 });
}

/** `to_fetch`, in memory. */
export async function to_fetch_door(): Promise<Door> {
  const log = new Log();
  const handler = to_fetch(dispatcher, { stderr: log });
  return {
    async send(request) {
      const response = await handler(fetch_request(request));
      const { status, statusText, headers } = response;
      return {
        status: `${status} ${statusText}`,
        headers: [...headers],
        ...await read_body(response, request.leaves),
      };
    },
    log: () => log.text,
    async [Symbol.asyncDispose]() {},
  };
}

function fetch_request(request: DoorRequest): Request {
  const { method, target, body, framing, secure } = request;
  const headers = new Headers(request.headers);
  if (body && framing === "length") {
    headers.set("content-length", String(body.length));
  }
  const path = new TextDecoder().decode(bytes(target));
  const origin = `http${secure ? "s" : ""}://${headers.get("host")}`;
  const stream = body && body_stream(request, (controller) => {
    controller.error(new Error("the client has gone"));
  });
  const init = { method, headers, body: stream, duplex: "half" };
  return new Request(`${origin}${path}`, init as RequestInit);
}

async function read_body(
  { body }: Response,
  leaves: boolean,
): Promise<{ body: Uint8Array; broken: boolean }> {
  const parts: Uint8Array[] = [];
  const reader = body?.getReader();
  let broken = false;
  try {
    for (let step; reader && !(step = await reader.read()).done;) {
      parts.push(step.value);
      if (!leaves) continue;
      await reader.cancel();
      broken = true;
    }
  } catch {
    broken = true;
  }
  return { body: join(parts), broken };
}

/** `SimpleHandler`, in memory. */
export async function simple_handler_door(): Promise<Door> {
  const log = new Log();
  return {
    async send(request) {
      const parts: Uint8Array[] = [];
      const stdout = new WritableStream<Uint8Array<ArrayBuffer>>({
        write(data) {
          // The client has left with the body's first block, which comes with the head.
          if (request.leaves && parts.length > 0) {
            throw new Deno.errors.BrokenPipe("the client has gone");
          }
          parts.push(data);
        },
      });
      const stdin = body_stream(request, (controller) => controller.close());
      const environ = cgi_environ(request);
      const handler = new SimpleHandler(stdin, stdout, log, environ);
      handler.os_environ = {};
      await handler.run(dispatcher);
      const answer = parse_answer(join(parts), request.method);
      return { ...answer, broken: answer.broken || request.leaves };
    },
    log: () => log.text,
    async [Symbol.asyncDispose]() {},
  };
}

/** The variables of a request, as a web server makes them. */
function cgi_environ(request: DoorRequest): Record<string, string> {
  const { method, target, headers, body, secure } = request;
  const [, path, query] = target.match(/^([^?]*)\??(.*)$/s)!;
  const environ: Record<string, string> = {
    REQUEST_METHOD: method,
    SCRIPT_NAME: "",
    PATH_INFO: path!.replace(
      /%([0-9A-Fa-f]{2})/g,
      (_, hex) => String.fromCharCode(parseInt(hex, 16)),
    ),
    QUERY_STRING: query!,
    REQUEST_URI: target,
    SERVER_NAME: "localhost",
    SERVER_PORT: secure ? "443" : "80",
    SERVER_PROTOCOL: "HTTP/1.1",
    GATEWAY_INTERFACE: "CGI/1.1",
    REMOTE_ADDR: "127.0.0.1",
    CONTENT_LENGTH: body ? String(body.length) : "",
  };
  if (secure) environ.HTTPS = "on";
  for (const [name, value] of new Headers(headers)) {
    const variable = name.replaceAll("-", "_").toUpperCase();
    const own = variable === "CONTENT_TYPE" ? variable : `HTTP_${variable}`;
    environ[own] = value;
  }
  return environ;
}
