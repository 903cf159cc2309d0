/** An application of Elysia, as its documentation has it. */

import { Elysia, t } from "npm:elysia@^1.4.0";

export default new Elysia()
  .onError(({ code, set }) => {
    if (code !== "NOT_FOUND") return;
    set.headers["x-none"] = "true";
    return "Route not found :(";
  })
  .get("/", () => "Hello Elysia")
  .get("/id/:id", ({ params: { id }, query }) => ({ id, query }), {
    params: t.Object({ id: t.Number() }),
  })
  .post("/mirror", ({ body }) => body, {
    body: t.Object({ name: t.String() }),
  })
  .get(
    "/move",
    ({ redirect, request }) => redirect(new URL("/id/1", request.url).href),
  )
  .get("/cookies", ({ cookie: { a, b } }) => {
    a.value = "1";
    b.value = "2";
    return "set";
  })
  .get("/teapot", ({ status }) => status(418, "short and stout"));
