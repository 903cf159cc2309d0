/** A client by HTTP/2 that keeps its connection as long as RFC 9113 lets it, and takes note of what it loses. */

import { bytes, write_all } from "./support.ts";

const [HEADERS, SETTINGS, PING, GOAWAY, WINDOW_UPDATE] = [1, 4, 6, 7, 8];
const [END_STREAM, ACK, END_HEADERS] = [1, 1, 4];

/** What the last GOAWAY of an end that is announced does not say yet: it may have been any stream (section 6.8). */
const ANY_STREAM = 0x7fffffff;

/** How the fields of a response begin that has this status (RFC 7541, appendix A). */
const STATUS_200 = 0x88;

/** How many requests are under way at once. */
const STREAMS = 3;

/** A GET of `/` by http, for the host `a`. */
const GET = bytes("\x82\x86\x84\x41\x01a");

/** How a connection has ended. */
export interface Kept {
  /** How many requests were answered with a 200. */
  answered: number;
  /** The streams that the server has taken, as it says at its end, and not answered so. */
  lost: number[];
  /** Whether the server has said at all that it goes away. */
  was_told: boolean;
}

/** Sends one request after the other until the server goes away. */
export async function ask_until_gone(port: number): Promise<Kept> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const asked: number[] = [];
  const answered = new Set<number>();
  let last = ANY_STREAM;
  // What the server has sent before it closed the connection is still to be read.
  const send = (...[type, flags, stream, payload]: Parameters<typeof frame>) =>
    write_all(conn, frame(type, flags, stream, payload)).catch(() => {});
  const ask = async () => {
    const stream = 2 * asked.length + 1;
    asked.push(stream);
    await send(HEADERS, END_STREAM | END_HEADERS, stream, GET);
  };
  await write_all(conn, bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  await send(SETTINGS, 0, 0);
  await send(WINDOW_UPDATE, 0, 0, bytes("\x3f\0\0\0")); // Room for all responses that there may be.
  for (let count = 0; count < STREAMS; count++) await ask();
  for await (const { type, flags, stream, payload } of frames(conn)) {
    const is_new = !(flags & ACK);
    if (type === SETTINGS && is_new) await send(SETTINGS, ACK, 0);
    if (type === PING && is_new) await send(PING, ACK, 0, payload);
    if (type === GOAWAY) last = new DataView(payload.buffer).getUint32(0);
    if (type === HEADERS && payload[0] === STATUS_200) answered.add(stream);
    const is_end = type <= HEADERS && (flags & END_STREAM) !== 0;
    if (is_end && last === ANY_STREAM) await ask();
  }
  return {
    answered: answered.size,
    lost: asked.filter((stream) => stream <= last && !answered.has(stream)),
    was_told: last !== ANY_STREAM,
  };
}

interface Frame {
  type: number;
  flags: number;
  stream: number;
  payload: Uint8Array<ArrayBuffer>;
}

/** The frames that come (section 4.1). */
async function* frames(conn: Deno.Conn): AsyncGenerator<Frame> {
  while (true) {
    const head = await read(conn, 9);
    if (!head) return;
    const view = new DataView(head.buffer);
    const payload = await read(conn, view.getUint32(0) >> 8);
    if (!payload) return;
    yield {
      type: head[3]!,
      flags: head[4]!,
      stream: view.getUint32(5),
      payload,
    };
  }
}

/** So many bytes; null where the connection has ended before. */
async function read(
  conn: Deno.Conn,
  length: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const all = new Uint8Array(length);
  for (let filled = 0; filled < length;) {
    const count = await conn.read(all.subarray(filled)).catch(() => null);
    if (count === null) return null;
    filled += count;
  }
  return all;
}

function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = new Uint8Array(),
): Uint8Array {
  const all = new Uint8Array(9 + payload.length);
  const view = new DataView(all.buffer);
  view.setUint32(0, payload.length << 8 | type);
  all[4] = flags;
  view.setUint32(5, stream);
  all.set(payload, 9);
  return all;
}
