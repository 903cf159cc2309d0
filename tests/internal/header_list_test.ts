/** The header list of a request that came from the platform, and what is done where there is none. */

import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  header_list,
  type HeaderList,
} from "../../_internal/request/header_list.ts";
import type * as module from "../../_internal/request/header_list.ts";
import { from_fetch } from "../../gateways/fetch.ts";
import { limit_request } from "../../middleware/mod.ts";
import { request_of_body } from "../../_internal/streams/own_request.ts";
import {
  type ClientAddress,
  make_server,
  WSGIServer,
  type WSGIServerClass,
} from "../../simple_server.ts";
import type { WSGIApplication } from "../../types.ts";
import { bytes, raw_request } from "../support/support.ts";
import { get, Quiet, show } from "../simple_server/exchange.ts";

/** A server whose request handlers get something that only looks like the platform's request. */
class ProxyServer extends WSGIServer {
  override finish_request(
    request: Request,
    client_address: ClientAddress,
  ): Response | Promise<Response> {
    const proxy = new Proxy(request, {
      get: (target, key) =>
        key === "headers" ? this.headers_of(target) : Reflect.get(target, key),
    });
    return super.finish_request(proxy, client_address);
  }

  headers_of({ headers }: Request): Headers {
    return headers;
  }
}

function start(
  app: WSGIApplication,
  server_class: WSGIServerClass,
  handler_class = Quiet,
): WSGIServer {
  const server = make_server("127.0.0.1", 0, app, server_class, handler_class);
  server.serve_forever();
  return server;
}

/** The environ of a GET with these header fields. */
async function environ_of(
  { server_port }: WSGIServer,
  ...fields: string[]
): Promise<Record<string, string>> {
  const { body } = await raw_request(server_port, get("/", ...fields));
  return JSON.parse(new TextDecoder().decode(bytes(body)));
}

const rows: [fields: string[], environ: Record<string, string>][] = [
  [["X-A: 1"], { HTTP_X_A: "1" }],
  [["x-a: 1", "X-B: 2"], { HTTP_X_A: "1", HTTP_X_B: "2" }],
  [["X-B: 2", "X-A: 1"], { HTTP_X_A: "1", HTTP_X_B: "2" }],
  [["X-A: 1", "X-B: 2", "x-a: 3"], { HTTP_X_A: "1, 3", HTTP_X_B: "2" }],
  [["X-A:", "X-A: 3"], { HTTP_X_A: "3" }],
  [["X-A: \xe9"], { HTTP_X_A: "\xe9" }],
  [["Cookie: a=1", "Cookie: b=2"], { HTTP_COOKIE: "a=1; b=2" }],
  [["Set-Cookie: a", "Set-Cookie: b"], { HTTP_SET_COOKIE: "a, b" }],
  [["Set-Cookie:", "Set-Cookie: a"], { HTTP_SET_COOKIE: "a" }],
  [["X-A: 1", "X_A: 2", "Proxy: x"], { HTTP_X_A: "1" }],
  [["CONTENT-type: a/b"], { CONTENT_TYPE: "a/b" }],
  [["Content-Type: a/b", "Content-Type: c/d"], { CONTENT_TYPE: "a/b, c/d" }],
  [["CONTENT-LENGTH: 0"], { CONTENT_LENGTH: "0" }],
  [["Content-Length: 0", "Content-Length: 0"], { CONTENT_LENGTH: "0" }],
  [[`X-${"long-".repeat(20)}: 1`, `x-${"LONG-".repeat(20)}: 2`], {
    [`HTTP_X_${"LONG_".repeat(20)}`]: "1, 2",
  }],
];

for (
  const [way, ServerClass] of [
    ["their list", WSGIServer],
    ["Headers", ProxyServer],
  ] as const
) {
  Deno.test(`environ has the headers of a request, read by ${way}`, async () => {
    await using server = start(show, ServerClass);
    for (const [fields, expected] of rows) {
      const environ = await environ_of(server, ...fields);
      for (const name of ["HTTP_HOST", "HTTP_CONNECTION"]) delete environ[name];
      const headers = Object.entries(environ).filter(([name, value]) =>
        name.startsWith("HTTP_") || name in expected && value !== ""
      );
      assertEquals(Object.fromEntries(headers), expected, fields.join());
    }
  });
}

Deno.test("a variable that every environ has gives way to a header", async () => {
  await using server = start(show, WSGIServer);
  server.base_environ.HTTP_X_OWN = "own";
  assertEquals((await environ_of(server)).HTTP_X_OWN, "own");
  assertEquals((await environ_of(server, "X-Own: 1")).HTTP_X_OWN, "1");
});

Deno.test("a request that is not the platform's has its own headers", async () => {
  class OtherHeaders extends ProxyServer {
    override headers_of(): Headers {
      return new Headers({ "X-Other": "2" });
    }
  }
  await using server = start(show, OtherHeaders);
  const { HTTP_X_A, HTTP_X_OTHER } = await environ_of(server, "X-A: 1");
  assertEquals([HTTP_X_A, HTTP_X_OTHER], [undefined, "2"]);
});

Deno.test("limits count repeated fields as one, with the size of all, logged or not, by WSGI or not", async () => {
  const limits = { fields: 5, field_size: 40 };
  const handler = from_fetch(() => new Response("Hello"));
  const rows: [fields: string[], status: string][] = [
    [["X-A: 1", "X-B: 2", "X-C: 3"], "200"],
    [["X-A: 1", "X-B: 2", "X-C: 3", "X-D: 4"], "431"],
    [["X-A: 1", "x-a: 2", "X-A: 3", "X-A: 4"], "200"],
    [[`X-A: ${"a".repeat(35)}`, `X-B: ${"b".repeat(35)}`], "200"],
    [[`X-A: ${"a".repeat(36)}`], "431"],
    [[`X-A: ${"a".repeat(17)}`, `X-A: ${"a".repeat(16)}`], "200"],
    [[`X-A: ${"a".repeat(17)}`, `X-A: ${"a".repeat(17)}`], "431"],
  ];
  class Silent extends Quiet {
    override log_request() {}
  }
  for (const app of [handler, show]) {
    for (const handler_class of [Quiet, Silent]) {
      const limited = limit_request(app, limits);
      await using server = start(limited, WSGIServer, handler_class);
      for (const [fields, expected] of rows) {
        const request = get("/", ...fields);
        const { status } = await raw_request(server.server_port, request);
        assertEquals(status.split(" ")[1], expected, fields.join());
      }
    }
  }
});

Deno.test("Deno's requests have a list, with the fields as they came", async () => {
  let lists: (HeaderList | null)[] = [];
  await using server = start((environ, start_response) => {
    const request = request_of_body(environ["wsgi.input"])!;
    lists = [header_list(request), header_list(new Proxy(request, {}))];
    return show(environ, start_response);
  }, WSGIServer);
  await environ_of(server, "x-B: 1", "X-a: 2", "X-B:3");
  assertEquals(lists, [[
    ["Host", "h"],
    ["Connection", "close"],
    ["x-B", "1"],
    ["X-a", "2"],
    ["X-B", "3"],
  ], null]);
});

const key = Symbol("anything");

/** A request with something behind a key that is a symbol. */
function request_with(behind: unknown, headers: HeadersInit): Request {
  const request = { headers: new Headers(headers), [key]: behind };
  return request as unknown as Request;
}

const list: HeaderList = [["B", "1"], ["A", "2"], ["b", "3"]];
const same = { a: "2", b: "1, 3" };

/** A platform, by the requests that come from it, and what is read of each. */
const platforms: Record<string, [Request, HeaderList | null][]> = {
  "without any such key": [[request_with(undefined, same), null]],
  "with a list": [
    [request_with({ headerList: list }, same), list],
    [request_with({ headerList: [["X", "4"]] }, { X: "4" }), [["X", "4"]]],
  ],
  "whose first request has no headers": [
    [request_with({ headerList: [] }, {}), null],
    [request_with({ headerList: list }, same), list],
  ],
  "with a list that is not that of the headers": [
    [request_with({ headerList: list }, { a: "2" }), null],
    [request_with({ headerList: list }, same), null],
  ],
  "with a list of something else": [
    [request_with({ headerList: ["a", "b"] }, same), null],
  ],
  "that throws when it is looked at": [[
    request_with({
      get headerList() {
        throw new Error("private");
      },
    }, same),
    null,
  ]],
  "that loses the list": [
    [request_with({ headerList: list }, same), list],
    [request_with({ headerList: undefined }, same), null],
    [request_with(undefined, same), null],
  ],
};

let fresh = 0;

for (const [platform, requests] of Object.entries(platforms)) {
  Deno.test(`a platform ${platform}`, async () => {
    const { header_list, note_received }: typeof module = await import(
      `../../_internal/request/header_list.ts?${fresh++}`
    );
    for (const [request, expected] of requests) {
      assertEquals(header_list(request), null, "before it is received");
      note_received(request);
      const list = header_list(request);
      assertEquals(list, expected);
      assertStrictEquals(header_list(request), list, "it is read once");
    }
  });
}
