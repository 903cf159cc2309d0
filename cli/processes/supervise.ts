/** The command with `--workers`: the supervisor. */

import { stderr } from "../../_internal/streams/error_stream.ts";
import { hostname_of } from "../../_internal/server/address.ts";
import type { ServerAddress } from "../../simple_server.ts";
import { format_address } from "../settings/address.ts";
import { start_error } from "./child.ts";
import type { Logs } from "../logs/logs.ts";
import { ListenError } from "../service.ts";
import { STOPPING } from "../announcement.ts";
import type { Settings } from "../settings/settings.ts";
import { on_signal, on_stop_signals, REOPEN_SIGNALS } from "./signals.ts";
import { Supervisor } from "./supervisor.ts";
import type { WorkerProcess } from "./worker_process.ts";

/**
 * Keeps workers running until a signal ends them.
 *
 * @param announce Called with the address when all of them accept requests.
 * @returns The exit status.
 * @throws {ListenError} If it cannot listen at the address.
 * @throws {UsageError} If the workers cannot be started here.
 */
export async function supervise(
  settings: Settings,
  logs: Logs,
  announce: (address: string) => void,
  say: (message: string) => void,
): Promise<number> {
  using claim = claim_address(settings.bind);
  const { hostname, port } = claim.addr;
  const { workers, timeout, graceful_timeout } = settings;
  const supervisor = new Supervisor({
    ...{ count: Math.max(workers, 1), port, timeout, graceful_timeout },
    log: logs.errors,
    on_loaded: () => claim[Symbol.dispose](),
  });
  const stop = () => {
    say(STOPPING);
    supervisor.stop();
  };
  on_stop_signals(stop, () => supervisor.kill());
  on_signal("SIGHUP", () => supervisor.reload());
  for (const signal of REOPEN_SIGNALS) {
    on_signal(signal, () => supervisor.reopen_logs());
  }
  const failed = await supervisor.start().catch((error) => {
    throw start_error("cannot start the workers", error);
  });
  if (failed) return await give_up(failed);
  const [host] = settings.bind as [string, number];
  if (!supervisor.stopping) announce(format_address([host || hostname, port]));
  await supervisor.ended;
  return 0;
}

/** Logs why a worker did not start, unless it has done so itself, and returns its exit status. */
async function give_up(worker: WorkerProcess): Promise<number> {
  const { code, signal } = await worker.status;
  if (worker.reason !== null) stderr.write(`error: ${worker.reason}\n`);
  return signal === null && code || 2;
}

/**
 * Occupies the address, with a free port for 0, until the workers share it. They share it with an option that would let
 * any other process of this user join them, so it must be free at first. While the first worker loads the application,
 * this process holds the address exclusively, and no other supervisor can start there. Only the port itself shows whether
 * it is taken.
 *
 * @throws {ListenError} If the address is in use.
 */
function claim_address(bind: ServerAddress): Deno.TcpListener {
  const [host, port] = bind as [string, number];
  try {
    // As few clients as possible should connect, because nobody accepts them here.
    const options = { hostname: hostname_of(host), port, tcpBacklog: 0 };
    return Deno.listen(options);
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
