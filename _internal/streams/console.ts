/** The console of a process whose stdout is a response. */

/** What of the console goes to stdout, and knows more than its arguments. */
const OTHERS = [
  "dir",
  "dirxml",
  "table",
  "count",
  "countReset",
  "time",
  "timeLog",
  "timeEnd",
] as const;

/** The modules of Node that are in Deno, without an import, which would take a promise or a moment of every start. */
interface Builtins {
  getBuiltinModule(name: "node:console"): {
    Console: new (stdout: unknown, stderr: unknown) => Console;
  };
  stderr: unknown;
}

/**
 * From now on, what is written by `console.log()` and the like goes to stderr, as `console.error()` does: in the output of
 * a CGI script it would be taken for a part of the head.
 */
export function console_to_stderr(): void {
  const { error } = console;
  console.log = console.info = console.debug = error;
  let another: Console | null = null;
  for (const name of OTHERS) {
    console[name] = (...args: unknown[]) =>
      ((another ??= make_console())[name] as typeof error)(...args);
  }
}

function make_console(): Console {
  const { process } = globalThis as unknown as { process: Builtins };
  const { Console } = process.getBuiltinModule("node:console");
  return new Console(process.stderr, process.stderr);
}
