/** An application of h3, as in its documentation. */

import {
  createEventStream,
  getQuery,
  getRequestHost,
  getRouterParam,
  H3,
  HTTPError,
  readBody,
  redirect,
  setCookie,
  useBase,
} from "npm:h3@^2.0.8";

const app = new H3();

app.use((event) => {
  event.res.headers.set("x-powered-by", "h3");
});

app.get("/", () => "Tadaa!");
app.get("/hello/:name", (event) => ({
  name: getRouterParam(event, "name"),
  query: getQuery(event),
  host: getRequestHost(event),
}));
app.post("/json", async (event) => {
  event.res.status = 201;
  return { got: await readBody(event) };
});
app.get("/move", () => redirect("/hello/you"));
app.get("/teapot", () => {
  throw new HTTPError({ status: 418, message: "short and stout" });
});
app.get("/cookies", (event) => {
  setCookie(event, "a", "1");
  setCookie(event, "b", "2", { secure: true });
  return "set";
});
app.get("/html", () =>
  new Response("<p>Hi</p>", {
    headers: { "content-type": "text/html" },
  }));
app.get("/stream", () =>
  ReadableStream.from(["Hello ", "from ", "h3"])
    .pipeThrough(new TextEncoderStream()));
app.get("/events", (event) => {
  const events = createEventStream(event);
  events.push({ event: "tick", data: "1" });
  events.push("2").then(() => events.close());
  return events.send();
});
app.delete("/nothing", () => null);

const nested = new H3().get("/test", () => "from a nested application");
app.use("/base/**", useBase("/base", nested.handler));

export default app;
