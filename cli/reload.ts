/** `--reload`: the command under Deno's own watcher. */

import { start_again } from "./child.ts";
import { on_stop_signals } from "./signals.ts";

/** The variable by which the command knows that it is watched. */
const WATCHED = "TSGI_WATCHED";

/** Whether this process is the one that is watched. */
export function is_watched(
  environ: Readonly<Record<string, string>>,
): boolean {
  return environ[WATCHED] !== undefined;
}

/** Runs the command as a child that starts anew when a module changes; gives its exit status. */
export async function run_watched(): Promise<number> {
  const child = start_again(["--watch", "--no-clear-screen"], {
    [WATCHED]: "1",
  });
  // A terminal tells the child itself; whoever knows this process alone tells the child by it.
  on_stop_signals(() => stop(child), () => child.kill("SIGKILL"));
  return (await child.status).code;
}

function stop(child: Deno.ChildProcess): void {
  child.kill("SIGTERM");
}
