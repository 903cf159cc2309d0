/** What the tests of `to_fetch` and `from_fetch` share: applications, and a server for a fetch handler. */

import { type FetchInfo, to_fetch } from "../../../gateways/fetch.ts";
import type { HeaderList, WSGIApplication } from "../../../types.ts";
import { bytes } from "../../support/support.ts";

export const PLAIN: HeaderList = [["Content-Type", "text/plain"]];

export const hello: WSGIApplication = (_environ, start_response) => {
  start_response("200 OK", PLAIN);
  return [bytes("Hello")];
};

/** Responds with the environ as JSON, in which the objects of `wsgi.*` are empty. */
export const show: WSGIApplication = (environ, start_response) => {
  start_response("200 OK", [["Content-Type", "application/json"]]);
  return [new TextEncoder().encode(JSON.stringify(environ))];
};

/** The environ that `to_fetch` creates for a request. */
export async function environ_of(
  request: Request,
  info?: FetchInfo,
): Promise<Record<string, unknown>> {
  return await (await to_fetch(show)(request, info)).json();
}

/** Serves a fetch handler at a free port. `log` has the errors that it has thrown. */
export function serve_fetch(
  handler: (request: Request, info: FetchInfo) => Promise<Response>,
) {
  const log: unknown[] = [];
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen() {},
    onError(error) {
      log.push(error);
      return new Response(null, { status: 500 });
    },
  }, handler);
  return {
    port: server.addr.port,
    log,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
