/** The doors of the command, HTTP and FastCGI: how it is told, and how it is asked. */

import type { Running } from "../support/command.ts";
import {
  exchange,
  fastcgi,
  whole_request,
} from "../gateways/gateway_clients.ts";
import { start } from "../support/command.ts";
import { bytes } from "../support/support.ts";

/** Starts the command without an access log, in a folder with `app.ts`. */
export function serve(
  { path }: { path: string },
  application: string,
  ...args: string[]
): Promise<Running> {
  const all = [application, "--access-logfile", "none", ...args];
  return start(all, { cwd: path });
}

/** A door of the command: how it is told, and how it is asked. */
export interface CommandDoor {
  protocol: "http" | "fastcgi";
  /** A request. */
  request(query: string): Uint8Array;
  /** Sends a request over a connection of its own; gives the status and the body. */
  ask(port: number, query: string): Promise<[status: string, body: string]>;
}

export const by_http: CommandDoor = {
  protocol: "http",
  request: (query) => bytes(`GET /?${query} HTTP/1.1\r\nHost: a\r\n\r\n`),
  async ask(port, query) {
    using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
    const url = `http://127.0.0.1:${port}/?${query}`;
    const response = await fetch(url, { client });
    const status = `${response.status} ${response.statusText}`;
    return [status, await response.text()];
  },
};

export const by_fastcgi: CommandDoor = {
  protocol: "fastcgi",
  request(query) {
    const variables = { QUERY_STRING: query, REQUEST_URI: `/?${query}` };
    return whole_request(fastcgi, variables);
  },
  async ask(port, query) {
    const raw = await exchange(["127.0.0.1", port], this.request(query));
    const [head = "", body = ""] = fastcgi.answer(raw).text.split("\r\n\r\n");
    return [head.split("\r\n")[0]!, body];
  },
};

export const doors = [by_http, by_fastcgi];

export function read(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null;
  }
}
