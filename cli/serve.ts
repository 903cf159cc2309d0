/** Serves an application until a signal ends it. */

import type { WSGIApplication } from "../types.ts";
import {
  type ServerAddress,
  type WSGIRequestHandlerClass,
  WSGIServer,
} from "../simple_server.ts";
import { logging_handler, open_access_log } from "./access_log.ts";
import { format_address } from "./address.ts";
import type { Settings } from "./options.ts";

/** The address to listen at is not to be had: the command ends with status 1. */
export class ListenError extends Error {
  override name = "ListenError";
}

/** Serves `app` as `settings` say; `name` is how the first line calls it. */
export async function serve(
  app: WSGIApplication,
  name: string,
  settings: Settings,
): Promise<void> {
  const log = open_access_log(settings.access_logfile);
  const server = await listen(settings.bind, logging_handler(log));
  server.set_app(app);
  const served = server.serve_forever();
  const ignore_signals = stop_on_signals(server);
  console.log(`Serving ${name} at ${format_address(server.server_address)}`);
  await served;
  ignore_signals();
}

async function listen(
  address: ServerAddress,
  handler_class: WSGIRequestHandlerClass,
): Promise<WSGIServer> {
  try {
    if (typeof address === "string") await remove_stale_socket(address);
    return new WSGIServer(address, handler_class);
  } catch (error) {
    const reason = error instanceof Deno.errors.AddrInUse
      ? "the address is in use"
      : (error as Error).message;
    throw new ListenError(
      `cannot listen at ${format_address(address)}: ${reason}`,
    );
  }
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
function stop_on_signals(server: WSGIServer): () => void {
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
