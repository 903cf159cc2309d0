/** That application by `make_server`, which logs nothing. */

import { from_fetch } from "../../gateways/fetch.ts";
import { make_server, WSGIRequestHandler } from "../../simple_server.ts";
import app from "./hono.ts";

class Silent extends WSGIRequestHandler {
  override log_request() {}
}

const server = make_server(
  "127.0.0.1",
  0,
  from_fetch(app.fetch),
  undefined,
  Silent,
);
console.log(`Listening on http://127.0.0.1:${server.server_port}/`);
await server.serve_forever();
