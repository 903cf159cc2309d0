/** What a worker is told by its environment: that it is one, and where it belongs. */

/** The variable that holds the path of the socket at which the supervisor waits for the worker. */
const SUPERVISOR = "TSGI_SUPERVISOR";

/** The variable that holds the port, where the supervisor had to find one. */
const PORT = "TSGI_PORT";

/** The place of a worker. */
export interface WorkerPlace {
  /** The path of its socket at the supervisor. */
  supervisor: string;
  /** The port that it shares with the other workers. */
  port: number;
}

/** The environment of the worker that has this place. */
export function environment_of(
  { supervisor, port }: WorkerPlace,
): Record<string, string> {
  return { [SUPERVISOR]: supervisor, [PORT]: String(port) };
}

/**
 * The place of this process; null where it is no worker. Nobody finds it in the environment afterwards: what the
 * application starts is no worker.
 */
export function take_place(): WorkerPlace | null {
  const supervisor = take(SUPERVISOR);
  const port = take(PORT);
  return supervisor === null ? null : { supervisor, port: Number(port) };
}

function take(variable: string): string | null {
  // Who starts workers may do everything: without permission this is none, and nobody is to be asked.
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  const value = state === "granted" ? Deno.env.get(variable) : undefined;
  if (value === undefined) return null;
  Deno.env.delete(variable);
  return value;
}
