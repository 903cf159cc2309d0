/** The applications of the conformance table on Node, by srvx. */

import process from "node:process";
import { to_fetch } from "../../../gateways/fetch.ts";
import { dispatcher } from "../../conformance/apps/dispatcher.ts";

const srvx = "srvx"; // Not for Deno, which has no such package here.
const { serve } = await import(srvx);
const server = serve({
  fetch: to_fetch(dispatcher),
  hostname: "127.0.0.1",
  port: Number(process.env.PORT),
  silent: true,
});
await server.ready();
