/** An application of Fastify, as in its documentation, with the adapter of the example. */

import { fastify } from "npm:fastify@^5.6.0";
import { Readable } from "node:stream";
import { fetch_of } from "../../../examples/node_handler.ts";

const app = fastify();

app.get("/hello/:name", (request) => {
  const { name } = request.params as { name: string };
  return { hello: name, query: request.query };
});
app.post("/json", {
  schema: {
    body: {
      type: "object",
      required: ["a"],
      properties: { a: { type: "number" } },
    },
  },
}, (request, reply) => {
  reply.code(201);
  return { got: request.body };
});
app.get(
  "/stream",
  (_request, reply) =>
    reply.type("text/plain").send(Readable.from(["one ", "two"])),
);
app.get("/move", (_request, reply) => reply.redirect("/hello/you"));
app.delete("/nothing", (_request, reply) => reply.code(204).send());

await app.ready();

export default { fetch: fetch_of(app.routing) };
