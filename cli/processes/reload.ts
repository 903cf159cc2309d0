/** `--reload`: the command under Deno's own watcher. */

import { start_again, start_error } from "./child.ts";
import { on_signal, on_stop_signals, REOPEN_SIGNALS } from "./signals.ts";

/** The variable by which the command knows that it is watched: the id of the process that started it. */
const WATCHED = "TSGI_WATCHED";

/**
 * What the watched command is told to end by. After the end that any other signal asks for, the watcher waits for a
 * change; and of a SIGINT it sees nothing where it has just started.
 */
const END: Deno.Signal = "SIGUSR2";

/** How often a command that is watched looks whether the process that started it is still there, in milliseconds. */
const GLANCE = 500;

/** How often the watched command is told to end until it has, in milliseconds. */
const REMINDER = 100;

/** What a watched command ends by that is to be started again: what Deno's watcher does not see has changed. */
const AGAIN: Deno.Signal = "SIGALRM";

/** What has the watched command reopen its logs. */
export const REOPEN: Deno.Signal = "SIGUSR1";

/**
 * Runs the command as a child that restarts when a module changes; gives its exit status.
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
    // A signal to all processes has the child end by itself as well, and what it is sent while it does so is lost.
    Deno.unrefTimer(setInterval(end, REMINDER));
  }, () => send(child, "SIGKILL"));
  for (const signal of REOPEN_SIGNALS) {
    on_signal(signal, () => send(child, REOPEN));
  }
  while (true) {
    const { code, signal } = await child.status;
    if (stopping) return 0;
    // A child that is starting, or whose application is broken, listens to no signal yet: it has died of this one.
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

/** The process that started this one to be watched. */
export class Starter {
  #pid: number;
  #is_end = false;

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** Calls `stop` when the process says that this is the end, or has exited. */
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

  /** Ends this process, and has it restarted. */
  start_again(): void {
    Deno.kill(Deno.pid, AGAIN);
  }

  /** Ends this process, and so the watcher, if that was said. */
  end_watcher(): void {
    if (!this.#is_end) return;
    dispatchEvent(new Event("unload")); // As `Deno.exit()` does, which the watcher keeps to itself.
    Deno.kill(Deno.pid, "SIGKILL");
  }
}

/** Who has this process watched; null if nobody does. */
export function starter_of(
  environ: Readonly<Record<string, string>>,
): Starter | null {
  const pid = environ[WATCHED];
  return pid === undefined ? null : new Starter(Number(pid));
}
