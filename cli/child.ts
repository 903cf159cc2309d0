/** This command again, as a child process. */

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

function own_arguments(): string[] {
  if (Deno.build.os !== "linux") return ["run", "-A", Deno.mainModule];
  const words = Deno.readTextFileSync("/proc/self/cmdline").split("\0");
  return words.slice(1, -1 - Deno.args.length); // Behind the last of them is a NUL as well.
}

/** Starts the command again with the same arguments; what it prints goes where this process's goes. */
export function start_again(
  added: string[],
  env: Record<string, string>,
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [...deno_arguments(added), ...Deno.args],
    env,
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
}
