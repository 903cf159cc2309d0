/** What else of Hono depends on `from_fetch` and `to_fetch`. */

import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { Hono } from "npm:hono@^4.13.19";
import { getConnInfo, serveStatic } from "npm:hono@^4.13.19/deno";
import { stream, streamSSE } from "npm:hono@^4.13.19/streaming";
import {
  from_fetch,
  to_fetch,
  type WSGIFetchInfo,
} from "../../../gateways/fetch.ts";
import type { WSGIApplication } from "../../../types.ts";
import { request_uri } from "../../../util.ts";
import { validator } from "../../../validate.ts";
import {
  bytes,
  read_all,
  serve,
  text,
  until,
  write_all,
} from "../../support/support.ts";
import { NOT_FOUND, request_of, same_bytes, seen, served } from "./ways.ts";

type Env = { Bindings: WSGIFetchInfo };

/** An answer through the simple server. */
async function ask(
  hono: Hono<Env>,
  path: string,
  init: RequestInit = {},
): Promise<{ response: Response; body: string; log: string }> {
  await using server = serve(validator(from_fetch(hono.fetch)));
  const response = await fetch(server.url + path, init);
  return { response, body: await response.text(), log: server.log.text };
}

Deno.test("c.req.raw.signal is aborted, and onAbort() called, when a client leaves", async () => {
  let signal: AbortSignal | undefined;
  let aborts = 0;
  const hono = new Hono<Env>().get("/", (c) => {
    signal = c.req.raw.signal;
    return stream(c, async (stream) => {
      stream.onAbort(() => {
        aborts++;
      });
      await stream.write("a");
      await new Promise(() => {}); // Nothing more ever comes.
    });
  });
  await using way = await served(from_fetch(hono.fetch));
  const answer = await way.send({ ...request_of("GET /"), leaves: true });
  assertStringIncludes(text(answer.body), "a");
  await until(() => aborts > 0);
  assert(signal!.aborted);
  assertEquals(aborts, 1);
  assertEquals(way.log(), "");
});

Deno.test("c.req.raw.signal is not aborted when the response is complete", async () => {
  let signal: AbortSignal | undefined;
  let completed: Promise<void> | undefined;
  const hono = new Hono<Env>().get("/", (c) => {
    signal = c.req.raw.signal;
    completed = c.env.completed;
    return stream(c, async (stream) => {
      await stream.write("a");
      await stream.write("b");
    });
  });
  await using way = await served(from_fetch(hono.fetch));
  const { body } = await way.send(request_of("GET /"));
  assertEquals(text(body), "ab");
  await completed;
  assertFalse(signal!.aborted);
});

Deno.test("streamSSE() comes without its hop-by-hop headers", async () => {
  const hono = new Hono<Env>().get("/", (c) =>
    streamSSE(c, async (stream) => {
      await stream.writeSSE({ event: "e", id: "1", data: "a\nb" });
    }));
  await using way = await served(validator(from_fetch(hono.fetch)));
  assertEquals(seen(await way.send(request_of("GET /"))), {
    status: 200,
    headers: [
      ["cache-control", "no-cache"],
      ["content-type", "text/event-stream"],
    ],
    body: "event: e\ndata: a\ndata: b\nid: 1\n\n",
  });
  assertEquals(way.log(), "");
});

Deno.test("an error without onError() is Hono's 500, and what is no Error the server's", async () => {
  const errors: unknown[][] = [];
  const { error } = console;
  console.error = (...args) => errors.push(args); // Where Hono logs it.
  try {
    const mine = new Error("mine");
    const hono = new Hono<Env>()
      .get("/error", () => {
        throw mine;
      })
      .get("/string", () => {
        throw "mine";
      });
    const of_hono = await ask(hono, "/error");
    assertEquals(of_hono.response.status, 500);
    assertEquals(of_hono.body, "Internal Server Error");
    assertEquals(errors, [[mine]]);
    const of_server = await ask(hono, "/string");
    assertEquals(of_server.response.status, 500);
    assertMatch(of_server.body, /^A server error occurred/);
    assertStringIncludes(of_server.log, '"mine"');
    assertEquals(errors.length, 1);
  } finally {
    console.error = error;
  }
});

Deno.test("getConnInfo() of hono/deno gives the address and the port of the client", async () => {
  const hono = new Hono<Env>().get("/", (c) => c.json(getConnInfo(c)));
  await using server = serve(validator(from_fetch(hono.fetch)));
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await write_all(conn, bytes("GET / HTTP/1.0\r\n\r\n"));
  const [, body] = (await read_all(conn)).split("\r\n\r\n");
  const { port } = conn.localAddr;
  assertEquals(JSON.parse(body!), {
    remote: { address: "127.0.0.1", port, transport: "tcp" },
  });
});

Deno.test("to_fetch() with a script_name, mounted in Hono, has the URL that the client asked for", async () => {
  const uri: WSGIApplication = (environ, start_response) => {
    start_response("200 OK", [["Content-Type", "text/plain"]]);
    const { SCRIPT_NAME, PATH_INFO } = environ;
    return [bytes(`${SCRIPT_NAME} ${PATH_INFO} ${request_uri(environ)}`)];
  };
  const mounted = to_fetch(validator(uri), { script_name: "/wsgi" });
  const hono = new Hono<Env>().mount("/wsgi", mounted);
  const seen = async (target: string) =>
    await (await hono.request(`http://h${target}`)).text();
  assertEquals(await seen("/wsgi/a?b"), "/wsgi /a http://h/wsgi/a?b");
  assertEquals(await seen("/wsgi"), "/wsgi / http://h/wsgi/");
  assertEquals(await seen("/wsgi/a%20b/"), "/wsgi /a b/ http://h/wsgi/a%20b/");
});

Deno.test("c.executionCtx.waitUntil() takes work that the response does not wait for", async () => {
  const work = Promise.withResolvers<void>();
  const hono = new Hono<Env>().get("/", (c) => {
    c.executionCtx.passThroughOnException();
    c.executionCtx.waitUntil(work.promise);
    return c.text("answered");
  });
  assertEquals((await ask(hono, "/")).body, "answered");
  work.resolve();
});

Deno.test("serveStatic() of hono/deno sends a file", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const data = Uint8Array.from({ length: 1_000_003 }, (_, i) => i * i >> 3);
    await Deno.writeFile(`${folder}/data.png`, data);
    const hono = new Hono<Env>().use("/*", serveStatic({ root: folder }));
    await using way = await served(validator(from_fetch(hono.fetch)));
    const { status, headers, body } = await way.send(
      request_of("GET /data.png"),
    );
    assertEquals(status, "200 OK");
    assertEquals(new Map(headers).get("content-type"), "image/png");
    assert(same_bytes(body, data));
    assertEquals(seen(await way.send(request_of("GET /none"))), NOT_FOUND);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("mount() takes to_fetch(): an application in Hono in a server", async () => {
  const inner: WSGIApplication = async (environ, start_response) => {
    const { REQUEST_METHOD, PATH_INFO, QUERY_STRING, REMOTE_ADDR } = environ;
    const input = await new Response(environ["wsgi.input"]).text();
    start_response("200 OK", [["Content-Type", "application/json"]]);
    const facts = [REQUEST_METHOD, PATH_INFO, QUERY_STRING, REMOTE_ADDR, input];
    return [new TextEncoder().encode(JSON.stringify(facts))];
  };
  const hono = new Hono<Env>().mount("/wsgi", to_fetch(inner));
  const init = { method: "POST", body: "Hello" };
  const { body } = await ask(hono, "/wsgi/x%2Fy?z=1", init);
  assertEquals(JSON.parse(body), ["POST", "/x/y", "z=1", "127.0.0.1", "Hello"]);
});

Deno.test("c.req gives forms, files and clones", async () => {
  const hono = new Hono<Env>().post("/", async (c) => {
    const clone = c.req.raw.clone();
    const { name, file } = await c.req.parseBody();
    const { size } = await clone.blob();
    return c.json([name, await (file as File).text(), size > 200]);
  });
  const form = new FormData();
  form.set("name", "花子");
  form.set("file", new File(["abc"], "a.txt"));
  const { body } = await ask(hono, "/", { method: "POST", body: form });
  assertEquals(JSON.parse(body), ["花子", "abc", true]);
});

Deno.test("c.req.header() has no header that the client did not send", async () => {
  const hono = new Hono<Env>()
    .all("/", (c) => c.json(Object.keys(c.req.header()).sort()));
  await using way = await served(from_fetch(hono.fetch));
  for (const method of ["GET", "POST"]) {
    const { body } = await way.send(request_of(`${method} /`));
    assertEquals(JSON.parse(text(body)), ["connection", "host"]);
  }
});
