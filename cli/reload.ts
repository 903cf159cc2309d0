/** `--reload`: the command under Deno's own watcher. */

import { start_again } from "./child.ts";
import { on_signal, on_stop_signals } from "./signals.ts";

/** The variable by which the command knows that it is watched: the id of the process that started it. */
const WATCHED = "TSGI_WATCHED";

/** How often a command that is watched looks whether the process that started it is still there, in milliseconds. */
const GLANCE = 500;

/** The process that has this one watched; null where nobody has. */
export function starter_of(
  environ: Readonly<Record<string, string>>,
): number | null {
  const pid = environ[WATCHED];
  return pid === undefined ? null : Number(pid);
}

/** Runs the command as a child that starts anew when a module changes; gives its exit status. */
export async function run_watched(): Promise<number> {
  const child = start_again(["--watch", "--no-clear-screen"], {
    [WATCHED]: String(Deno.pid),
  });
  let stopping = false;
  on_stop_signals(() => {
    stopping = true;
    end_watcher(child);
  }, () => child.kill("SIGKILL"));
  on_signal("SIGUSR1", () => child.kill("SIGUSR1"));
  const { code } = await child.status;
  return stopping ? 0 : code;
}

/** By a SIGTERM the watcher would only end what it watches, and wait for a change. */
function end_watcher(watcher: Deno.ChildProcess): void {
  watcher.kill("SIGINT");
}

/** Ends the watcher of this process when the process that started it has gone. */
export function follow_starter(starter: number): void {
  const timer = setInterval(() => {
    if (Deno.ppid !== starter) Deno.kill(Deno.pid, "SIGINT");
  }, GLANCE);
  Deno.unrefTimer(timer);
}
