/** The ways to the application of examples/hono.ts, and what comes back by them. */

import { assertEquals } from "@std/assert";
import { concat } from "../../../_internal/text/bytes.ts";
import { unquote } from "../../../_internal/text/quote.ts";
import app, { hono } from "../../../examples/hono.ts";
import { mount } from "../../../examples/mount.ts";
import { to_fetch, type WSGIFetchInfo } from "../../../gateways/fetch.ts";
import type {
  HeaderList,
  WSGIApplication,
  WSGIEnvironment,
} from "../../../types.ts";
import { parse_answer } from "../../conformance/doors/answer.ts";
import type {
  Answer,
  Door,
  DoorRequest,
} from "../../conformance/doors/door.ts";
import { http_door } from "../../conformance/doors/http.ts";
import {
  bytes,
  Log,
  root,
  serve,
  start_server,
  text,
} from "../../support/support.ts";

/** A way to the application, and what its environ says there. */
export interface Way extends Door {
  script_name: string;
  client: string;
}

/** A request by its method and target, the latter below where the application is mounted. */
export function request_of(
  line: string,
  headers: HeaderList = [],
  body: Uint8Array<ArrayBuffer> | null = null,
  framing: "length" | "chunked" = "length",
): DoorRequest {
  const [method = "", target = ""] = line.split(" ");
  const unusual = { cut: null, leaves: false, secure: false };
  const all: HeaderList = [["Host", "h"], ...headers];
  return { method, target, headers: all, body, framing, ...unusual };
}

/** A request as an application of fetch takes it. */
export function fetch_request(request: DoorRequest): Request {
  const { method, target, headers, body } = request;
  const init = { method, headers, body, duplex: "half" };
  const [, host] = headers.find(([name]) => name === "Host")!;
  return new Request(`http://${host}${target}`, init as RequestInit);
}

/** What it answers. */
export async function answer_of(response: Response): Promise<Answer> {
  return {
    status: String(response.status),
    headers: [...response.headers],
    body: await response.bytes(),
    broken: false,
  };
}

/** Hono alone, which the others are compared with: no server, and only the variables that the example uses. */
async function hono_alone(): Promise<Way> {
  const log = new Log();
  const environ = {
    SCRIPT_NAME: "",
    REMOTE_ADDR: "192.0.2.1",
    "wsgi.errors": log,
  };
  const info = { environ: environ as Partial<WSGIEnvironment> };
  return {
    script_name: "",
    client: "192.0.2.1",
    send: async (request) =>
      answer_of(
        await hono.fetch(fetch_request(request), info as WSGIFetchInfo),
      ),
    log: () => log.text,
    async [Symbol.asyncDispose]() {},
  };
}

async function in_memory(): Promise<Way> {
  const log = new Log();
  const handler = to_fetch(app, { stderr: log });
  const info = {
    remoteAddr: { transport: "tcp", hostname: "192.0.2.2", port: 1 },
  } as const;
  return {
    script_name: "",
    client: "192.0.2.2",
    send: async (request) =>
      answer_of(await handler(fetch_request(request), info)),
    log: () => log.text,
    async [Symbol.asyncDispose]() {},
  };
}

/** The simple server in this process, the application mounted at a path of it. */
export async function served(
  application: WSGIApplication = app,
  script_name = "",
): Promise<Way & { port: number }> {
  const { server, port, log } = serve(application);
  const door = http_door(
    { hostname: "127.0.0.1", port },
    () => log.text.replace(/^"[^\n]*" \d{3} \d+\n/gm, ""),
    () => server.server_close(),
  );
  return {
    ...door,
    port,
    script_name,
    client: "127.0.0.1",
    send: (request) =>
      door.send({ ...request, target: script_name + request.target }),
  };
}

/** The example as a program of its own. */
async function as_program(): Promise<Way> {
  const server = await start_server(["examples/hono.ts", "0"]);
  const address = {
    hostname: "127.0.0.1",
    port: Number(new URL(server.url).port),
  };
  const access_line = /^127\.0\.0\.1 - - [^\n]*\n/gm;
  const log = () => server.printed.stderr.replace(access_line, "");
  const close = async () => await server[Symbol.asyncDispose]();
  const door = http_door(address, log, close);
  return { ...door, script_name: "", client: "127.0.0.1" };
}

const SCRIPT = "/cgi-bin/hono.ts";

/** The example as a web server starts it for a request. */
export function start_cgi(request: DoorRequest): Deno.ChildProcess {
  const args = ["run", "-A", "--no-lock", "examples/hono.ts"];
  return start_script(request, args, SCRIPT);
}

/** A script as a web server starts it for a request. */
function start_script(
  request: DoorRequest,
  args: string[],
  script_name: string,
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args,
    cwd: root,
    env: { NO_COLOR: "1", ...cgi_variables(request, script_name) },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** What a script of Deno answers, and writes to its stderr. */
export async function run_cgi(
  request: DoorRequest,
  args: string[],
  script_name: string,
): Promise<{ answer: Answer; stderr: string }> {
  const child = start_script(request, args, script_name);
  const [{ stdout, stderr }] = await Promise.all([
    child.output(),
    feed(child.stdin, request.body),
  ]);
  const answer = parse_answer(as_http(stdout), request.method);
  return { answer, stderr: text(stderr) };
}

function cgi_variables(
  request: DoorRequest,
  script_name: string,
): Record<string, string> {
  const { method, target, headers, body } = request;
  const [, path = "", query = ""] = target.match(/^([^?]*)\??(.*)$/)!;
  const variables: Record<string, string> = {
    GATEWAY_INTERFACE: "CGI/1.1",
    REQUEST_METHOD: method,
    SCRIPT_NAME: script_name,
    // A variable of a child process is UTF-8 in Deno.
    PATH_INFO: new TextDecoder("utf-8", { fatal: true })
      .decode(bytes(unquote(path))),
    QUERY_STRING: query,
    REQUEST_URI: script_name + target,
    SERVER_NAME: "h",
    SERVER_PORT: "80",
    SERVER_PROTOCOL: "HTTP/1.1",
    REMOTE_ADDR: "192.0.2.3",
    CONTENT_LENGTH: body ? String(body.length) : "",
  };
  for (const [name, value] of headers) {
    if (/^content-type$/i.test(name)) variables.CONTENT_TYPE = value;
    else variables[`HTTP_${name.toUpperCase().replaceAll("-", "_")}`] = value;
  }
  return variables;
}

async function as_cgi_script(): Promise<Way> {
  let log = "";
  return {
    script_name: SCRIPT,
    client: "192.0.2.3",
    async send(request) {
      const args = ["run", "-A", "--no-lock", "examples/hono.ts"];
      const { answer, stderr } = await run_cgi(request, args, SCRIPT);
      log += stderr;
      return answer;
    },
    log: () => log,
    async [Symbol.asyncDispose]() {},
  };
}

/** What a web server makes of a CGI script's output. */
function as_http(output: Uint8Array<ArrayBuffer>): Uint8Array {
  const status = bytes("Status: ");
  assertEquals(output.slice(0, status.length), status);
  return concat([bytes("HTTP/1.1 "), output.subarray(status.length)]);
}

/** Sends a body; a script need not read it. */
async function feed(
  stdin: WritableStream<Uint8Array<ArrayBuffer>>,
  body: Uint8Array<ArrayBuffer> | null,
): Promise<void> {
  const writer = stdin.getWriter();
  try {
    if (body) await writer.write(body);
    await writer.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** The ways, by their names. */
export const WAYS: Record<string, () => Promise<Way>> = {
  "Hono alone": hono_alone,
  "to_fetch()": in_memory,
  "make_server()": served,
  "a mount below /shop": () => served(mount({ shop: app }), "/shop"),
  "deno run": as_program,
  "CGI": as_cgi_script,
};

/** What comes back, without what is the server's. */
export interface Seen {
  status: number;
  headers: HeaderList;
  body: string;
}

/** An answer, as far as the application makes it. */
export function seen({ status, headers, body }: Answer): Seen {
  const of_server =
    /^(connection|content-length|date|server|transfer-encoding|vary)$/;
  return {
    status: Number(status.slice(0, 3)),
    headers: headers
      .map(([name, value]): [string, string] => [name.toLowerCase(), value])
      .filter(([name]) => !of_server.test(name)).sort(),
    body: text(body),
  };
}

/** The headers of a text of Hono. */
export const HONO_PLAIN: HeaderList = [[
  "content-type",
  "text/plain; charset=UTF-8",
]];

/** The response of Hono to an unknown path. */
export const NOT_FOUND: Seen = {
  status: 404,
  headers: HONO_PLAIN,
  body: "404 Not Found",
};

/** Whether two byte arrays are equal, without showing them. */
export function same_bytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length &&
    one.every((byte, index) => byte === other[index]);
}
