/** An application of itty-router, as in its documentation. */

import {
  AutoRouter,
  cors,
  error,
  html,
  type IRequest,
  status,
} from "npm:itty-router@^5.0.24";

const { preflight, corsify } = cors({ origin: "https://example.com" });

const router = AutoRouter({ before: [preflight], finally: [corsify] });

router
  .get("/hello/:name", ({ name }) => `Hello, ${name}!`)
  .get("/query", ({ query }) => query)
  .post("/json", async (request: IRequest) => ({
    got: await (request as unknown as Request).json(),
  }))
  .get("/page", () => html("<h1>Hello</h1>"))
  .get("/forbidden", () => error(403, "Not yours"))
  .delete("/nothing", () => status(204))
  .get("/fails", () => {
    throw new Error("the well is dry");
  })
  .get("/env", (_request: IRequest, env, context) => [
    typeof env.environ.REQUEST_METHOD,
    typeof context.waitUntil,
  ]);

export default router;
