/**
 * Closes the debugger that Deno opens at SIGUSR1. Since 2.9.2 Deno opens it at port 9229, where any user of the machine
 * could run code with the rights of this process. Nothing prevents that, so it is closed at once.
 */

import { own_arguments } from "./child.ts";

/** How often it is closed, because it may open at any turn of the event loop, and the time in between in milliseconds. */
const ATTEMPTS = 50;
const PAUSE = 10;

/** Closes the debugger that SIGUSR1 opens. Call it at that signal. */
export async function close_inspector(): Promise<void> {
  if (is_wanted()) return;
  const { close } = await import("node:inspector");
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    close(); // It needs no permission, and does nothing without a debugger.
    await pause();
  }
}

/** Whether the debugger was requested on the command line, as far as that can be known. */
function is_wanted(): boolean {
  try {
    return own_arguments().some((word) => word.startsWith("--inspect"));
  } catch {
    return false; // There is no permission to find out.
  }
}

/** Waits, without keeping the process alive. */
function pause(): Promise<void> {
  return new Promise((resolve) => Deno.unrefTimer(setTimeout(resolve, PAUSE)));
}
