/** `--reload`: runs the command under Deno's own watcher. */

import { start_again, start_error } from "./child.ts";
import { on_signal, on_stop_signals, REOPEN_SIGNALS } from "./signals.ts";

/** The variable that tells the command that it is watched: the id of the process that started it. */
const WATCHED = "TSGI_WATCHED";

/**
 * The signal that ends the watched command. After any other, the watcher waits for a change; and a SIGINT is lost if the
 * command has only just started.
 */
const END: Deno.Signal = "SIGUSR2";

/** How often a watched command checks whether the process that started it still exists, in milliseconds. */
const GLANCE = 500;

/** The interval between signals to the watched command until it ends, in milliseconds. */
const REMINDER = 100;

/** The signal by which a watched command ends to be restarted: something has changed that Deno's watcher does not see. */
const AGAIN: Deno.Signal = "SIGALRM";

/** The signal at which the watched command reopens its logs. */
export const REOPEN: Deno.Signal = "SIGUSR1";

/**
 * Runs the command as a child that restarts when a module changes, and resolves to its exit status.
 *
 * @throws {UsageError} If it cannot be started.
 */
export async function run_watched(): Promise<number> {
  let child = start_watched();
  let stopping = false;
  const end = () => send(child, END);
  on_stop_signals(() => {
    stopping = true;
    end();
    // A signal to all processes reaches the child too; what it is sent while it is ending is lost.
    Deno.unrefTimer(setInterval(end, REMINDER));
  }, () => send(child, "SIGKILL"));
  for (const signal of REOPEN_SIGNALS) {
    on_signal(signal, () => send(child, REOPEN));
  }
  while (true) {
    const { code, signal } = await child.status;
    if (stopping) return 0;
    // A child that is starting, or whose application is broken, has no listener yet: the signal has killed it.
    if (signal !== REOPEN && signal !== AGAIN) return code;
    child = start_watched();
  }
}

function start_watched(): Deno.ChildProcess {
  const added = ["--watch", "--no-clear-screen"];
  try {
    return start_again(added, { [WATCHED]: String(Deno.pid) });
  } catch (error) {
    throw start_error("--reload cannot restart the command", error);
  }
}

function send(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended already.
  }
}

/** The process that watches this one. */
export class Starter {
  #pid: number;
  #is_end = false;

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** Calls `stop` when that process asks for it, or has exited. */
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

  /** Ends this process so that it is restarted. */
  start_again(): void {
    Deno.kill(Deno.pid, AGAIN);
  }

  /** Ends this process, and with it the watcher, if that was asked for. */
  end_watcher(): void {
    if (!this.#is_end) return;
    dispatchEvent(new Event("unload")); // As `Deno.exit()` does, but not under the watcher.
    Deno.kill(Deno.pid, "SIGKILL");
  }
}

/** The process that watches this one; null if it is not watched. */
export function starter_of(
  environ: Readonly<Record<string, string>>,
): Starter | null {
  const pid = environ[WATCHED];
  return pid === undefined ? null : new Starter(Number(pid));
}
