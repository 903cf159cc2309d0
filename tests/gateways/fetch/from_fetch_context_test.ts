/** The execution context, which a handler of `from_fetch()` gets in addition to the request. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { getRequestIP, H3 } from "npm:h3@^2.0.8";
import { Hono } from "npm:hono@^4.13.19";
import type { FetchApplication } from "../../../cli/mod.ts";
import {
  type ExecutionContext,
  from_fetch,
  type WSGIFetchInfo,
} from "../../../gateways/fetch.ts";
import { run_app, serve, until } from "../../support/support.ts";

Deno.test("waitUntil() logs the error of failed work, whatever was thrown", async () => {
  const app = from_fetch((_request, _info, context) => {
    context.waitUntil(Promise.reject(new Error("the well is dry")));
    context.waitUntil(Promise.reject("no rain"));
    context.waitUntil(null as unknown as Promise<unknown>);
    return new Response("answered");
  });
  await using server = serve(app);
  assertEquals(await (await fetch(server.url)).text(), "answered");
  await until(() => server.log.text.includes("no rain"));
  assertMatch(
    server.log.text,
    /error in waitUntil\(\): Error: the well is dry\n( +at .*\n)+/,
  );
  assertMatch(server.log.text, /error in waitUntil\(\): "no rain"\n/);
});

Deno.test("waitUntil() also waits for the work of a handler that throws", async () => {
  const done = Promise.withResolvers<void>();
  const app = from_fetch((_request, _info, context) => {
    context.waitUntil(done.promise);
    throw new Error("the well is dry");
  });
  const { output } = await run_app(app, { environ: {} });
  assertMatch(output, /^(HTTP\/1\.0|Status:) 500 /);
  done.resolve();
});

Deno.test("an application of h3 knows the client's address, and waits for work", async () => {
  let work: Promise<void> | undefined;
  const context: ExecutionContext[] = [];
  const h3 = new H3().get("/", (event) => {
    work = Promise.resolve();
    event.waitUntil(work.then(() => Promise.reject(new Error("after h3"))));
    return getRequestIP(event);
  });
  const app = from_fetch((request, _info, given) => {
    context.push(given);
    return h3.fetch(request);
  });
  await using server = serve(app);
  assertEquals(await (await fetch(server.url)).text(), "127.0.0.1");
  await until(() => server.log.text.includes("Error: after h3"));
  assertEquals(context.length, 1);
});

Deno.test("the type FetchApplication accepts applications of Hono and h3, and modules for Deno and Workers", () => {
  const deno: Deno.ServeDefaultExport = { fetch: () => new Response() };
  const worker = {
    fetch(_request: Request, env: WSGIFetchInfo, context: ExecutionContext) {
      context.waitUntil(Promise.resolve(env.remoteAddr));
      return new Response();
    },
  };
  const all: FetchApplication[] = [
    new Hono(),
    new Hono<{ Bindings: WSGIFetchInfo; Variables: { user: string } }>(),
    new H3() as FetchApplication,
    deno,
    worker,
    { fetch: () => new Response() },
  ];
  assert(all.every((app) => typeof app.fetch === "function"));
});
