/** The process that the applications run in, on any runtime: without an import, as Workers have none. */

import type * as Files from "node:fs";

interface Process {
  env?: Record<string, string | undefined>;
  on(event: "exit", listener: () => void): void;
  getBuiltinModule(name: "node:fs"): typeof Files;
}

const { process } = globalThis as unknown as { process?: Process };

/** A variable of its environment; undefined where there is none. */
export function variable(name: string): string | undefined {
  return process?.env?.[name];
}

/** A module of Node's. */
export function builtin(name: "node:fs"): typeof Files {
  return process!.getBuiltinModule(name);
}

/** Has something done when the process ends, however it does. */
export function at_exit(listener: () => void): void {
  process!.on("exit", listener);
}
