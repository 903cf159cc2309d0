/** An application of Koa, as in its documentation, with the adapter of the example. */

import Koa from "npm:koa@^3.0.0";
import { Readable } from "node:stream";
import { fetch_of } from "../../../examples/node_handler.ts";

const app = new Koa();

app.use(async (context, next) => {
  await next();
  context.set("X-Response", "koa");
});

app.use((context) => {
  const { method, path, query, req } = context;
  if (path === "/stream") context.body = Readable.from(["one ", "two"]);
  else if (path === "/echo") context.body = req;
  else if (path === "/nothing") context.status = 204;
  else if (path === "/move") context.redirect("/hello");
  else if (path === "/forbidden") context.throw(403, "Not yours");
  else {
    context.cookies.set("a", "1");
    context.cookies.set("b", "2", { httpOnly: false });
    context.body = { method, path, query };
  }
});

export default { fetch: fetch_of(app.callback()) };
