/** What a server did with a request: the answer, and what the application saw. */

import { bytes, text, write_all } from "../support/support.ts";
import { type ParityRequest, wire } from "./request.ts";

/** What is compared. */
export interface Observation {
  status: number;
  reason: string;
  /** The header values by their lower-case names, those of one name in their order. */
  headers: Record<string, string[]>;
  /** The body without its chunked coding; empty where it is what the application saw. */
  body: string;
  /** Whether the body is all there, so far as a client can tell. */
  complete: boolean;
  /** Whether a 100 has come before. */
  continued: boolean;
  /** The environ that the application saw. */
  environ: Record<string, unknown>;
  /** The body of the request that it read. */
  input: string;
}

/** A `Date` that applications may send; any other is that of the moment. */
export const FIXED_DATE = "Thu, 01 Jan 1970 00:00:00 GMT";

/** How long a server may take; only one that hangs takes so long. */
const PATIENCE_MS = 10_000;

/** Sends `request` to the server at `port`. */
export async function observe(
  port: number,
  request: ParityRequest,
): Promise<Observation> {
  const received = await exchange(port, wire(request));
  const answer = parse(received, request.method);
  normalise(answer.headers);
  if (!request.script && answer.status === 200) take_echo(answer);
  const own_port = answer.environ.SERVER_PORT === String(port);
  if (own_port) answer.environ.SERVER_PORT = "(its own)";
  const of_client = answer.environ.REMOTE_PORT === received.client_port;
  if (of_client) answer.environ.REMOTE_PORT = "(the client's)";
  return answer;
}

interface Received {
  raw: string;
  /** Whether the connection was broken off rather than closed. */
  reset: boolean;
  /** The port that it was asked from. */
  client_port: string;
}

/** Sends `request` and reads until the connection ends. */
async function exchange(port: number, request: string): Promise<Received> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const client_port = String(conn.localAddr.port);
  const patience = setTimeout(() => conn.close(), PATIENCE_MS);
  const buffer = new Uint8Array(65536);
  let raw = "";
  try {
    await write_all(conn, bytes(request)).catch(ignore_disconnect);
    while (true) {
      const length = await conn.read(buffer);
      if (length === null) return { raw, reset: false, client_port };
      raw += text(buffer.subarray(0, length));
    }
  } catch (error) {
    ignore_disconnect(error);
    return { raw, reset: true, client_port };
  } finally {
    clearTimeout(patience);
  }
}

/** A server may answer before it has read everything, and close then. */
function ignore_disconnect(error: unknown): void {
  if (
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe
  ) return;
  throw error;
}

function parse(
  { raw, reset }: Omit<Received, "client_port">,
  method: string,
): Observation {
  const end = raw.indexOf("\r\n\r\n");
  const [line = "", ...lines] = raw.slice(0, end).split("\r\n");
  const [, code, reason] = line.match(/^HTTP\/1\.[01] (\d{3}) ?(.*)$/) ?? [];
  const rest = raw.slice(end + 4);
  if (code === "100" && rest.startsWith("HTTP/")) {
    return { ...parse({ raw: rest, reset }, method), continued: true };
  }
  const status = Number(code ?? 0);
  const headers: Observation["headers"] = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
    (headers[line.slice(0, colon).toLowerCase()] ??= []).push(value);
  }
  return {
    status,
    reason: reason ?? "",
    headers,
    ...delimit(rest, headers, has_no_body(method, status), reset),
    continued: false,
    environ: {},
    input: "",
  };
}

/** RFC 9112, section 6.3: the answers that end with their headers, whatever those say. */
export function has_no_body(method: string, status: number): boolean {
  return method === "HEAD" || status === 204 || status === 304;
}

/** The body, by the rules of RFC 9112, section 6.3. Where there should be none, it is what was sent in spite of that. */
function delimit(
  rest: string,
  headers: Observation["headers"],
  bodiless: boolean,
  reset: boolean,
): Pick<Observation, "body" | "complete"> {
  if (bodiless) return { body: rest, complete: true };
  if (headers["transfer-encoding"]) {
    const body = dechunk(rest);
    return { body, complete: rest.endsWith("0\r\n\r\n") };
  }
  const length = headers["content-length"]?.[0];
  if (!length) return { body: rest, complete: !reset };
  return {
    body: rest.slice(0, Number(length)),
    complete: rest.length >= Number(length),
  };
}

/** What the chunks of `coded` hold, so far as they are there. */
export function dechunk(coded: string): string {
  let body = "";
  for (let at = 0; at < coded.length;) {
    const line_end = coded.indexOf("\r\n", at);
    const length = parseInt(coded.slice(at, line_end), 16);
    if (!length) break;
    body += coded.slice(line_end + 2, line_end + 2 + length);
    at = line_end + 2 + length + 2;
  }
  return body;
}

/** Takes out of the headers what cannot be the same: the moment, the software, and what is the connection's. */
function normalise(headers: Observation["headers"]): void {
  delete headers.connection;
  delete headers["transfer-encoding"];
  headers.date = (headers.date ?? []).map((date) =>
    date === FIXED_DATE || isNaN(Date.parse(date)) ? date : "(now)"
  );
  if (headers.server) {
    headers.server = headers.server.map((software) =>
      software.replace(/^(WSGIServer\/0\.2) C?(Python|Deno)\/\S+$/, "$1")
    );
  }
}

/** Moves what the application saw out of the answer. */
function take_echo(answer: Observation): void {
  const { headers, body } = answer;
  const [in_header] = headers["x-echo"] ?? [];
  Object.assign(answer, JSON.parse(in_header ?? body));
  if (in_header !== undefined) {
    delete headers["x-echo"];
    return;
  }
  // The lengths differ with what was seen.
  if (headers["content-length"]?.[0] === String(body.length)) {
    headers["content-length"] = ["(that of the body)"];
  }
  answer.body = "";
}

/** Something that is not the same. */
export interface Deviation {
  /** What: `status`, `header server`, `environ PATH_INFO`. */
  key: string;
  python: unknown;
  ours: unknown;
}

/** Everything in which two observations are not the same. */
export function deviations(
  python: Observation,
  ours: Observation,
): Deviation[] {
  const [theirs, own] = [flat(python), flat(ours)];
  const keys = new Set([...theirs.keys(), ...own.keys()]);
  return [...keys]
    .map((key) => ({ key, python: theirs.get(key), ours: own.get(key) }))
    .filter(({ python, ours }) =>
      JSON.stringify(python) !== JSON.stringify(ours)
    );
}

function flat(observation: Observation): Map<string, unknown> {
  const { headers, environ, ...rest } = observation;
  return new Map([
    ...Object.entries(rest),
    ...Object.entries(headers).map(named("header")),
    ...Object.entries(environ).map(named("environ")),
  ]);
}

function named(kind: string) {
  return ([key, value]: [string, unknown]): [string, unknown] => [
    `${kind} ${key}`,
    value,
  ];
}

// Answers that are the same for every request

/** What Deno.serve answers to a request that it does not take. */
export function refused(): Observation {
  return {
    status: 400,
    reason: "Bad Request",
    headers: { "content-length": ["0"], date: ["(now)"] },
    body: "",
    complete: true,
    continued: false,
    environ: {},
    input: "",
  };
}

/** What both answer in the place of an application that failed. */
export function failed(): Observation {
  return page(
    "500 Internal Server Error",
    "A server error occurred.  Please contact the administrator.",
  );
}

/** The answer that is `body` as plain text. */
export function page(line: string, body: string): Observation {
  return {
    ...refused(),
    status: Number(line.slice(0, 3)),
    reason: line.slice(4),
    headers: {
      "content-type": ["text/plain"],
      "content-length": [String(body.length)],
      date: ["(now)"],
      server: ["WSGIServer/0.2"],
    },
    body,
  };
}
