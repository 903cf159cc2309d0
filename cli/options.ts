/** The options of the command: one table, from which the parser, the checks and `--help` are made. */

import { parseArgs } from "node:util";
import { parse_address } from "./address.ts";
import { UsageError } from "./usage_error.ts";
import type { ServerAddress } from "../simple_server.ts";

/** What the command was asked to do. */
export interface Settings {
  /** The application: `MODULE[:NAME]`; null for the demo application. */
  application: string | null;
  /** Where to listen. */
  bind: ServerAddress;
  /** Where the access log goes: a file, `-` for stderr, `none`. */
  access_logfile: string;
  /** Whether to print the help and leave. */
  help: boolean;
  /** Whether to print the version and leave. */
  version: boolean;
}

/** One option, as it stands in the table. */
interface Option {
  name: string;
  short?: string;
  /** What stands for its value in `--help`; a switch has none. */
  value?: string;
  default?: string;
  help: string;
}

/** Every option, in the order of `--help`. The names are gunicorn's wherever gunicorn has one. */
const OPTIONS: Option[] = [
  {
    name: "bind",
    short: "b",
    value: "ADDRESS",
    default: "127.0.0.1:8000",
    help: "HOST:PORT, :PORT (every address), [::1]:PORT or unix:/path",
  },
  {
    name: "access-logfile",
    value: "FILE",
    default: "-",
    help: "where to log each request: a file, - for stderr, or none",
  },
  { name: "help", short: "h", help: "print this help and leave" },
  { name: "version", short: "v", help: "print the version and leave" },
];

/**
 * Reads the command line.
 *
 * @throws {UsageError} If it cannot be understood.
 */
export function parse_options(args: string[]): Settings {
  const { values, positionals } = parse(args);
  if (positionals.length > 1) {
    throw new UsageError(
      `expected one MODULE[:NAME], got ${positionals.join(" ")}`,
    );
  }
  const text = (name: string) => values[name] as string;
  return {
    application: positionals[0] ?? null,
    bind: parse_address(text("bind")),
    access_logfile: text("access-logfile"),
    help: values.help === true,
    version: values.version === true,
  };
}

function parse(args: string[]) {
  const options = Object.fromEntries(
    OPTIONS.map(({ name, value, help: _, ...rest }) => [
      name,
      { type: value ? "string" as const : "boolean" as const, ...rest },
    ]),
  );
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    // The first sentence says what is wrong; what follows are hints for whoever wrote the parser's table.
    const [sentence] = (error as Error).message.split(/\. |\n/);
    throw new UsageError(sentence!);
  }
}

/** The text of `--help`. */
export function help(): string {
  const rows = OPTIONS.map((option) => {
    const short = option.short ? `-${option.short}, ` : "    ";
    const value = option.value ? ` ${option.value}` : "";
    return [`${short}--${option.name}${value}`, describe(option)] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return `Serves a WSGI application by HTTP.

Usage: deno run -A jsr:@tsgi/serve [OPTIONS] [MODULE[:NAME]]

MODULE is a path or a URL. NAME is what it exports: by default its default export,
or "application", or "app". Without MODULE a demo application is served.

${rows.map(([left, right]) => `  ${left.padEnd(width)}${right}\n`).join("")}`;
}

function describe(option: Option): string {
  return option.default
    ? `${option.help} (default ${option.default})`
    : option.help;
}
