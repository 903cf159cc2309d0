/** This command again, as a child process. */

import { UsageError } from "../settings/usage_error.ts";

/**
 * How Deno was called, up to the arguments of the command: its options, and the module. Deno does not tell a program;
 * on Linux the process's command line does.
 *
 * @param added Options of Deno that the child has beside them.
 */
function deno_arguments(added: string[]): string[] {
  const [subcommand = "run", ...rest] = own_arguments();
  return [subcommand, ...added, ...rest];
}

/** What Deno was told, up to the arguments of the command, as far as that can be known. */
export function own_arguments(): string[] {
  if (Deno.build.os !== "linux") return ["run", "-A", Deno.mainModule];
  const words = Deno.readTextFileSync("/proc/self/cmdline").split("\0");
  return words.slice(1, -1 - Deno.args.length); // Behind the last of them is a NUL as well.
}

/**
 * What to throw when processes cannot be started: a `UsageError` where the system or a missing permission is in the
 * way, which is no mistake of this program.
 *
 * @param what What could not be done; the reason comes behind it.
 */
export function start_error(what: string, error: unknown): unknown {
  if (!is_of_system(error)) return error;
  return new UsageError(`${what}: ${error.message}`, { cause: error });
}

function is_of_system(error: unknown): error is Error {
  return Object.values(Deno.errors).some((kind) => error instanceof kind);
}

/** Where this process was started. */
let start_folder: string | undefined;

/**
 * Changes the working folder of this process; those that it starts begin where it began, and do the same.
 *
 * @throws If it is not available.
 */
export function change_folder(folder: string): void {
  start_folder = Deno.cwd();
  Deno.chdir(folder);
}

/** Starts the command again with the same arguments; what it prints goes where this process's goes. */
export function start_again(
  added: string[],
  env: Record<string, string>,
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [...deno_arguments(added), ...Deno.args],
    cwd: start_folder,
    env,
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
}
