/** Runs this command again, as a child process. */

import { UsageError } from "../settings/usage_error.ts";

/**
 * The command line of Deno up to the arguments of the command: its options, and the module. Deno does not tell these to a
 * program; on Linux, the command line of the process does.
 *
 * @param added Further options of Deno for the child.
 */
function deno_arguments(added: string[]): string[] {
  const [subcommand = "run", ...rest] = own_arguments();
  return [subcommand, ...added, ...rest];
}

/** The arguments of Deno before those of the command, as far as they can be known. */
export function own_arguments(): string[] {
  if (Deno.build.os !== "linux") return ["run", "-A", Deno.mainModule];
  const words = Deno.readTextFileSync("/proc/self/cmdline").split("\0");
  return words.slice(1, -1 - Deno.args.length); // A NUL follows the last one too.
}

/**
 * The error to throw when a process cannot be started: a `UsageError` if the system or a missing permission is the
 * reason, which is not a bug of this program.
 *
 * @param what What could not be done; the reason is appended.
 */
export function start_error(what: string, error: unknown): unknown {
  if (!is_of_system(error)) return error;
  return new UsageError(`${what}: ${error.message}`, { cause: error });
}

function is_of_system(error: unknown): error is Error {
  return Object.values(Deno.errors).some((kind) => error instanceof kind);
}

/** The working folder at the start. */
let start_folder: string | undefined;

/**
 * Changes the working folder of this process. Its children start in the original one, and change it themselves.
 *
 * @throws If the folder is not available.
 */
export function change_folder(folder: string): void {
  start_folder = Deno.cwd();
  Deno.chdir(folder);
}

/** Starts the command again with the same arguments. Its output goes to that of this process. */
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
