/** Asking a door by hand, where a request of the conformance table is too tidy. */

import { bytes, text, write_all } from "../../support/support.ts";
import { parse_answer } from "../doors/answer.ts";
import type { Answer, HTTPDoor } from "../doors/door.ts";

/** A door, and what a probe is expected to find there: what is to come is waited for, what is not to come is not. */
export interface Probed {
  door: HTTPDoor;
  expected: string;
}

/** How long something may take that comes, and how long what does not come is waited for, in milliseconds. */
const PATIENCE = 10_000;
const IMPATIENCE = 300;

/** Waits for something; null where it does not come. */
export async function arrival<T>(
  promise: Promise<T>,
  is_expected: boolean,
): Promise<T | null> {
  const { promise: late, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(
    () => resolve(null),
    is_expected ? PATIENCE : IMPATIENCE,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Reads from a connection until `enough`, or to its end; a reset is an end as well. */
export async function read_until(
  conn: Deno.Conn,
  enough: (received: string) => boolean,
): Promise<string> {
  const buffer = new Uint8Array(65536);
  let received = "";
  try {
    while (!enough(received)) {
      const length = await conn.read(buffer);
      if (length === null) break;
      received += text(buffer.subarray(0, length));
    }
  } catch (error) {
    // Closed by the other side, or by the probe, which has waited long enough.
    if (!is_closed(error)) throw error;
  }
  return received;
}

export function is_closed(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted;
}

/** A request as it is sent. */
export function request_text(
  request_line: string,
  headers: Record<string, string | number>,
  body = "",
): string {
  const lines = Object.entries({ Connection: "close", ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return `${request_line}\r\n${lines.join("")}\r\n${body}`;
}

/** Sends a request, and gives the whole answer. */
export async function ask(
  door: HTTPDoor,
  request: string,
  see_connection: (conn: Deno.Conn) => void = () => {},
): Promise<Answer> {
  using conn = await door.connect();
  see_connection(conn);
  await write_all(conn, bytes(request));
  return parse_answer(bytes(await read_until(conn, () => false)), "GET");
}

/** What an answer says: its body, or its status where that is an error's. */
export function said(answer: Answer): string {
  return answer.status.startsWith("200")
    ? text(answer.body)
    : answer.status.slice(0, 3);
}

/** A variable of the environ, as a GET has it. */
export async function variable(
  door: HTTPDoor,
  name: string,
  { target = "/", version = "1.1", headers = {}, body = "", see_connection }: {
    target?: string;
    version?: string;
    headers?: Record<string, string | number>;
    body?: string;
    see_connection?: (conn: Deno.Conn) => void;
  } = {},
): Promise<string | null> {
  const request = request_text(`GET ${target} HTTP/${version}`, {
    ...(version === "1.1" && { Host: "example.org" }),
    "X-Application": "environ",
    "X-Show": name,
    ...headers,
  }, body);
  const answer = said(await ask(door, request, see_connection));
  return answer.startsWith("{") ? JSON.parse(answer)[name] : answer;
}

/** A request to an application that is spoken with on a connection of its own. */
export interface Controlled {
  /** The connection of the client. */
  conn: Deno.Conn;
  /** That of the application, when it has been asked. */
  asked: Promise<Deno.Conn>;
}

/** Sends a request to an application that is controlled, and lets `use` see what becomes of it. */
export async function with_control(
  { door }: Probed,
  application: string,
  { body = null, sent = body ?? "" }: { body?: string | null; sent?: string },
  use: (controlled: Controlled) => Promise<string>,
): Promise<string> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using conn = await door.connect();
  const request = request_text(`${body === null ? "GET" : "POST"} / HTTP/1.1`, {
    Host: "example.org",
    "X-Application": application,
    "X-Control": listener.addr.port,
    ...(body !== null && { "Content-Length": body.length }),
  }, sent);
  await write_all(conn, bytes(request));
  const asked = listener.accept();
  try {
    return await use({ conn, asked });
  } finally {
    listener.close();
    await asked.then((control) => control.close(), () => {});
  }
}

/** Whether the first byte of the body is in what has come. */
export function has_begun(received: string): boolean {
  return /\r\n\r\n[^]/.test(received);
}
