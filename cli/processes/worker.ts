/** The command as a worker: it serves as one of several, and does what its supervisor asks. */

import type { ServerAddress } from "../../simple_server.ts";
import type { WSGIApplication } from "../../types.ts";
import { format_address } from "../settings/address.ts";
import { Link } from "./link.ts";
import type { Logs } from "../logs/logs.ts";
import { longest_silence } from "../python.ts";
import { type Foundation, Service } from "../service.ts";
import { on_signal } from "./signals.ts";
import { UsageError } from "../settings/usage_error.ts";
import { take_place, type WorkerPlace } from "./worker_place.ts";

/** What a worker gets from its supervisor. */
export interface Seat extends WorkerPlace {
  link: Link;
}

/**
 * Connects this process to its supervisor; null if it is not a worker.
 *
 * @throws {UsageError} If the supervisor has gone.
 */
export async function take_seat(): Promise<Seat | null> {
  const place = take_place();
  if (!place) return null;
  try {
    return { ...place, link: await Link.open(place.supervisor) };
  } catch (error) {
    throw new UsageError("the supervisor has exited", { cause: error });
  }
}

/** Serves until the supervisor stops it, or has exited. */
export async function work(
  app: WSGIApplication,
  foundation: Foundation,
  { supervisor, port, link }: Seat,
): Promise<void> {
  const { settings, logs } = foundation;
  const bind: ServerAddress = [host_of(settings.bind), port];
  const service = new Service(app, {
    ...foundation,
    settings: { ...settings, bind },
    place: { is_worker: true, on_worn: () => link.say("worn") },
  });
  listen_to_signals(service);
  const may_listen = Promise.withResolvers<void>();
  obey(link, service, logs, may_listen.resolve).then(() => {
    may_listen.resolve();
    if (service.stopping) return;
    logs.errors.log("error", "the supervisor has exited: stopping");
    remove_folder_of(supervisor);
    service.stop();
  });
  link.say("loaded");
  await may_listen.promise;
  await service.serve(() =>
    link.say("ready", String(longest_silence(settings)))
  );
  link.close();
}

/** @throws {UsageError} If there is no application: the configuration file may have changed since the supervisor read it. */
function host_of(bind: ServerAddress): string {
  if (typeof bind !== "string") return String(bind[0]);
  throw new UsageError(
    `workers share a port: expected --bind HOST:PORT, got --bind ${
      format_address(bind)
    }`,
  );
}

function listen_to_signals(service: Service): void {
  // Whoever signals all processes at once signals this one as often as the supervisor, which then kills it.
  on_signal("SIGTERM", () => service.stop());
  // A terminal sends these to all processes at once: the supervisor decides.
  on_signal("SIGINT", () => {});
  on_signal("SIGHUP", () => {});
}

/** Does what the supervisor asks; resolves when it has gone. */
async function obey(
  link: Link,
  service: Service,
  logs: Logs,
  listen: () => void,
): Promise<void> {
  for await (const [word] of link.messages()) {
    if (word === "answer") link.say("alive");
    else if (word === "listen") listen();
    else if (word === "retire") retire(link, service);
    else if (word === "stop") service.stop();
    else if (word === "reopen") logs.reopen();
  }
}

async function retire(link: Link, service: Service): Promise<void> {
  await service.wind_down();
  service.stop();
  link.say("closed");
}

/** Removes what the supervisor could not remove any more. */
function remove_folder_of(path: string): void {
  try {
    Deno.removeSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  } catch {
    // Another worker has removed it.
  }
}
