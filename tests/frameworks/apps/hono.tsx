/** @jsxImportSource npm:hono@^4.13.19/jsx */
/** An application of Hono, with its middleware, as in its documentation. */

import { Hono } from "npm:hono@^4.13.19";
import { basicAuth } from "npm:hono@^4.13.19/basic-auth";
import { bearerAuth } from "npm:hono@^4.13.19/bearer-auth";
import { bodyLimit } from "npm:hono@^4.13.19/body-limit";
import { compress } from "npm:hono@^4.13.19/compress";
import { getCookie, setCookie } from "npm:hono@^4.13.19/cookie";
import { cors } from "npm:hono@^4.13.19/cors";
import { csrf } from "npm:hono@^4.13.19/csrf";
import { serveStatic } from "npm:hono@^4.13.19/deno";
import { etag } from "npm:hono@^4.13.19/etag";
import { HTTPException } from "npm:hono@^4.13.19/http-exception";
import { logger } from "npm:hono@^4.13.19/logger";
import { prettyJSON } from "npm:hono@^4.13.19/pretty-json";
import { secureHeaders } from "npm:hono@^4.13.19/secure-headers";
import { stream, streamSSE, streamText } from "npm:hono@^4.13.19/streaming";
import { trimTrailingSlash } from "npm:hono@^4.13.19/trailing-slash";

const app = new Hono();

app.use(logger());
app.use(trimTrailingSlash());

app.get("/", (c) => c.text("Hello Hono!"));
app.get("/posts/:id", (c) => {
  const { page } = c.req.query();
  c.header("X-Message", "Hi!");
  return c.text(`You want to see ${page} of ${c.req.param("id")}`);
});
app.post("/posts", async (c) => c.json(await c.req.json(), 201));
app.delete("/posts/:id", (c) => c.body(null, 204));
app.put("/posts/:id", async (c) => c.text((await c.req.text()).toUpperCase()));
app.get("/move", (c) => c.redirect("/posts/1?page=2"));
app.get(
  "/move/response",
  (c) => Response.redirect(new URL("/posts/1", c.req.url), 307),
);
app.get("/json", prettyJSON(), (c) => c.json({ message: "Hi!", of: "花子" }));
app.get("/forbidden", () => {
  throw new HTTPException(403, { message: "Not yours" });
});

app.use("/admin/*", basicAuth({ username: "hono", password: "acoolproject" }));
app.get("/admin/page", (c) => c.text("You are authorized"));
app.use("/token/*", bearerAuth({ token: "honoiscool" }));
app.get("/token/page", (c) => c.json({ message: "You are authorized" }));

app.post(
  "/upload",
  bodyLimit({
    maxSize: 1024,
    onError: (c) => c.text("overflow :(", 413),
  }),
  async (c) => {
    const { file, name } = await c.req.parseBody();
    if (!(file instanceof File)) return c.text("no file", 400);
    return c.json([name, file.name, file.type, await file.text()]);
  },
);

app.get("/compressed", compress(), (c) => c.text("Hello Hono! ".repeat(500)));

app.get("/cookies", (c) => {
  setCookie(c, "a", "1", { httpOnly: true });
  setCookie(c, "b", "two words", { path: "/x", maxAge: 1000 });
  return c.json(getCookie(c));
});

app.use("/api/*", cors({ origin: "http://example.com", credentials: true }));
app.all("/api/abc", (c) => c.json({ success: true }));
app.post("/form", csrf(), (c) => c.text("not forged"));

app.get("/etag", etag(), (c) => c.text("You can access /etag"));
app.get("/secure", secureHeaders(), (c) => c.text("secure"));

app.get("/page", (c) =>
  c.html(
    <html>
      <body>
        <h1 title="<&>">{"Hello <Hono>!"}</h1>
      </body>
    </html>,
  ));

app.get("/stream", (c) =>
  stream(c, async (stream) => {
    await stream.write(new Uint8Array([0x48, 0x65, 0x6c, 0x6c, 0x6f]));
    await stream.pipe(new Blob([" from a stream"]).stream());
  }));
app.get("/stream/text", (c) =>
  streamText(c, async (stream) => {
    for (const word of ["one", "two", "three"]) {
      await stream.writeln(word);
      await stream.sleep(1);
    }
  }));
app.get("/stream/events", (c) =>
  streamSSE(c, async (stream) => {
    for (let id = 0; id < 3; id++) {
      const data = `It is ${id}\nand more`;
      await stream.writeSSE({ data, event: "time-update", id: String(id) });
    }
  }));
app.post("/echo", (c) => new Response(c.req.raw.body));

const root = new URL("public", import.meta.url).pathname;
app.use(
  "/static/*",
  serveStatic({
    root,
    rewriteRequestPath: (path) => path.replace(/^\/static/, ""),
  }),
);

app.notFound((c) => c.text("Custom 404 Message", 404));

export default app;
