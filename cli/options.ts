/** The options of the command: one table, from which the parser, the checks and `--help` are made. */

import { parseArgs } from "node:util";
import { parse_address } from "./address.ts";
import { UsageError } from "./usage_error.ts";
import type { ServerAddress } from "../simple_server.ts";

/** How requests come: HTTP and the protocols between a web server and an application. */
export const PROTOCOLS = ["http", "cgi", "scgi", "fastcgi", "uwsgi"] as const;

/** One of `PROTOCOLS`. */
export type Protocol = typeof PROTOCOLS[number];

/** What the command was asked to do. */
export interface Settings {
  /** The application: `MODULE[:NAME]`; null for the demo application. */
  application: string | null;
  /** How requests come. */
  protocol: Protocol;
  /** Where to listen. */
  bind: ServerAddress;
  /** Where the access log goes: a file, `-` for stderr, `none`. */
  access_logfile: string;
  /** Whether the application runs behind `validator`. */
  validate: boolean;
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

const DEFAULT_BIND = "127.0.0.1:8000";
const DEFAULT_LOG = "-";

/** Every option, in the order of `--help`. The names are gunicorn's wherever gunicorn has one. */
const OPTIONS: Option[] = [
  {
    name: "protocol",
    value: "NAME",
    help:
      "http, cgi, scgi, fastcgi or uwsgi (default http; cgi where a web server runs it as a script)",
  },
  {
    name: "bind",
    short: "b",
    value: "ADDRESS",
    default: DEFAULT_BIND,
    help: "HOST:PORT, :PORT (every address), [::1]:PORT or unix:/path",
  },
  {
    name: "access-logfile",
    value: "FILE",
    default: DEFAULT_LOG,
    help: "where to log each request: a file, - for stderr, or none",
  },
  {
    name: "validate",
    help: "check application and server for breaches of PEP 3333",
  },
  { name: "help", short: "h", help: "print this help and leave" },
  { name: "version", short: "v", help: "print the version and leave" },
];

/** The variables of a process; what is read of them says whether it is a CGI script. */
export type ProcessVariables = Readonly<Record<string, string>>;

/**
 * Reads the command line.
 *
 * @param environ The variables of this process.
 * @throws {UsageError} If it cannot be understood.
 */
export function parse_options(
  args: string[],
  environ: ProcessVariables = {},
): Settings {
  const { values, positionals } = parse(args);
  if (positionals.length > 1) {
    throw new UsageError(
      `expected at most one MODULE[:NAME], got ${positionals.join(" and ")}`,
    );
  }
  const text = (name: string) => values[name] as string | undefined;
  const bind = text("bind");
  const protocol = protocol_of(text("protocol"), bind, environ);
  // stderr is where a web server's error log comes from: it has an access log of its own.
  const default_log = protocol === "cgi" ? "none" : DEFAULT_LOG;
  return {
    application: positionals[0] ?? null,
    protocol,
    bind: parse_address(bind ?? DEFAULT_BIND),
    access_logfile: text("access-logfile") ?? default_log,
    validate: values.validate === true,
    help: values.help === true,
    version: values.version === true,
  };
}

/** A web server that starts the command as a CGI script gives it no options, but variables (RFC 3875, section 4.1). */
function protocol_of(
  given: string | undefined,
  bind: string | undefined,
  environ: ProcessVariables,
): Protocol {
  if (given === "cgi" && bind !== undefined) {
    throw new UsageError("--protocol cgi listens nowhere: leave --bind out");
  }
  if (given !== undefined) return checked_protocol(given);
  const { GATEWAY_INTERFACE, REQUEST_METHOD } = environ;
  const is_script = GATEWAY_INTERFACE !== undefined &&
    REQUEST_METHOD !== undefined;
  return is_script && bind === undefined ? "cgi" : "http";
}

function checked_protocol(name: string): Protocol {
  const protocol = PROTOCOLS.find((protocol) => protocol === name);
  if (protocol) return protocol;
  throw new UsageError(
    `--protocol takes http, cgi, scgi, fastcgi or uwsgi, got "${name}"`,
  );
}

function parse(args: string[]) {
  const options = Object.fromEntries(
    OPTIONS.map(({ name, short, value }) => [
      name,
      {
        type: value ? "string" as const : "boolean" as const,
        ...short && { short },
      },
    ]),
  );
  // Not strict: the messages of the parser are for whoever wrote its table.
  const { values, positionals, tokens } = parseArgs({
    args,
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) if (token.kind === "option") check(token);
  return { values, positionals };
}

/** An option as it was given. */
interface GivenOption {
  name: string;
  /** With its dashes. */
  rawName: string;
  value: string | undefined;
  /** Whether the value was given as `--name=value`. */
  inlineValue: boolean | undefined;
}

function check({ name, rawName, value, inlineValue }: GivenOption): void {
  const option = OPTIONS.find((option) => option.name === name);
  if (!option) {
    throw new UsageError(`unknown option ${rawName}: see --help`);
  }
  if (!option.value && value !== undefined) {
    throw new UsageError(`${rawName} takes no value, got "${value}"`);
  }
  const is_missing = value === undefined ||
    !inlineValue && value.length > 1 && value.startsWith("-");
  if (option.value && is_missing) {
    throw new UsageError(
      `${rawName} takes a value, got ${value ?? "nothing"}: see --help`,
    );
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
  return `Serves a WSGI application by HTTP, or behind a web server.

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
