/** Clients that leave a server without a word. */

import { bytes, text, write_all } from "./support.ts";

/** A connection on which nothing is under way, though it is neither new nor idle. */
export interface SilentClient {
  name: string;
  /** Whether it needs a server that has a certificate. */
  secure: boolean;
  /** Connects; settles when there is nothing more to come. */
  connect(port: number): Promise<Deno.Conn>;
}

function connect(port: number): Promise<Deno.Conn> {
  return Deno.connect({ hostname: "127.0.0.1", port });
}

/** Reads until something has come. */
async function read_until(conn: Deno.Conn, end: string): Promise<void> {
  const buffer = new Uint8Array(4096);
  let all = "";
  while (!all.includes(end)) {
    const length = await conn.read(buffer);
    if (length === null) throw new Error(`the server has left: ${all}`);
    all += text(buffer.subarray(0, length));
  }
}

/** How a client begins HTTP/2 (RFC 9113, section 3.4): the preface, and SETTINGS without a setting. */
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/** HEADERS of a GET of `/`, by http and for the host `a`, as stream 1, which they end. */
const HEADERS = "\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01a";

export const silent_clients: SilentClient[] = [
  {
    name: "a TLS connection without a handshake",
    secure: true,
    connect,
  },
  {
    name: "an HTTP/2 connection that acknowledges nothing",
    secure: false,
    async connect(port) {
      const conn = await connect(port);
      await write_all(conn, bytes(PREFACE + HEADERS));
      // The first byte of the fields of the answer: the status 200.
      await read_until(conn, "\x88");
      return conn;
    },
  },
  {
    name: "a request that was answered before its body had come",
    secure: false,
    async connect(port) {
      const conn = await connect(port);
      const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";
      await write_all(conn, bytes(`${head}some`));
      await read_until(conn, "\r\n\r\n");
      return conn;
    },
  },
  {
    name: "half a head",
    secure: false,
    async connect(port) {
      const conn = await connect(port);
      await write_all(conn, bytes("GET / HTTP/1.1\r\nHo"));
      return conn;
    },
  },
];
