/** The applications of the conformance table on Bun. */

import process from "node:process";
import { to_fetch } from "../../../gateways/fetch.ts";
import { dispatcher } from "../../conformance/apps/dispatcher.ts";

declare const Bun: {
  serve(options: {
    fetch(request: Request): Promise<Response>;
    hostname: string;
    port: number;
    idleTimeout: number;
  }): unknown;
};

const handler = to_fetch(dispatcher);
Bun.serve({
  fetch: (request) => handler(request),
  hostname: "127.0.0.1",
  port: Number(process.env.PORT),
  idleTimeout: 0,
});
