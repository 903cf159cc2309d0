/**
 * SIGUSR1 without what Deno does at it by itself: since 2.9.2 it opens its debugger then, at port 9229, where any user
 * of the machine could run code with the rights of this process. Nothing keeps Deno from it: so it is closed at once.
 */

import { own_arguments } from "./child.ts";

/** How often it is closed, as it may come up at any turn, and how long is waited between, in milliseconds. */
const ATTEMPTS = 50;
const PAUSE = 10;

/** Closes the debugger that SIGUSR1 opens. To be called at that signal. */
export async function close_inspector(): Promise<void> {
  if (is_wanted()) return;
  const { close } = await import("node:inspector");
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    close(); // It needs no permission, and does nothing where there is no debugger.
    await pause();
  }
}

/** Whether the debugger was asked for, where that can be told. */
function is_wanted(): boolean {
  try {
    return own_arguments().some((word) => word.startsWith("--inspect"));
  } catch {
    return false; // Nobody is allowed to tell.
  }
}

/** Waits, without keeping the process from its end. */
function pause(): Promise<void> {
  return new Promise((resolve) => Deno.unrefTimer(setTimeout(resolve, PAUSE)));
}
