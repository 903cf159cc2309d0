/** An application of Express, as in its documentation, with the adapter of the example. */

import express from "npm:express@^5.1.0";
import type { Request, Response } from "npm:@types/express@^5";
import { fetch_of } from "../../../examples/node_handler.ts";

const app = express();

app.use(express.json());
app.use(express.urlencoded({ extended: true }));
app.use("/static", express.static(new URL("public", import.meta.url).pathname));

app.get("/hello/:name", (request: Request, response: Response) => {
  response.send(`Hello, ${request.params.name}! ${request.query.x ?? ""}`);
});
app.post("/json", (request: Request, response: Response) => {
  response.status(201).json({ got: request.body });
});
app.post("/form", (request: Request, response: Response) => {
  response.json(request.body);
});
app.post("/echo", (request: Request, response: Response) => {
  response.type("application/octet-stream");
  request.pipe(response);
});
app.get("/stream", async (_request: Request, response: Response) => {
  response.type("text/plain");
  for (const word of ["one ", "two ", "three"]) {
    response.write(word);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  response.end();
});
app.get("/cookies", (_request: Request, response: Response) => {
  response.cookie("a", "1").cookie("b", "2").redirect("/hello/you");
});
app.delete("/nothing", (_request: Request, response: Response) => {
  response.status(204).end();
});

export default { fetch: fetch_of(app) };
