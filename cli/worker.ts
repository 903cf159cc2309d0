/** The command as a worker: it serves as one of several, and does what the supervisor says. */

import type { ServerAddress } from "../simple_server.ts";
import type { WSGIApplication } from "../types.ts";
import { Link } from "./link.ts";
import { type Foundation, Service } from "./service.ts";
import { on_signal } from "./signals.ts";
import type { WorkerPlace } from "./worker_place.ts";

/** Serves until the supervisor says that it is enough, or has gone. */
export async function work(
  app: WSGIApplication,
  foundation: Foundation,
  { supervisor, port }: WorkerPlace,
): Promise<void> {
  const { settings, logs } = foundation;
  const link = await Link.open(supervisor).catch(() => null);
  if (!link) return logs.errors.log("error", "the supervisor has gone");
  const bind: ServerAddress = [String(settings.bind[0]), port];
  const service = new Service(app, {
    ...foundation,
    settings: { ...settings, bind },
    place: { is_worker: true, on_worn: () => link.say("worn") },
  });
  listen_to_signals(service);
  obey(link, service).then(() => {
    if (service.stopping) return;
    logs.errors.log("error", "the supervisor has gone: stopping");
    remove_folder_of(supervisor);
    service.stop();
  });
  await service.serve(() => link.say("ready"));
  link.close();
}

function listen_to_signals(service: Service): void {
  let stopping = false;
  on_signal("SIGTERM", () => {
    if (stopping) Deno.exit(143);
    stopping = true;
    service.stop();
  });
  // A terminal sends these to all processes at once: the supervisor says what is to be done.
  on_signal("SIGINT", () => {});
  on_signal("SIGHUP", () => {});
}

/** Does what the supervisor says; settles when it has gone. */
async function obey(link: Link, service: Service): Promise<void> {
  for await (const word of link.words()) {
    if (word !== "retire") continue;
    await service.wind_down();
    service.stop();
    link.say("closed");
  }
}

/** What the supervisor could not remove any more. */
function remove_folder_of(path: string): void {
  try {
    Deno.removeSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  } catch {
    // Another worker has.
  }
}
