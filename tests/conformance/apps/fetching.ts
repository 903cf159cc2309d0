/** The applications that are fetch handlers: what they answer, and what they see of a request. */

import { from_fetch } from "../../../gateways/fetch.ts";
import type { WSGIApplication } from "../../../types.ts";
import { pattern } from "./content.ts";

const PLAIN = { "Content-Type": "text/plain" };

/** A stream whose blocks come one by one, when something else has been done. */
function late(...blocks: string[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      const block = blocks.shift();
      if (block === undefined) controller.close();
      else controller.enqueue(encoder.encode(block));
    },
  }, { highWaterMark: 0 });
}

const hello = () => new Response("hello", { headers: PLAIN });

/** The responses, by the names that the query has for them. */
export const responses: Record<string, () => Response> = {
  text: hello,
  json: () =>
    Response.json({ a: 1 }, {
      headers: { "Content-Type": "application/json" },
    }),
  bytes: () => new Response(new Uint8Array([104, 105]), { headers: PLAIN }),
  buffer: () =>
    new Response(new Uint8Array([104, 105]).buffer, { headers: PLAIN }),
  blob: () => new Response(new Blob(["hel", "lo"]), { headers: PLAIN }),
  parameters: () =>
    new Response(new URLSearchParams({ a: "b c" }), { headers: PLAIN }),
  empty: () => new Response("", { headers: PLAIN }),
  null: () => new Response(null, { headers: PLAIN }),
  large: () => new Response(pattern(100_000), { headers: PLAIN }),
  clone() {
    const response = hello();
    response.headers.append("X-A", "b"); // Deno 2.9 makes a clone without headers before they were asked for.
    return response.clone();
  },
  cloned() {
    const response = hello();
    response.clone();
    return response;
  },
  length: () =>
    new Response(late("hel", "lo"), {
      headers: { ...PLAIN, "Content-Length": "5" },
    }),
  stream: () => new Response(late("hel", "lo"), { headers: PLAIN }),
  redirect: () => Response.redirect("http://www.example.org/there", 303),
  no_content: () => new Response(null, { status: 204 }),
  not_modified: () =>
    new Response(null, { status: 304, headers: { ETag: '"x"' } }),
  cookies: () =>
    new Response("hello", {
      headers: [
        ...Object.entries(PLAIN),
        ["Set-Cookie", "a=1; Path=/"],
        ["Set-Cookie", "b=2"],
      ],
    }),
  of_server: () =>
    new Response("hello", {
      headers: {
        ...PLAIN,
        "Keep-Alive": "timeout=5",
        "Status": "404 Not Found",
        "Transfer-Encoding": "chunked",
      },
    }),
};

export const fetching: Record<string, WSGIApplication> = {
  /** The response that the query names. */
  fetch_response: from_fetch((request) =>
    responses[new URL(request.url).search.slice(1)]!()
  ),

  /** The headers of the request that `X-Show` names, and its body. */
  fetch_request: from_fetch(async (request) => {
    const names = request.headers.get("x-show")!.split(" ");
    const shown = names.map((name) => [name, request.headers.get(name)]);
    const body = request.body && await request.text();
    return Response.json([Object.fromEntries(shown), body], {
      headers: PLAIN,
    });
  }),
};
