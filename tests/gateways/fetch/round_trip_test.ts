/** A fetch handler that is turned into an application, and then served, or turned into a fetch handler again. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { toText } from "@std/streams";
import {
  type ExecutionContext,
  type FetchHandler,
  from_fetch,
  to_fetch,
  type WSGIFetchInfo,
} from "../../../gateways/fetch.ts";
import { validator } from "../../../validate.ts";
import { bytes, Log, serve, stream_of, until } from "../../support/support.ts";

/** What a client sees of a response. */
async function seen(response: Response | Promise<Response>) {
  const { status, statusText, headers, body } = await response;
  return {
    status,
    statusText,
    headers: [...headers].filter(([name]) => name !== "content-length"),
    body: body === null ? "" : await toText(body),
  };
}

const round_trips: [
  name: string,
  handler: FetchHandler,
  request?: () => Request,
][] = [
  ["an empty response", () => new Response(null, { statusText: "OK" })],
  ["a text", () => new Response("Hello", { statusText: "OK" })],
  [
    "no content",
    () => new Response(null, { status: 204, statusText: "No Content" }),
  ],
  ["a redirect", () =>
    new Response(null, {
      status: 302,
      statusText: "Found",
      headers: { Location: "/there" },
    })],
  [
    "a reason of its own",
    () => new Response("x", { status: 200, statusText: "Fine" }),
  ],
  ["cookies and bytes in headers", () =>
    new Response("x", {
      statusText: "OK",
      headers: [
        ["Set-Cookie", "a=1"],
        ["Set-Cookie", "b=2"],
        ["X-A", "caf\xe9"],
        ["X-B", "1"],
        ["X-B", "2"],
      ],
    })],
  [
    "a stream",
    () => new Response(stream_of("a", "", "b"), { statusText: "OK" }),
  ],
  [
    "a request with everything",
    async (request) =>
      new Response(
        JSON.stringify([
          request.method,
          request.url,
          [...request.headers],
          await request.text(),
        ]),
        { statusText: "OK" },
      ),
    () =>
      new Request("https://example.com:8443/caf%C3%A9/%2F//x%zz?a=%20&b?#c", {
        method: "POST",
        body: "caf\u00e9",
        headers: [
          ["Content-Type", "text/csv"],
          ["Cookie", "a=1; b=2"],
          ["X-A", "caf\xe9"],
          ["X-B", "1"],
          ["X-B", "2"],
        ],
      }),
  ],
  [
    "a request without headers",
    (request) =>
      new Response(JSON.stringify([request.url, [...request.headers]]), {
        statusText: "OK",
      }),
    () => new Request("http://[::1]/?"),
  ],
];

Deno.test("to_fetch(from_fetch(handler)) behaves as the handler does", async (t) => {
  for (const [name, handler, request] of round_trips) {
    await t.step(name, async () => {
      const make = request ?? (() => new Request("http://h/x"));
      // A client does not send the fragment.
      const received = new Request(make().url.replace(/#.*/, ""), make());
      const info = {} as WSGIFetchInfo;
      const context = {} as ExecutionContext;
      assertEquals(
        await seen(to_fetch(from_fetch(handler))(make())),
        await seen(handler(received, info, context)),
      );
    });
  }
});

Deno.test("to_fetch(from_fetch(handler)) cancels the handler's body when its own is cancelled", async () => {
  let cancelled = 0;
  let signal: AbortSignal | undefined;
  const handler = to_fetch(from_fetch((request) => {
    signal = request.signal;
    return new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(bytes("a")),
        cancel() {
          cancelled++;
        },
      }),
    );
  }));
  const { body } = await handler(new Request("http://h/"));
  const reader = body!.getReader();
  await reader.read();
  await reader.cancel();
  await until(() => cancelled > 0);
  assertEquals(cancelled, 1);
  assert(signal!.aborted);
});

Deno.test("to_fetch(from_fetch(handler)) answers a handler that throws with a 500", async () => {
  const log = new Log();
  const handler = to_fetch(
    from_fetch(() => {
      throw new Error("mine");
    }),
    { stderr: log },
  );
  assertEquals((await handler(new Request("http://h/"))).status, 500);
  assertStringIncludes(log.text, "mine");
});

Deno.test("from_fetch() accepts a handler for Deno.serve, which make_server() then serves", async () => {
  const handler: Deno.ServeHandler<Deno.NetAddr> = async (
    request,
    { remoteAddr },
  ) =>
    Response.json([
      new URL(request.url).pathname,
      await request.text(),
      remoteAddr.hostname,
    ]);
  await using server = serve(validator(from_fetch(handler)));
  const response = await fetch(`${server.url}/a%2Fb`, {
    method: "POST",
    body: "Hello",
  });
  assertEquals(await response.json(), ["/a%2Fb", "Hello", "127.0.0.1"]);
});
