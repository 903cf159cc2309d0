#!/usr/bin/env -S deno run -A
// An application of Hono, a framework from npm, behind every server of this package. Run it with
// `deno run -A examples/hono.ts [PORT]`, or put it, executable, where your web server looks for its CGI scripts.

import { CGIHandler, make_server } from "@tsgi/serve";
import { from_fetch, type WSGIFetchInfo } from "@tsgi/serve/fetch";
import { Hono } from "npm:hono@^4.13.19";
import { getCookie, setCookie } from "npm:hono@^4.13.19/cookie";
import { streamText } from "npm:hono@^4.13.19/streaming";

/** What `c.env` is: the info that from_fetch() hands to its handler, `environ` in it. */
type Env = { Bindings: WSGIFetchInfo };

/** The application as Hono has it. */
export const hono = new Hono<Env>();

hono.get("/", (c) => {
  const { SCRIPT_NAME, REMOTE_ADDR } = c.env.environ;
  return c.json({ mounted_at: SCRIPT_NAME, client: REMOTE_ADDR });
});

hono.get("/hello/:name", (c) => c.text(`Hello, ${c.req.param("name")}!\n`));

// Relative, so that it leads to the right place wherever the application is mounted.
hono.get(
  "/hi/:name",
  (c) => c.redirect(`../hello/${encodeURIComponent(c.req.param("name"))}`),
);

hono.get("/visits", (c) => {
  const visits = Number(getCookie(c, "visits") ?? 0) + 1;
  setCookie(c, "visits", String(visits));
  return c.text(`Visit ${visits}\n`);
});

hono.post("/echo", (c) => {
  const headers = { "Content-Type": "application/octet-stream" };
  return new Response(c.req.raw.body, { headers });
});

hono.get("/count", (c) =>
  streamText(c, async (stream) => {
    const last = Number(c.req.query("to") ?? 10);
    for (let n = 1; n <= last && !stream.aborted; n++) {
      if (n > 1) await stream.sleep(100);
      await stream.writeln(String(n));
    }
  }));

hono.get("/fail", () => {
  throw new Error("the well is dry");
});

hono.onError((error, c) => {
  c.env.environ["wsgi.errors"].write(`${error.stack}\n`);
  return c.text("Sorry, that did not work.\n", 500);
});

const app = from_fetch(hono.fetch);

export default app;

if (import.meta.main) {
  if (Deno.env.has("GATEWAY_INTERFACE")) await new CGIHandler().run(app);
  else await serve();
}

async function serve(): Promise<void> {
  const port = Number(Deno.args[0] ?? 8000);
  await using httpd = make_server("127.0.0.1", port, app);
  console.log(`Serving at http://127.0.0.1:${httpd.server_port}/`);
  await httpd.serve_forever();
}
