// An application of Express, of Koa or Fastify as well: a handler of Node's kind becomes a fetch handler by
// light-my-request, from npm, by which Fastify answers a request without a server. Serve it with
// `deno run -A jsr:@tsgi/serve examples/node_handler.ts`.

// @ts-types="npm:@types/express@^5.0.0"
import express from "npm:express@^5.1.0";
import inject, { type DispatchFunc } from "npm:light-my-request@^6.6.0";
import { Readable } from "node:stream";
import type { WSGIFetchInfo } from "@tsgi/serve/fetch";

const app = express();

app.use(express.json());

app.get("/hello/:name", (request, response) => {
  response.send(`Hello, ${request.params.name}!`);
});

app.post("/sum", (request, response) => {
  const numbers: number[] = request.body;
  response.json({ sum: numbers.reduce((sum, number) => sum + number, 0) });
});

export default { fetch: fetch_of(app) };

/** What answers a `Request` by a handler of Node's kind: `express()`, `koa.callback()`, `fastify.routing`. */
export function fetch_of(handler: unknown) {
  return async (request: Request, info?: WSGIFetchInfo): Promise<Response> => {
    const { method, body, url } = request;
    const { pathname, search } = new URL(url);
    const answer = await inject(handler as DispatchFunc, {
      method: method as "GET",
      url: pathname + search,
      headers: headers_for_node(request),
      ...has_content(request)
        ? { payload: Readable.fromWeb(body as never) }
        : {},
      remoteAddress: info?.remoteAddr.hostname ?? "",
      payloadAsStream: true,
    });
    const response = new Response(
      [204, 205, 304].includes(answer.statusCode)
        ? null
        : Readable.toWeb(answer.stream()) as ReadableStream,
      { status: answer.statusCode, statusText: answer.statusMessage },
    );
    for (const [name, value] of Object.entries(answer.headers)) {
      for (const one of [value ?? []].flat()) {
        response.headers.append(name, String(one));
      }
    }
    return response;
  };
}

/** Whether a request has a body; a server may give one to every method that may have it. */
function has_content({ method, headers, body }: Request): boolean {
  return body !== null &&
    (/^(POST|PUT|PATCH)$/.test(method) || headers.has("content-length") ||
      headers.has("transfer-encoding"));
}

/** Node's parsers take it that there is no body where neither header says so. */
function headers_for_node(request: Request): Record<string, string> {
  const given = Object.fromEntries(request.headers);
  const has_length = given["content-length"] !== undefined;
  return has_content(request) && !has_length
    ? { ...given, "transfer-encoding": "chunked" }
    : given;
}
