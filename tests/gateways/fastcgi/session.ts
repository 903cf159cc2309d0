/** A connection of a web server by FastCGI, and applications for it. */

import { assertEquals } from "@std/assert";
import { toText } from "@std/streams";
import { RECORD_TYPE } from "../../../gateways/fastcgi/codec.ts";
import type { WSGIApplication } from "../../../types.ts";
import { bytes, join, write_all } from "../../support/support.ts";
import {
  connect,
  fastcgi,
  open_gateway,
  type TestGateway,
  type TestGatewayOptions,
} from "../gateway_clients.ts";
import { record, RecordReader } from "./records.ts";

/** Answers with its path and its body. */
export const echo: WSGIApplication = async (environ, start_response) => {
  const body = await toText(environ["wsgi.input"]);
  start_response("200 OK", []);
  return [bytes(`${environ.PATH_INFO} ${body}`)];
};

/** What `echo` answers. */
export function echoed(text: string) {
  return {
    text: `200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
    errors: "",
    ended: true,
    app_status: 0,
  };
}

/** A connection of a web server. */
export interface Session extends AsyncDisposable {
  conn: Deno.Conn;
  reader: RecordReader;
  gateway: TestGateway;
  write(...parts: Uint8Array[]): Promise<void>;
}

/** Serves an application, and connects to it. */
export async function open_session(
  app: WSGIApplication,
  options: TestGatewayOptions = {},
): Promise<Session> {
  const gateway = await open_gateway(fastcgi, app, options);
  const conn = await connect(gateway.server.server_address);
  return {
    conn,
    reader: new RecordReader(conn),
    gateway,
    write: (...parts) => write_all(conn, join(parts)),
    async [Symbol.asyncDispose]() {
      try {
        conn.close();
      } catch {
        // The test has closed it.
      }
      await gateway[Symbol.asyncDispose]();
    },
  };
}

/** An application whose requests wait for each other's gates, by their path. */
export function gated(): { app: WSGIApplication; open(path: string): void } {
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const gate = (path: string) => {
    const made = gates.get(path) ?? Promise.withResolvers<void>();
    gates.set(path, made);
    return made;
  };
  return {
    async app(environ, start_response) {
      const path = String(environ.PATH_INFO);
      await gate(path).promise;
      return await echo(environ, start_response);
    },
    open: (path) => gate(path).resolve(),
  };
}

/** A result that never comes, and is counted when it is closed. */
export function stalled(): {
  app: WSGIApplication;
  begun: number;
  closed: number;
} {
  const state = {
    begun: 0,
    closed: 0,
    app: ((_environ, start_response) => {
      start_response("200 OK", []);
      state.begun++;
      return {
        async *[Symbol.asyncIterator]() {
          yield bytes("first");
          await new Promise(() => {});
        },
        close: () => void state.closed++,
      };
    }) as WSGIApplication,
  };
  return state;
}

/** How the application of a request ended, whatever came before that. */
export async function app_status(
  session: Session,
  id: number,
): Promise<number> {
  for (let next; (next = await session.reader.next()) !== null;) {
    if (next.id === id && next.type === RECORD_TYPE.END_REQUEST) {
      return next.content.charCodeAt(3);
    }
  }
  throw new Error("the connection ended");
}

/** Waits until the server has taken all that was sent: a record behind it has been answered. */
export async function settle(session: Session): Promise<void> {
  await session.write(record(RECORD_TYPE.GET_VALUES, 0));
  assertEquals((await session.reader.next())!.type, 10);
}
