/** A row of the tables: what is broken, between which parties, and what its user reads. */

import type {
  HeaderList,
  StartResponse,
  WSGIApplication,
  WSGIEnvironment,
} from "../../types.ts";
import { validator, type WSGIWarning } from "../../validate.ts";
import { bytes, stream_of } from "../support/support.ts";
import {
  environ_with,
  good_server,
  type Server,
  TEXT,
  type Variables,
} from "./exchange.ts";

/** Something broken, between two parties of which one is sound. */
export interface Broken {
  environ?: Variables;
  /** Makes `wsgi.input`. */
  input?(): ReadableStream<unknown>;
  /** Not of the type that an application has: it is broken. */
  app?(environ: WSGIEnvironment, start_response: StartResponse): unknown;
  server?: Server;
}

/** What is broken, and what its user reads. */
export type Row = [what: string, broken: Broken, message: string];

export const ENVIRON = '(PEP 3333, "environ Variables")';
export const STREAMS = '(PEP 3333, "Input and Error Streams")';
export const STRINGS = '(PEP 3333, "Unicode Issues")';
export const START_RESPONSE = '(PEP 3333, "The start_response() Callable")';
export const DETAILS = '(PEP 3333, "Specification Details")';
export const LENGTH = '(PEP 3333, "Handling the Content-Length Header")';
export const WRITE = '(PEP 3333, "The write() Callable")';

/** An application that answers a 200 with `result`. */
export function returning(
  result: unknown,
  headers: HeaderList = TEXT,
): Broken["app"] {
  return (_environ, start_response) => {
    start_response("200 OK", headers);
    return result;
  };
}

export const hello = returning([bytes("hello")]);

/** An application that calls `start_response` with `args`. */
export function starting(...args: unknown[]): Broken {
  return {
    app(_environ, start_response) {
      start_response(...args as Parameters<StartResponse>);
      return [];
    },
  };
}

/** The `wsgi.errors` of an application, without the type that would keep it from misusing it. */
export function misusing_errors(
  misuse: (errors: Record<string, (arg?: unknown) => void>) => void,
): Broken {
  return {
    app(environ, start_response) {
      // deno-lint-ignore no-explicit-any
      misuse(environ["wsgi.errors"] as any);
      start_response("200 OK", TEXT);
      return [];
    },
  };
}

export function locked_stream(): ReadableStream<Uint8Array> {
  const stream = stream_of();
  stream.getReader();
  return stream;
}

export function* long_body() {
  yield bytes("abc");
  yield bytes("def");
}

/** Has a row's application called by its server, behind the validator. */
export async function run_row(
  [, { environ, input, app = hello, server = good_server }]: Row,
  warn: (warning: WSGIWarning) => void,
): Promise<void> {
  const checked = validator(app as WSGIApplication, { warn, close_within: 0 });
  const streams = input && { "wsgi.input": input() };
  await server(checked, environ_with({ ...environ, ...streams }));
}
