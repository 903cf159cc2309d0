/** The command with `--workers`, as it supervises them. */

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
 * Keeps workers alive until a signal ends them.
 *
 * @param announce Called with the address when all of them take requests.
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

/** Says why a worker did not start, where it has not said so itself; gives its exit status. */
async function give_up(worker: WorkerProcess): Promise<number> {
  const { code, signal } = await worker.status;
  if (worker.reason !== null) stderr.write(`error: ${worker.reason}\n`);
  return signal === null && code || 2;
}

/**
 * Takes the address, its port found where 0 was asked, until the workers share it. They do so by an option that would
 * let any other process of this user join them: so it has to be free before. As long as the first of them loads the
 * application, this process has it to itself, and no other supervisor can begin at the same one. Nothing else than
 * the port itself says whose it is, so nobody can keep it from being used but by using it.
 *
 * @throws {ListenError} If somebody has it.
 */
function claim_address(bind: ServerAddress): Deno.TcpListener {
  const [host, port] = bind as [string, number];
  try {
    // Nobody is to connect: one more, and the system makes clients wait until it is heard that they knock.
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
