/** The signals that a process listens to. */

/** The signals that end the command, with their numbers, which are part of the exit status after a second one. */
export const STOP_SIGNALS: [Deno.Signal, number][] = Deno.build.os === "windows"
  ? [["SIGINT", 2], ["SIGBREAK", 21]]
  : [["SIGINT", 2], ["SIGTERM", 15]];

/**
 * Calls `stop` at the first signal that ends the command, and exits at the second.
 *
 * @param leave Called before the exit.
 * @returns A function that replaces `stop` by another function.
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

/** The signals that reopen the logs: that of gunicorn, and one at which Deno does not open its debugger. */
export const REOPEN_SIGNALS: readonly Deno.Signal[] = ["SIGUSR1", "SIGUSR2"];

/** Calls `listener` at a signal, which Windows may not have. */
export function on_signal(signal: Deno.Signal, listener: () => void): void {
  if (Deno.build.os !== "windows") Deno.addSignalListener(signal, listener);
}
