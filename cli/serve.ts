/** Serves an application until a signal ends it. */

import type { WSGIApplication } from "../types.ts";
import { CGIHandler } from "../handlers.ts";
import {
  FastCGIServer,
  type GatewayServer,
  type ServerAddress,
  type Variables,
} from "../gateways/fastcgi.ts";
import { SCGIServer } from "../gateways/scgi.ts";
import { UWSGIServer } from "../gateways/uwsgi.ts";
import { WSGIServer } from "../simple_server.ts";
import {
  type AccessLog,
  logging_handler,
  open_access_log,
  request_logger,
} from "./access_log.ts";
import { format_address } from "./address.ts";
import type { Protocol, Settings } from "./options.ts";

/** The address to listen at is not to be had: the command ends with status 1. */
export class ListenError extends Error {
  override name = "ListenError";
}

/** The servers behind a web server, by their protocols. */
const GATEWAYS: Partial<
  Record<Protocol, new (address: ServerAddress) => GatewayServer>
> = {
  scgi: SCGIServer,
  fastcgi: FastCGIServer,
  uwsgi: UWSGIServer,
};

/** What all servers of this package have. */
type Server = Pick<
  WSGIServer,
  "server_address" | "serve_forever" | "set_app" | "shutdown"
>;

/** Serves `app` as `settings` say; `name` is how the first line calls it. */
export async function serve(
  app: WSGIApplication,
  name: string,
  settings: Settings,
): Promise<void> {
  const log = open_access_log(settings.access_logfile);
  if (settings.protocol === "cgi") return await run_script(app, log);
  const server = await listen(settings, log);
  server.set_app(app);
  const served = server.serve_forever();
  const ignore_signals = stop_on_signals(server);
  const where = format_address(server.server_address);
  console.log(`Serving ${name} at ${in_words(where, settings)}`);
  await served;
  ignore_signals();
}

/** A URL that a person can open, or the address and the protocol that a web server is told. */
function in_words(address: string, { protocol, bind }: Settings): string {
  if (protocol !== "http") return `${address} by ${protocol}`;
  return typeof bind === "string" ? address : `http://${address}/`;
}

/** Answers the one request that this process was started for. */
async function run_script(
  app: WSGIApplication,
  log: AccessLog | null,
): Promise<void> {
  const handler = new CGIHandler();
  const log_request = request_logger(log);
  handler.log_request = (code, size) =>
    log_request(handler.base_env as Variables, code, size);
  await handler.run(app);
}

async function listen(
  settings: Settings,
  log: AccessLog | null,
): Promise<Server> {
  const { bind } = settings;
  try {
    if (typeof bind === "string") await remove_stale_socket(bind);
    return make_server(settings, log);
  } catch (error) {
    const reason = error instanceof Deno.errors.AddrInUse
      ? "the address is in use"
      : (error as Error).message;
    throw new ListenError(
      `cannot listen at ${format_address(bind)}: ${reason}`,
    );
  }
}

function make_server(
  { protocol, bind }: Settings,
  log: AccessLog | null,
): Server {
  const Gateway = GATEWAYS[protocol];
  if (!Gateway) return new WSGIServer(bind, logging_handler(log));
  const server = new Gateway(bind);
  server.log_request = request_logger(log);
  return server;
}

/** Removes the socket that a killed server left: one at which nobody listens. */
async function remove_stale_socket(path: string): Promise<void> {
  try {
    if (!Deno.lstatSync(path).isSocket) {
      throw new Error("what is there is no socket");
    }
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) Deno.removeSync(path);
    else if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** What ends the command, and the number of each, which is in the exit status after the second. */
const SIGNALS: [Deno.Signal, number][] = Deno.build.os === "windows"
  ? [["SIGINT", 2], ["SIGBREAK", 21]]
  : [["SIGINT", 2], ["SIGTERM", 15]];

/**
 * Shuts the server down at the first signal, and ends the process at the second.
 *
 * @returns A function that leaves the signals alone again.
 */
function stop_on_signals(server: Server): () => void {
  let stopping = false;
  const listeners = SIGNALS.map(([signal, number]) => {
    const listener = () => {
      if (stopping) Deno.exit(128 + number);
      stopping = true;
      console.log("Stopping when the requests under way are answered");
      server.shutdown();
    };
    Deno.addSignalListener(signal, listener);
    return () => Deno.removeSignalListener(signal, listener);
  });
  return () => listeners.forEach((remove) => remove());
}
