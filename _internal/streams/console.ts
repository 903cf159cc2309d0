/** The console of a process whose stdout is a response. */

/** The console methods that write to stdout, and do more than print their arguments. */
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

/** Node's modules within Deno. An import would cost a promise, or time at every start. */
interface Builtins {
  getBuiltinModule(name: "node:console"): {
    Console: new (stdout: unknown, stderr: unknown) => Console;
  };
  stderr: unknown;
}

/**
 * Redirects `console.log()` and similar methods to stderr, like `console.error()`: in the output of a CGI script, their
 * text would be read as part of the head.
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
