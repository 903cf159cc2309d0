/** What signals a process listens to. */

/** What ends the command, and the number of each, which is in the exit status after the second. */
export const STOP_SIGNALS: [Deno.Signal, number][] = Deno.build.os === "windows"
  ? [["SIGINT", 2], ["SIGBREAK", 21]]
  : [["SIGINT", 2], ["SIGTERM", 15]];

/**
 * Calls `stop` at the first signal that ends the command, and leaves the process at the second.
 *
 * @param leave Called before the process is left.
 * @returns What has another function called in the place of `stop` from then on.
 */
export function on_stop_signals(
  stop: () => void,
  leave: () => void,
): (instead: () => void) => void {
  let stopping = false;
  for (const [signal, number] of STOP_SIGNALS) {
    Deno.addSignalListener(signal, () => {
      if (stopping) {
        leave();
        Deno.exit(128 + number);
      }
      stopping = true;
      stop();
    });
  }
  return (instead) => stop = instead;
}

/** What has the logs reopened: gunicorn's signal, and one at which Deno does not open its debugger. */
export const REOPEN_SIGNALS: readonly Deno.Signal[] = ["SIGUSR1", "SIGUSR2"];

/** Calls `listener` at a signal that Windows does not have. */
export function on_signal(signal: Deno.Signal, listener: () => void): void {
  if (Deno.build.os !== "windows") Deno.addSignalListener(signal, listener);
}
