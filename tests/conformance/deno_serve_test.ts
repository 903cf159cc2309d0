/** The conformance table through `deno serve`. */

import type { DoorName } from "./capabilities/answers.ts";
import { run_capabilities } from "./capabilities/run.ts";
import type { HTTPDoor } from "./doors/door.ts";
import { http_door } from "./doors/http.ts";
import {
  connect,
  free_port,
  path_of,
  share_door,
  start_service,
  until_ready,
} from "../fronts/fronts.ts";
import { DENO_SERVE } from "./limits.ts";
import { run_conformance } from "./run.ts";

/** What the command says of a response that is broken off, behind what the application was told. */
const OWN_LINE = /^BrokenOff: .*\n/gm;

/** Starts the command, which serves a module with a `fetch`. */
async function start_deno_serve(): Promise<HTTPDoor> {
  const address = { hostname: "127.0.0.1", port: free_port() };
  const server = start_service(Deno.execPath(), [
    ...["serve", "-A", "--no-lock", "--quiet"],
    ...["--host", address.hostname, "--port", String(address.port)],
    path_of("tests/runtimes/servers/deno_serve.ts"),
  ], { env: { NO_COLOR: "1" } });
  await until_ready(server, () => connect(address));
  return http_door(
    address,
    () => server.stderr().replace(OWN_LINE, ""),
    () => server[Symbol.asyncDispose](),
  );
}

const NAME: DoorName = "deno serve";
const open = share_door(start_deno_serve);
run_conformance(NAME, open, DENO_SERVE);
run_capabilities(NAME, open);
