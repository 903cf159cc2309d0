/** The requests to the application of each framework, and their responses. */

import type { DoorRequest } from "../conformance/doors/door.ts";
import { request_of } from "../gateways/hono/ways.ts";
import { bytes } from "../support/support.ts";

/** What is tested, a request, the status of its response, and a part of the body; the rest is compared with the framework alone. */
export type Case = [
  what: string,
  request: DoorRequest,
  status: number,
  body: string,
];

/** A framework, and the requests to its application. */
export interface Framework {
  /** Its name and version in docs/fetch.md. */
  name: string;
  /** The file of its application, in `apps`. */
  module: string;
  cases: Case[];
}

const JSON_TYPE: [string, string] = ["Content-Type", "application/json"];

function json(line: string, value: unknown): DoorRequest {
  return request_of(line, [JSON_TYPE], bytes(JSON.stringify(value)));
}

/** A form with a file, as a browser sends it. */
function upload(content: string): DoorRequest {
  const part = (disposition: string, text: string) =>
    `--X\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${text}\r\n`;
  const file = 'name="file"; filename="a.txt"\r\nContent-Type: text/plain';
  const body = part('name="name"', "Ada") + part(file, content) + "--X--\r\n";
  const type = "multipart/form-data; boundary=X";
  return request_of("POST /upload", [["Content-Type", type]], bytes(body));
}

const origin: [string, string] = ["Origin", "http://example.com"];
const basic: [string, string] = [
  "Authorization",
  `Basic ${btoa("hono:acoolproject")}`,
];
const gzip: [string, string] = ["Accept-Encoding", "gzip"];
const urlencoded: [string, string] = [
  "Content-Type",
  "application/x-www-form-urlencoded",
];
/** As much as nginx can buffer: it does not read a long response while it is still sending a long body. */
const much = bytes("0123456789".repeat(1_600));

const hono: Case[] = [
  ["logger", request_of("GET /"), 200, "Hello Hono!"],
  [
    "parameters and queries",
    request_of("GET /posts/caf%C3%A9%2F1?page=a%20b"),
    200,
    "You want to see a b of caf\xc3\xa9/1",
  ],
  ["HEAD", request_of("HEAD /posts/1?page=2"), 200, ""],
  ["JSON", json("POST /posts", { a: ["\u0001", 1] }), 201, '{"a":["'],
  ["prettyJSON", request_of("GET /json?pretty"), 200, '"message": "Hi!"'],
  ["DELETE", request_of("DELETE /posts/1"), 204, ""],
  ["PUT", request_of("PUT /posts/1", [], bytes("loud")), 200, "LOUD"],
  ["redirect", request_of("GET /move"), 302, ""],
  ["Response.redirect", request_of("GET /move/response"), 307, ""],
  ["trimTrailingSlash", request_of("GET /secure/?a=1"), 301, ""],
  ["HTTPException", request_of("GET /forbidden"), 403, "Not yours"],
  ["notFound", request_of("GET /none"), 404, "Custom 404 Message"],
  ["basicAuth", request_of("GET /admin/page"), 401, "Unauthorized"],
  ["basicAuth", request_of("GET /admin/page", [basic]), 200, "authorized"],
  ["bearerAuth", request_of("GET /token/page"), 401, "Unauthorized"],
  ["upload", upload("from a file"), 200, '"a.txt","text/plain","from a file"'],
  ["bodyLimit", upload("x".repeat(2000)), 413, "overflow :("],
  ["compress", request_of("GET /compressed", [gzip]), 200, "\x1f\x8b"],
  ["cookies", request_of("GET /cookies", [["Cookie", "c=3; d=4"]]), 200, '"4"'],
  ["CORS", request_of("OPTIONS /api/abc", [origin]), 204, ""],
  ["CORS", request_of("GET /api/abc", [origin]), 200, "success"],
  [
    "csrf",
    request_of("POST /form", [["Origin", "http://h"], urlencoded], bytes("a")),
    200,
    "not forged",
  ],
  ["csrf", request_of("POST /form", [origin, urlencoded]), 403, "Forbidden"],
  ["ETag", request_of("GET /etag"), 200, "/etag"],
  ["ETag", request_of("GET /etag", [["If-None-Match", "*"]]), 304, ""],
  ["secureHeaders", request_of("GET /secure"), 200, "secure"],
  ["JSX", request_of("GET /page"), 200, "Hello &lt;Hono&gt;!</h1>"],
  ["stream", request_of("GET /stream"), 200, "Hello from a stream"],
  ["streamText", request_of("GET /stream/text"), 200, "one\ntwo\nthree\n"],
  ["streamSSE", request_of("GET /stream/events"), 200, "event: time-update"],
  ["bodies", request_of("POST /echo", [], much), 200, "0123456789"],
  [
    "serveStatic",
    request_of("GET /static/style.css"),
    200,
    "navy",
  ],
  ["serveStatic", request_of("GET /static/"), 200, "<h1>Index</h1>"],
];

const h3: Case[] = [
  ["routes", request_of("GET /"), 200, "Tadaa!"],
  ["parameters", request_of("GET /hello/Ada?x=1&y=%20"), 200, '"host":"h"'],
  ["readBody", json("POST /json", { a: 1 }), 201, '"got":'],
  ["redirect", request_of("GET /move"), 302, ""],
  ["HTTPError", request_of("GET /teapot"), 418, "short and stout"],
  ["cookies", request_of("GET /cookies"), 200, "set"],
  ["Response", request_of("GET /html"), 200, "<p>Hi</p>"],
  ["streams", request_of("GET /stream"), 200, "Hello from h3"],
  ["createEventStream", request_of("GET /events"), 200, "event: tick"],
  ["DELETE", request_of("DELETE /nothing"), 200, ""],
  ["useBase", request_of("GET /base/test"), 200, "nested"],
  ["404", request_of("GET /none"), 404, "Cannot find"],
];

const itty: Case[] = [
  ["routes", request_of("GET /hello/Ada"), 200, "Hello, Ada!"],
  ["queries", request_of("GET /query?a=1&a=2"), 200, '{"a":["1","2"]}'],
  ["JSON", json("POST /json", { a: 1 }), 200, '{"got":{"a":1}}'],
  ["html", request_of("GET /page"), 200, "<h1>Hello</h1>"],
  ["error", request_of("GET /forbidden"), 403, "Not yours"],
  ["status", request_of("DELETE /nothing"), 204, ""],
  ["what is thrown", request_of("GET /fails"), 500, "the well is dry"],
  ["env, context", request_of("GET /env"), 200, '["string","function"]'],
  ["cors", request_of("OPTIONS /query", [origin]), 204, ""],
  ["404", request_of("GET /none"), 404, "404"],
];

const react: Case[] = [
  [
    "renderToReadableStream",
    request_of("GET /a%20b"),
    200,
    "&amp; more</h1>",
  ],
  ["Suspense", request_of("GET /"), 200, "It has come."],
];

const express: Case[] = [
  ["routes", request_of("GET /hello/Ada?x=1"), 200, "Hello, Ada! 1"],
  ["HEAD", request_of("HEAD /hello/Ada"), 200, ""],
  ["JSON", json("POST /json", { a: 1 }), 201, '{"got":{"a":1}}'],
  [
    "forms",
    request_of("POST /form", [urlencoded], bytes("a=1&b=%20")),
    200,
    '{"a":"1","b":" "}',
  ],
  ["wrong JSON", request_of("POST /json", [JSON_TYPE], bytes("{")), 400, ""],
  ["pipes", request_of("POST /echo", [], much), 200, "0123456789"],
  ["write()", request_of("GET /stream"), 200, "one two three"],
  ["cookies", request_of("GET /cookies"), 302, "Redirecting"],
  ["DELETE", request_of("DELETE /nothing"), 204, ""],
  ["static", request_of("GET /static/style.css"), 200, "navy"],
  [
    "ranges",
    request_of("GET /static/style.css", [["Range", "bytes=0-3"]]),
    206,
    "body",
  ],
  ["404", request_of("GET /none"), 404, "Cannot GET /none"],
];

const koa: Case[] = [
  ["context", request_of("GET /a%20b?c=1"), 200, '"query":{"c":"1"}'],
  ["streams", request_of("GET /stream"), 200, "one two"],
  ["pipes", request_of("POST /echo", [], much), 200, "0123456789"],
  ["redirect", request_of("GET /move"), 302, "Redirecting"],
  ["throw", request_of("GET /forbidden"), 403, "Not yours"],
  ["204", request_of("GET /nothing"), 204, ""],
];

const fastify: Case[] = [
  ["routes", request_of("GET /hello/Ada?x=1"), 200, '{"hello":"Ada",'],
  ["JSON", json("POST /json", { a: 1 }), 201, '{"got":{"a":1}}'],
  ["schemas", json("POST /json", { a: "x" }), 400, "must be number"],
  ["streams", request_of("GET /stream"), 200, "one two"],
  ["redirect", request_of("GET /move"), 302, ""],
  ["DELETE", request_of("DELETE /nothing"), 204, ""],
  ["404", request_of("GET /none"), 404, "Not Found"],
];

const h3_1: Case[] = [
  ["routes", request_of("GET /hello/Ada?x=1"), 200, "Hello, Ada! 1"],
  ["JSON", request_of("GET /"), 200, '{"message":"Tadaa!"}'],
  ["readBody", json("POST /json", { a: 1 }), 201, '"got":'],
  ["redirect", request_of("GET /move"), 302, ""],
  ["cookies", request_of("GET /cookies"), 200, "set"],
  ["createError", request_of("GET /teapot"), 418, "Teapot"],
  ["404", request_of("GET /none"), 404, "Cannot find"],
];

/** The same request at a host that has a dot, as Elysia expects. */
function at_host(request: DoorRequest): DoorRequest {
  const headers = request.headers.map(([name, value]): [string, string] => [
    name,
    name === "Host" ? "example.org" : value,
  ]);
  return { ...request, headers };
}

const elysia: Case[] = [
  ["routes", at_host(request_of("GET /id/7?x=1")), 200, '"id":7'],
  ["schemas", at_host(request_of("GET /id/x")), 422, "validation"],
  ["JSON", at_host(json("POST /mirror", { name: "Ada" })), 200, '"name":"Ada"'],
  ["redirect", at_host(request_of("GET /move")), 302, ""],
  ["cookies", at_host(request_of("GET /cookies")), 200, "set"],
  ["status", at_host(request_of("GET /teapot")), 418, "short and stout"],
  ["404", at_host(request_of("GET /none")), 404, "Route not found :("],
];

function graphql(query: string, accept = "*/*"): DoorRequest {
  return request_of(
    "POST /graphql",
    [JSON_TYPE, ["Accept", accept]],
    bytes(JSON.stringify({ query })),
  );
}

const yoga: Case[] = [
  ["queries", graphql('{ hello(name: "Ada") }'), 200, "Hello, Ada!"],
  ["validation", graphql("{ bye }"), 200, "Cannot query field"],
  ["GraphiQL", request_of("GET /graphql", [["Accept", "text/html"]]), 200, "<"],
  [
    "subscriptions",
    graphql("subscription { countdown(from: 2) }", "text/event-stream"),
    200,
    '"countdown":1',
  ],
  ["404", request_of("GET /none"), 404, ""],
];

const trpc: Case[] = [
  [
    "queries",
    request_of("GET /trpc/hello?input=%22Ada%22"),
    200,
    "Hello, Ada!",
  ],
  ["mutations", json("POST /trpc/sum", [1, 2]), 200, '"data":3'],
  [
    "batches",
    request_of("GET /trpc/hello,hello?batch=1&input=%7B%7D"),
    200,
    "Hello, undefined!",
  ],
  [
    "subscriptions",
    request_of("GET /trpc/countdown", [["Accept", "text/event-stream"]]),
    200,
    "data: 1",
  ],
  ["404", request_of("GET /trpc/none"), 404, "NOT_FOUND"],
];

/** What a CGI script is tested with as well: only what depends on the door, because each request starts a process. */
export const BY_CGI: ReadonlySet<string> = new Set([
  "204",
  "bodies",
  "compress",
  "context",
  "cookies",
  "createEventStream",
  "env, context",
  "HEAD",
  "HTTPError",
  "JSON",
  "logger",
  "pipes",
  "queries",
  "redirect",
  "Response.redirect",
  "routes",
  "serveStatic",
  "static",
  "streamSSE",
  "streams",
  "subscriptions",
  "Suspense",
  "trimTrailingSlash",
  "upload",
  "what is thrown",
]);

/** All frameworks, in the order of the table in docs/fetch.md. */
export const FRAMEWORKS: Framework[] = [
  { name: "Hono 4", module: "hono.tsx", cases: hono },
  { name: "h3 2", module: "h3.ts", cases: h3 },
  { name: "h3 1", module: "h3_1.js", cases: h3_1 },
  { name: "itty-router 5", module: "itty.ts", cases: itty },
  { name: "React 19", module: "react.jsx", cases: react },
  { name: "Elysia 1", module: "elysia.js", cases: elysia },
  { name: "GraphQL Yoga 5", module: "yoga.js", cases: yoga },
  { name: "tRPC 11", module: "trpc.js", cases: trpc },
  { name: "Express 5", module: "express.ts", cases: express },
  { name: "Koa 3", module: "koa.js", cases: koa },
  { name: "Fastify 5", module: "fastify.ts", cases: fastify },
];
