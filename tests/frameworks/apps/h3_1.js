/** An application of h3 1, as its documentation has it for the web: a function of a request and its context. */

import {
  createApp,
  createError,
  createRouter,
  defineEventHandler,
  getQuery,
  readBody,
  sendRedirect,
  setCookie,
  setResponseStatus,
  toWebHandler,
} from "npm:h3@^1.15.0";

const router = createRouter()
  .get("/", defineEventHandler(() => ({ message: "Tadaa!" })))
  .get(
    "/hello/:name",
    defineEventHandler((event) =>
      `Hello, ${event.context.params.name}! ${getQuery(event).x}`
    ),
  )
  .post(
    "/json",
    defineEventHandler(async (event) => {
      setResponseStatus(event, 201);
      return { got: await readBody(event) };
    }),
  )
  .get(
    "/move",
    defineEventHandler((event) => sendRedirect(event, "/hello/you")),
  )
  .get(
    "/cookies",
    defineEventHandler((event) => {
      setCookie(event, "a", "1");
      setCookie(event, "b", "2");
      return "set";
    }),
  )
  .get(
    "/teapot",
    defineEventHandler(() => {
      throw createError({ statusCode: 418, statusMessage: "Teapot" });
    }),
  );

const app = createApp();
app.use(router);

export default toWebHandler(app);
