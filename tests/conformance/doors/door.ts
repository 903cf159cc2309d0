/** What a door is: it sends a request of the conformance table to the dispatcher, and gives the answer. */

import type { HeaderList } from "../../../types.ts";

/** A request of the table; strings hold one byte per character. */
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

/** A way to the dispatcher of `apps/dispatcher.ts`. */
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
export function* chunks_of(body: Uint8Array<ArrayBuffer>) {
  for (let i = 0; i < body.length; i += 65536) {
    yield body.subarray(i, i + 65536);
  }
}
