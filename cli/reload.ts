/** `--reload`: the command under Deno's own watcher. */

import { start_again } from "./child.ts";
import { on_signal, on_stop_signals } from "./signals.ts";

/** The variable by which the command knows that it is watched: the id of the process that started it. */
const WATCHED = "TSGI_WATCHED";

/**
 * What the watched command is told to end by. After the end that any other signal asks for, the watcher waits for a
 * change; and of a SIGINT it sees nothing where it has just started.
 */
const END: Deno.Signal = "SIGUSR2";

/** How often a command that is watched looks whether the process that started it is still there, in milliseconds. */
const GLANCE = 500;

/** Runs the command as a child that starts anew when a module changes; gives its exit status. */
export async function run_watched(): Promise<number> {
  const child = start_again(["--watch", "--no-clear-screen"], {
    [WATCHED]: String(Deno.pid),
  });
  let stopping = false;
  on_stop_signals(() => {
    stopping = true;
    child.kill(END);
  }, () => child.kill("SIGKILL"));
  on_signal("SIGUSR1", () => child.kill("SIGUSR1"));
  const { code } = await child.status;
  return stopping ? 0 : code;
}

/** The process that started this one to be watched. */
export class Starter {
  #pid: number;
  #is_end = false;

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** Calls `stop` when the process says that this is the end, or has gone. */
  follow(stop: () => void): void {
    const end = () => {
      if (!this.#is_end) stop();
      this.#is_end = true;
    };
    on_signal(END, end);
    const timer = setInterval(() => {
      if (Deno.ppid !== this.#pid) end();
    }, GLANCE);
    Deno.unrefTimer(timer);
  }

  /** Ends this process, and so the watcher, if that was said. */
  end_watcher(): void {
    if (!this.#is_end) return;
    dispatchEvent(new Event("unload")); // As `Deno.exit()` does, which the watcher keeps to itself.
    Deno.kill(Deno.pid, "SIGKILL");
  }
}

/** Who has this process watched; null where nobody does. */
export function starter_of(
  environ: Readonly<Record<string, string>>,
): Starter | null {
  const pid = environ[WATCHED];
  return pid === undefined ? null : new Starter(Number(pid));
}
