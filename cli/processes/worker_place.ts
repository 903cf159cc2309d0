/** What the environment of a worker tells it: that it is one, and how to reach its supervisor. */

/** The variable with the path of the socket on which the supervisor waits for the worker. */
const SUPERVISOR = "TSGI_SUPERVISOR";

/** The variable with the port, if the supervisor had to find one. */
const PORT = "TSGI_PORT";

/** The place of a worker. */
export interface WorkerPlace {
  /** The path of its socket. */
  supervisor: string;
  /** The port that it shares with the other workers. */
  port: number;
}

/** The environment of the worker with this place. */
export function environment_of(
  { supervisor, port }: WorkerPlace,
): Record<string, string> {
  return { [SUPERVISOR]: supervisor, [PORT]: String(port) };
}

/**
 * The place of this process; null if it is not a worker. It is removed from the environment, because the children of the
 * application are not workers.
 */
export function take_place(): WorkerPlace | null {
  const supervisor = take(SUPERVISOR);
  const port = take(PORT);
  return supervisor === null ? null : { supervisor, port: Number(port) };
}

function take(variable: string): string | null {
  // Workers have every permission. A process without this one is not a worker, and must not prompt for it.
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  const value = state === "granted" ? Deno.env.get(variable) : undefined;
  if (value === undefined) return null;
  Deno.env.delete(variable);
  return value;
}
