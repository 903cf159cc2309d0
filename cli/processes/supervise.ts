/** The command with `--workers`, as it supervises them. */

import { hostname_of } from "../../_internal/server/address.ts";
import type { ServerAddress } from "../../simple_server.ts";
import { format_address } from "../settings/address.ts";
import { start_error } from "./child.ts";
import type { Logs } from "../logs/logs.ts";
import { ListenError } from "../service.ts";
import type { Settings } from "../settings/settings.ts";
import { on_signal, on_stop_signals } from "./signals.ts";
import { Supervisor } from "./supervisor.ts";

/**
 * Keeps workers alive until a signal ends them.
 *
 * @param announce Called with the address when all of them take requests.
 * @returns The exit status.
 * @throws {ListenError} If the address is not to be had.
 * @throws {UsageError} If the workers cannot be started here.
 */
export async function supervise(
  settings: Settings,
  logs: Logs,
  announce: (address: string) => void,
  say: (message: string) => void,
): Promise<number> {
  using _claim = claim(settings.bind);
  const [host, port] = free_address(settings.bind);
  const { workers, graceful_timeout } = settings;
  const count = Math.max(workers, 1);
  const log = logs.errors;
  const supervisor = new Supervisor({ count, port, graceful_timeout, log });
  const stop = () => {
    say("Stopping when the requests under way are answered");
    supervisor.stop();
  };
  on_stop_signals(stop, () => supervisor.kill());
  on_signal("SIGHUP", () => supervisor.reload());
  on_signal("SIGUSR1", () => supervisor.reopen_logs());
  const status = await supervisor.start().catch((error) => {
    throw start_error("cannot start the workers", error);
  });
  if (status !== 0) return status;
  if (!supervisor.stopping) announce(format_address([host, port]));
  await supervisor.ended;
  return 0;
}

/**
 * Claims the address for as long as this supervisor runs, against another one that starts at the same moment: both
 * would find it free, and their workers share it. The claim is an abstract socket of Linux, which is no file and ends
 * with its process. Where there is none, or no permission for it, nobody claims anything.
 *
 * @throws {ListenError} If another supervisor has it.
 */
function claim(bind: ServerAddress): Disposable | null {
  const [host, port] = bind as [string, number];
  if (Deno.build.os !== "linux" || port === 0) return null;
  const path = `\0tsgi ${format_address([hostname_of(host), port])}`;
  try {
    return Deno.listen({ transport: "unix", path });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) throw refused(bind, error);
    return null;
  }
}

/**
 * The address, its port found where 0 was asked. The workers share it by an option that would let any other process
 * share it as well: so it is looked first whether it is free.
 */
function free_address(bind: ServerAddress): [host: string, port: number] {
  const [host, port] = bind as [string, number];
  try {
    using listener = Deno.listen({ hostname: hostname_of(host), port });
    const { addr } = listener as Deno.TcpListener;
    return [host || addr.hostname, addr.port];
  } catch (error) {
    throw refused(bind, error as Error);
  }
}

function refused(bind: ServerAddress, error: Error): ListenError {
  const reason = error instanceof Deno.errors.AddrInUse
    ? "the address is in use"
    : error.message;
  return new ListenError(
    `cannot listen at ${format_address(bind)}: ${reason}`,
    { cause: error },
  );
}
