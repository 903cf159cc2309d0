/**
 * What the types must refuse, each with what the compiler says of it: `deno check .` fails where it takes one of these,
 * and `refused_test.ts` where it says something else.
 */

import {
  from_fetch,
  Headers as WSGIHeaders,
  make_server,
  to_fetch,
  validator,
  type WSGIApplication,
  type WSGIEnvironment,
} from "../../mod.ts";
import { serve } from "../../cli/mod.ts";
import type { StartResponse } from "../../types.ts";

const data = new TextEncoder().encode("data");
declare const environ: WSGIEnvironment;
declare const start_response: StartResponse;
declare const app: WSGIApplication;
declare const is_known: boolean;

/** What an application returns. */
export const results: WSGIApplication[] = [
  // @ts-expect-error Type 'string' is not assignable to type 'WSGIResult | Promise<WSGIResult>'.
  () => "Hello",
  // @ts-expect-error Type 'Uint8Array<ArrayBuffer>' is not assignable to type 'WSGIResult | Promise<WSGIResult>'.
  () => data,
  // @ts-expect-error Type 'ArrayBuffer' is not assignable to type 'WSGIResult | Promise<WSGIResult>'.
  () => data.buffer,
  // @ts-expect-error Type 'string[]' is not assignable to type 'WSGIResult | Promise<WSGIResult>'.
  () => ["Hello"],
  // @ts-expect-error Type 'ArrayBuffer[]' is not assignable to type 'WSGIResult | Promise<WSGIResult>'.
  () => [data.buffer],
  // @ts-expect-error Type 'Promise<Uint8Array<ArrayBuffer>>[]' is not assignable to type 'WSGIResult | Promise<WSGIResult>'.
  () => [Promise.resolve(data)],
  // @ts-expect-error Type 'number' is not assignable to type 'WSGIResult | Promise<WSGIResult>'.
  () => 200,
  // @ts-expect-error Type 'null' is not assignable to type 'WSGIResult | Promise<WSGIResult>'.
  () => null,
  // @ts-expect-error Type 'undefined' is not assignable to type 'WSGIResult | Promise<WSGIResult>'.
  () => undefined,
  // @ts-expect-error Type '() => void' is not assignable to type 'WSGIApplication'.
  () => {},
  // @ts-expect-error Type 'Response' is not assignable to type 'WSGIResult | Promise<WSGIResult>'.
  () => new Response("Hello"),
  // @ts-expect-error Type 'Response' is not assignable to type 'WSGIResult | Promise<WSGIResult>'.
  () => Response.json({}),
  // @ts-expect-error Type 'Blob' is not assignable to type 'WSGIResult | Promise<WSGIResult>'.
  () => new Blob(["Hello"]),
  // @ts-expect-error Type '{ body: Uint8Array<ArrayBuffer>; }' is not assignable to type 'WSGIResult | Promise<WSGIResult>'.
  () => ({ body: data }),
  // @ts-expect-error Type '() => () => Generator<never, void, unknown>' is not assignable to type 'WSGIApplication'.
  () => function* () {},
  // @ts-expect-error Type 'ReadableStream<string>' is not assignable to type 'WSGIResult | Promise<WSGIResult>'.
  () => new ReadableStream<string>(),
  // @ts-expect-error Type 'Uint8Array<ArrayBuffer>[] & { close: boolean; }' is not assignable to type 'WSGIResult | Promise<WSGIResult>'.
  () => Object.assign([data], { close: true }),
  // @ts-expect-error Type 'Promise<string>' is not assignable to type 'WSGIResult | Promise<WSGIResult>'.
  async () => "Hello",
  // @ts-expect-error Type '() => Promise<void>' is not assignable to type 'WSGIApplication'.
  async () => {},
  // @ts-expect-error Type 'Promise<Response>' is not assignable to type 'WSGIResult | Promise<WSGIResult>'.
  async () => await fetch("http://localhost/"),
  // @ts-expect-error Type '() => Generator<string, void, any>' is not assignable to type 'WSGIApplication'.
  function* () {
    yield "Hello";
  },
  // @ts-expect-error Type '() => AsyncGenerator<string, void, any>' is not assignable to type 'WSGIApplication'.
  async function* () {
    yield "Hello";
  },
  // @ts-expect-error Type '(_environ: WSGIEnvironment, start_response: StartResponse) => void' is not assignable to type 'WSGIApplication'.
  (_environ, start_response) => {
    start_response("200 OK", []);
  },
  // @ts-expect-error Type '() => Uint8Array<ArrayBuffer>[] | undefined' is not assignable to type 'WSGIApplication'.
  () => {
    if (is_known) return [data];
  },
];

/** What `start_response` is given for a status. */
export function statuses(): void {
  // @ts-expect-error Argument of type '"OK"' is not assignable to parameter of type '`${number} ${string}`'.
  start_response("OK", []);
  // @ts-expect-error Argument of type '"200"' is not assignable to parameter of type '`${number} ${string}`'.
  start_response("200", []);
  // @ts-expect-error Argument of type '"200OK"' is not assignable to parameter of type '`${number} ${string}`'.
  start_response("200OK", []);
  // @ts-expect-error Argument of type '"HTTP/1.1 200 OK"' is not assignable to parameter of type '`${number} ${string}`'.
  start_response("HTTP/1.1 200 OK", []);
  // @ts-expect-error Argument of type '""' is not assignable to parameter of type '`${number} ${string}`'.
  start_response("", []);
  // @ts-expect-error Argument of type 'number' is not assignable to parameter of type 'string'.
  start_response(200, []);
  // @ts-expect-error Argument of type '{ status: number; }' is not assignable to parameter of type 'string'.
  start_response({ status: 200 }, []);
  // @ts-expect-error Argument of type 'undefined' is not assignable to parameter of type 'string'.
  start_response(undefined, []);
  // @ts-expect-error Argument of type '"Not Found" | "200 OK"' is not assignable to parameter of type '`${number} ${string}`'.
  start_response(is_known ? "200 OK" : "Not Found", []);
}

/** What it is given for headers. */
export function headers(): void {
  // @ts-expect-error Expected 2-3 arguments, but got 1.
  start_response("200 OK");
  // @ts-expect-error Argument of type 'null' is not assignable to parameter of type 'HeaderList'.
  start_response("200 OK", null);
  // @ts-expect-error Argument of type '{}' is not assignable to parameter of type 'HeaderList'.
  start_response("200 OK", {});
  // @ts-expect-error Object literal may only specify known properties, and '"Content-Type"' does not exist in type '[name: string, value: string][]'.
  start_response("200 OK", { "Content-Type": "text/plain" });
  // @ts-expect-error Argument of type 'Headers' is not assignable to parameter of type 'HeaderList'.
  start_response("200 OK", new Headers());
  // @ts-expect-error Argument of type 'Headers' is not assignable to parameter of type 'HeaderList'.
  start_response("200 OK", new WSGIHeaders());
  // @ts-expect-error Argument of type 'Map<string, string>' is not assignable to parameter of type 'HeaderList'.
  start_response("200 OK", new Map([["Content-Type", "text/plain"]]));
  // @ts-expect-error Argument of type 'string' is not assignable to parameter of type 'HeaderList'.
  start_response("200 OK", "Content-Type: text/plain");
  // @ts-expect-error Type 'string' is not assignable to type '[name: string, value: string]'.
  start_response("200 OK", ["Content-Type: text/plain"]);
  // @ts-expect-error Type '[string]' is not assignable to type '[name: string, value: string]'.
  start_response("200 OK", [["Content-Type"]]);
  // @ts-expect-error Type '[string, string, string]' is not assignable to type '[name: string, value: string]'.
  start_response("200 OK", [["Content-Type", "text/plain", "utf-8"]]);
  // @ts-expect-error Type 'number' is not assignable to type 'string'.
  start_response("200 OK", [["Content-Length", data.length]]);
  // @ts-expect-error Type '[string, string]' is not assignable to type 'string'.
  start_response("200 OK", [["Set-Cookie", ["a=1", "b=2"]]]);
  // @ts-expect-error Type 'string | undefined' is not assignable to type 'string'.
  start_response("200 OK", [["ETag", environ.HTTP_IF_MATCH]]);
  // @ts-expect-error Object literal may only specify known properties, and 'name' does not exist in type '[name: string, value: string]'.
  start_response("200 OK", [{ name: "Content-Type", value: "text/plain" }]);
}

/** What `write` is given. */
export function writes(): void {
  const write = start_response("200 OK", []);
  // @ts-expect-error Argument of type 'string' is not assignable to parameter of type 'Uint8Array<ArrayBufferLike>'.
  write("Hello");
  // @ts-expect-error Type 'Uint8Array<ArrayBuffer>' is not assignable to type 'number'.
  write([data]);
}

/** What is looked for in an environ. */
export function variables(): unknown[] {
  // @ts-expect-error Type 'string' is not assignable to type 'ReadableStream<Uint8Array<ArrayBufferLike>>'.
  environ["wsgi.input"] = "Hello";
  return [
    // @ts-expect-error Property 'REQUEST_METHD' does not exist on type 'WSGIEnvironment'. Did you mean 'REQUEST_METHOD'?
    environ.REQUEST_METHD,
    // @ts-expect-error Property 'headers' does not exist on type 'WSGIEnvironment'.
    environ.headers,
    // @ts-expect-error 'environ.HTTP_HOST' is possibly 'undefined'.
    environ.HTTP_HOST.length,
    // @ts-expect-error Property 'text' does not exist on type 'ReadableStream<Uint8Array<ArrayBuffer>>'.
    environ["wsgi.input"].text(),
    // @ts-expect-error Argument of type 'Uint8Array<ArrayBuffer>' is not assignable to parameter of type 'string'.
    environ["wsgi.errors"].write(data),
    // @ts-expect-error Object is of type 'unknown'.
    environ["wsgi.imput"].getReader(),
  ];
}

/** What is given where an application is expected. */
export function applications(): unknown[] {
  const hono = { fetch: (_request: Request) => new Response("Hello") };
  return [
    // @ts-expect-error Argument of type '(_request: Request) => Response' is not assignable to parameter of type 'WSGIApplication'.
    make_server("", 8000, hono.fetch),
    // @ts-expect-error Argument of type '{ fetch: (_request: Request) => Response; }' is not assignable to parameter of type 'WSGIApplication'.
    to_fetch(hono),
    // @ts-expect-error Argument of type 'WSGIApplication' is not assignable to parameter of type 'FetchHandler'.
    from_fetch(app),
    // @ts-expect-error Object literal may only specify known properties, and 'app' does not exist in type 'WSGIApplication'.
    validator({ app }),
    // @ts-expect-error Object literal may only specify known properties, and 'port' does not exist in type 'ServeOptions'.
    serve(app, { port: 8000 }),
  ];
}
