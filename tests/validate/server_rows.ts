/** The rows about what a server does with the application and its result. */

import type {
  StartResponse,
  WSGIEnvironment,
  WSGIResult,
} from "../../types.ts";
import { bytes } from "../support/support.ts";
import { start_anything, TEXT } from "./exchange.ts";
import {
  type Broken,
  DETAILS,
  hello,
  type Row,
  START_RESPONSE,
  WRITE,
} from "./rows.ts";

/** A server that goes wrong with the result of a sound application. */
function mishandling(
  mishandle: (result: Iterable<Uint8Array> & WSGIResult) => unknown,
): Broken {
  return {
    app: hello,
    server: async (app, environ) => {
      const result = app(environ, start_anything);
      await mishandle(result as Iterable<Uint8Array> & WSGIResult);
    },
  };
}

/** A server whose `start_response` gives `write`. */
function giving(write: unknown): Broken {
  return {
    app(_environ, start_response) {
      start_response("200 OK", TEXT)(bytes("x"));
      return [];
    },
    server: async (app, environ) => {
      await app(environ, (() => write) as StartResponse);
    },
  };
}

/** Wrong servers. */
export const SERVER_ROWS: Row[] = [
  [
    "a call without start_response",
    {
      server: async (app, environ) => {
        await (app as (environ: WSGIEnvironment) => unknown)(environ);
      },
    },
    'the application must be called with environ and start_response, got 1 argument (PEP 3333, "The Application/Framework Side")',
  ],
  [
    "a start_response that is no function",
    {
      server: async (app, environ) => {
        await app(environ, {} as StartResponse);
      },
    },
    `start_response must be a function, got an object of class Object ${START_RESPONSE}`,
  ],
  [
    "a start_response that gives no write()",
    giving(undefined),
    `the server's start_response() must return write(), a function, got undefined ${WRITE}`,
  ],
  [
    "a write() that gives no promise",
    giving(() => undefined),
    'the server\'s write() must return a promise, got undefined (PEP 3333, "Buffering and Streaming")',
  ],
  [
    "a second iteration",
    mishandling((result) => [...result, ...result]),
    `the server must iterate a result once, got a second iteration ${DETAILS}`,
  ],
  [
    "an iteration after close()",
    mishandling(async (result) => {
      await result.close!();
      return [...result];
    }),
    `the server must not iterate a result after close(), got an iteration ${DETAILS}`,
  ],
  [
    "a block that is taken after close()",
    mishandling(async (result) => {
      const iterator = result[Symbol.iterator]();
      await result.close!();
      iterator.next();
    }),
    `the server must not iterate a result after close(), got a next() ${DETAILS}`,
  ],
  [
    "a second close()",
    mishandling(async (result) => {
      await result.close!();
      await result.close!();
    }),
    `the server must call close() of a result once, got a second call ${DETAILS}`,
  ],
];
