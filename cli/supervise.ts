/** The command with `--workers`: the supervisor, and the process that each worker is. */

import type { ServerAddress } from "../simple_server.ts";
import type { WSGIApplication } from "../types.ts";
import { format_address } from "./address.ts";
import type { Logs } from "./logs.ts";
import { type Foundation, ListenError, Service } from "./service.ts";
import type { Settings } from "./settings.ts";
import { on_signal, on_stop_signals } from "./signals.ts";
import { Supervisor } from "./supervisor.ts";
import { LINK, SupervisorLink } from "./worker.ts";

/** The variable that holds the port, where the supervisor had to find one. */
const PORT = "TSGI_PORT";

/** Whether this process is a worker. */
export function is_worker(environ: Readonly<Record<string, string>>): boolean {
  return environ[LINK] !== undefined;
}

/**
 * Keeps workers alive until a signal ends them.
 *
 * @param announce Called with the address when all of them take requests.
 * @returns The exit status.
 * @throws {ListenError} If the address is not to be had.
 */
export async function supervise(
  settings: Settings,
  logs: Logs,
  announce: (address: string) => void,
  say: (message: string) => void,
): Promise<number> {
  const port = free_port(settings.bind);
  const count = Math.max(settings.workers, 1);
  const supervisor = new Supervisor(
    count,
    { [PORT]: String(port) },
    logs.errors,
  );
  const stop = () => {
    say("Stopping when the requests under way are answered");
    supervisor.stop();
  };
  on_stop_signals(stop, () => supervisor.kill());
  on_signal("SIGHUP", () => supervisor.reload());
  on_signal("SIGUSR1", () => {
    logs.reopen();
    supervisor.send("SIGUSR1");
  });
  const status = await supervisor.start();
  if (status !== 0) return status;
  announce(format_address([settings.bind[0]!, port]));
  return await supervisor.ended;
}

/**
 * The port, which the workers share by an option that would let any other process share it as well: so it is looked
 * first whether it is free.
 */
function free_port(bind: ServerAddress): number {
  const [hostname, port] = bind as [string, number];
  try {
    const options = { hostname: hostname || "0.0.0.0", port };
    using listener = Deno.listen(options);
    return (listener.addr as Deno.NetAddr).port;
  } catch (error) {
    const reason = error instanceof Deno.errors.AddrInUse
      ? "the address is in use"
      : (error as Error).message;
    throw new ListenError(
      `cannot listen at ${format_address(bind)}: ${reason}`,
    );
  }
}

/** Serves as one of several, until the supervisor says that it is enough, or has gone. */
export async function work(
  app: WSGIApplication,
  foundation: Foundation,
  environ: Readonly<Record<string, string>>,
): Promise<void> {
  const { logs, settings } = foundation;
  const link = await SupervisorLink.open(environ[LINK]!);
  const bind: ServerAddress = [String(settings.bind[0]), Number(environ[PORT])];
  const service: Service = new Service(app, {
    ...foundation,
    settings: { ...settings, bind },
    place: { is_worker: true, on_worn: () => service.stop() },
  });
  let stopping = false;
  on_signal("SIGTERM", () => {
    if (stopping) Deno.exit(143);
    stopping = true;
    service.stop();
  });
  // A terminal sends these to all processes at once: the supervisor says what is to be done.
  on_signal("SIGINT", () => {});
  on_signal("SIGHUP", () => {});
  on_signal("SIGUSR1", () => logs.reopen());
  link.lost().then(() => service.stop());
  await service.serve(() => link.say_ready());
  link.close();
}
