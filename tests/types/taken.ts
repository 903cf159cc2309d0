/** What the types must take: `deno check .` fails where they refuse an honest program. */

import {
  FileWrapper,
  make_server,
  request_uri,
  setup_testing_defaults,
  shift_path_info,
  validator,
  type WSGIApplication,
  type WSGIEnvironment,
  type WSGIResult,
} from "../../mod.ts";
import { Headers as WSGIHeaders } from "../../headers.ts";
import type { HeaderList, StartResponse } from "../../types.ts";

const data = new TextEncoder().encode("data");
declare const environ: WSGIEnvironment;
declare const start_response: StartResponse;
declare const app: WSGIApplication;
declare const is_known: boolean;

/** What an application returns. */
export const results: WSGIApplication[] = [
  () => [],
  () => [data],
  () => new Set([data]),
  async () => [data],
  function* () {
    yield data;
  },
  async function* () {
    yield data;
  },
  () => ReadableStream.from([data]),
  () => new Response("Hello").body!,
  () => new FileWrapper(ReadableStream.from([data])),
  async () => (await Deno.open("file")).readable,
  () => Object.assign([data], { close() {} }),
  () => [new Uint8Array(new SharedArrayBuffer(4))],
];

/** What `start_response` is given. */
export function starts(): void {
  start_response(is_known ? "200 OK" : "404 Not Found", []);
  let status = "200 OK";
  if (!is_known) status = "404 Not Found";
  start_response(status, []);
  start_response(`${is_known ? 200 : 404} ${status.slice(4)}`, []);
  start_response("500 Internal Server Error", [], new Error("failed"));

  const inferred = [["Content-Type", "text/plain"], ["Content-Length", "4"]];
  start_response("200 OK", inferred);
  const pushed: HeaderList = [];
  pushed.push(["Content-Length", String(data.length)]);
  start_response("200 OK", pushed);
  start_response("200 OK", [...pushed, ["Content-Type", "text/plain"]]);
  start_response("200 OK", Object.entries({ "Content-Type": "text/plain" }));
  start_response("200 OK", [...new Headers()]);
  start_response("200 OK", new WSGIHeaders(pushed).items());
}

/** What a program does with an environ. */
export async function variables(): Promise<unknown[]> {
  const copy: WSGIEnvironment = { ...environ, PATH_INFO: "/x" };
  copy["app.user"] = "me";
  copy.HTTP_X_USER = "me";
  delete copy.HTTP_PROXY;
  copy["wsgi.input"] = new TransformStream<Uint8Array, Uint8Array>().readable;
  const request: Record<string, unknown> = {};
  setup_testing_defaults(request);
  const gzip = new DecompressionStream("gzip");
  return [
    app(copy, start_response),
    app(request, start_response),
    Object.entries(environ).sort().map(([name]) => name),
    [environ.REMOTE_PORT, environ.AUTH_TYPE, environ.SERVER_ADDR]
      .map((text) => text?.trim()),
    [environ.DOCUMENT_ROOT, environ.HTTPS, environ.SSL_PROTOCOL]
      .map((text) => text?.trim()),
    request_uri(environ) + shift_path_info(environ),
    environ["wsgi.input"].pipeThrough(gzip),
    await new Response(environ["wsgi.input"]).json(),
    await Array.fromAsync(environ["wsgi.input"]),
  ];
}

/** A program that is given a variable of its own. */
function of_a_site(
  { DATABASE_URL = "" }: WSGIEnvironment & { DATABASE_URL?: string },
): WSGIResult {
  return [new TextEncoder().encode(DATABASE_URL)];
}

/** What stands between a server and an application. */
export const middleware: WSGIApplication[] = [
  of_a_site,
  validator((environ, start_response) => app(environ, start_response)),
  (environ, start_response) =>
    app(environ, (status, headers, exc_info) => {
      const kept = headers.filter(([name]) => name !== "Server");
      return start_response(status, [...kept, ["X", status]], exc_info);
    }),
  (environ, start_response) => {
    let status = "";
    let headers: HeaderList = [];
    const result = app(environ, (given_status, given_headers) => {
      [status, headers] = [given_status, given_headers];
      return () => Promise.resolve();
    });
    start_response(status, headers);
    return result;
  },
];

export const servers = [
  make_server("", 8000, app),
  make_server("", 8000, () => []),
];
