/** The options of the command: one table, from which the parser, the checks, `--help` and `docs/cli.md` are made. */

import { parse_address } from "./address.ts";
import { compile_format } from "../logs/access_format.ts";
import { LOG_LEVELS } from "../logs/error_log.ts";
import { check_script_name } from "../../_internal/text/check.ts";
import { INTERFACES, PROTOCOLS, type Settings } from "./settings.ts";
import { parse_count, parse_seconds, parse_size } from "./numbers.ts";
import { read_trusted } from "../../middleware/trusted.ts";
import { did_you_mean, nearest } from "./suggestion.ts";
import { UsageError } from "./usage_error.ts";

export type { Protocol } from "./settings.ts";

/** One option, as it stands in the table. */
export interface Option<Value = unknown> {
  group: string;
  short?: string;
  /** What stands for its value in `--help`; a switch has none. */
  value?: string;
  /** What it is when it is not said. */
  default?: string;
  help: string;
  /**
   * Reads a value; a switch has `yes` or `no`.
   *
   * @param option How the option is called in an error message.
   * @throws {UsageError} If it is none.
   */
  parse(text: string, option: string): Value;
}

type Table = {
  [Name in Exclude<keyof Settings, "application">]: Option<Settings[Name]>;
};

/** Every option that is a setting, in the order of `--help`. The names are gunicorn's wherever gunicorn has one. */
export const OPTIONS: Table = {
  interface: {
    group: "The application",
    value: "NAME",
    default: "auto",
    help: "wsgi, fetch, or auto to detect it",
    parse: one_of(INTERFACES),
  },
  keep_script_name: {
    group: "The application",
    help: "keep SCRIPT_NAME in a fetch handler's URL",
    parse: is_said,
  },
  chdir: {
    group: "The application",
    value: "DIR",
    help: "the folder to work in",
    parse: file,
  },
  pythonpath: {
    group: "The application",
    value: "LIST",
    help: "folders of Python modules, by commas",
    parse: (text) => text.split(",").filter((path) => path !== ""),
  },

  protocol: {
    group: "Network",
    value: "NAME",
    default: "http",
    help: "http, cgi, scgi, fastcgi or uwsgi",
    parse: one_of(PROTOCOLS, { fcgi: "fastcgi" }),
  },
  bind: {
    group: "Network",
    short: "b",
    value: "ADDRESS",
    default: "127.0.0.1:8000",
    help: "HOST:PORT, :PORT, [::1]:PORT or unix:/path",
    parse: parse_address,
  },
  backlog: {
    group: "Network",
    value: "N",
    default: "2048",
    help: "maximum number of pending connections",
    parse: count_from(1, 2 ** 31 - 1), // What the system has for it is a signed number of 32 bits.
  },
  umask: {
    group: "Network",
    short: "m",
    value: "MODE",
    help: "octal mask for new files and sockets",
    parse: parse_mode,
  },
  certfile: {
    group: "Network",
    value: "FILE",
    help: "TLS certificate (PEM): serves HTTPS",
    parse: file,
  },
  keyfile: {
    group: "Network",
    value: "FILE",
    help: "its private key (PEM)",
    parse: file,
  },
  root_path: {
    group: "Network",
    value: "PATH",
    help: "SCRIPT_NAME: where the application is mounted",
    parse: taken_by("script_name", check_script_name, path_meant_by),
  },
  forwarded_allow_ips: {
    group: "Network",
    value: "LIST",
    default: "127.0.0.1,::1,unix",
    help: "proxies to trust for X-Forwarded-*",
    parse: taken_by("trusted", read_trusted),
  },

  workers: {
    group: "Processes",
    short: "w",
    value: "N",
    default: "0",
    help: "worker processes; 0 to serve from this one",
    parse: count_from(0),
  },
  max_requests: {
    group: "Processes",
    value: "N",
    default: "0",
    help: "requests before a worker is replaced",
    parse: count_from(0),
  },
  max_requests_jitter: {
    group: "Processes",
    value: "N",
    default: "0",
    help: "maximum random number of further ones",
    parse: count_from(0),
  },
  graceful_timeout: {
    group: "Processes",
    value: "SECONDS",
    default: "30",
    help: "for requests in flight, when stopping",
    parse: parse_seconds,
  },
  pid: {
    group: "Processes",
    short: "p",
    value: "FILE",
    help: "where to write the process id",
    parse: pid_file,
  },
  reload: {
    group: "Processes",
    help: "restart when the application changes",
    parse: is_said,
  },

  access_logfile: {
    group: "Logs",
    value: "FILE",
    default: "-",
    help: "a file, - for stderr, or none",
    parse: file,
  },
  access_logformat: {
    group: "Logs",
    value: "FORMAT",
    default: "common",
    help: "common, combined, json, or gunicorn's %(h)s",
    parse: checked(compile_format),
  },
  error_logfile: {
    group: "Logs",
    value: "FILE",
    default: "-",
    help: "a file, or - for stderr",
    parse: error_file,
  },
  log_level: {
    group: "Logs",
    value: "LEVEL",
    default: "info",
    help: LOG_LEVELS.join(", "),
    parse: one_of(LOG_LEVELS),
  },

  timeout: {
    group: "Limits (0 for none)",
    short: "t",
    value: "SECONDS",
    default: "30",
    help: "for the application to respond",
    parse: parse_seconds,
  },
  limit_concurrency: {
    group: "Limits (0 for none)",
    value: "N",
    default: "0",
    help: "concurrent requests",
    parse: count_from(0),
  },
  limit_request_body: {
    group: "Limits (0 for none)",
    value: "SIZE",
    default: "1g",
    help: "size of a body: 64k, 10m",
    parse: parse_size,
  },
  limit_request_line: {
    group: "Limits (0 for none)",
    value: "SIZE",
    default: "8190",
    help: "size of the request line",
    parse: parse_size,
  },
  limit_request_fields: {
    group: "Limits (0 for none)",
    value: "N",
    default: "100",
    help: "number of headers",
    parse: count_from(0),
  },
  limit_request_field_size: {
    group: "Limits (0 for none)",
    value: "SIZE",
    default: "16k",
    help: "size of a header",
    parse: parse_size,
  },

  validate: {
    group: "Development",
    help: "check application and server against PEP 3333",
    parse: is_said,
  },
  debug: {
    group: "Development",
    help: "show errors to clients on this machine",
    parse: is_said,
  },
  debug_anywhere: {
    group: "Development",
    help: "show errors to all clients",
    parse: is_said,
  },
};

/** The name of a setting that is an option. */
export type OptionName = keyof typeof OPTIONS;

/** Whether `name` is a setting that is an option. */
export function is_option(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name);
}

/** An option as it is written: `access_logfile` is `--access-logfile`. */
export function flag_of(name: string): string {
  return `--${name.replaceAll("_", "-")}`;
}

function file(given: string, option: string): string {
  if (given !== "") return given;
  throw new UsageError(`${option} takes a file, got ""`);
}

/** Elsewhere `-p` is the port. */
function pid_file(given: string, option: string): string {
  if (!/^\d+$/.test(given)) return file(given, option);
  throw new UsageError(
    `${option} takes a file for the process id, got "${given}": did you mean --bind :${given}?`,
  );
}

/** Somebody who writes `none`, as for the access log, does not want a file of that name. */
function error_file(given: string, option: string): string {
  if (given !== "none") return file(given, option);
  throw new UsageError(
    `${option} takes a file, or - for stderr, got none: to drop errors, use /dev/null`,
  );
}

function is_said(given: string): boolean {
  return given === "yes";
}

/** @param others What is meant by names that are used elsewhere. */
function one_of<Name extends string>(
  names: readonly Name[],
  others: Record<string, Name> = {},
) {
  return (given: string, option: string): Name => {
    const found = names.find((name) => name === given);
    if (found !== undefined) return found;
    const all = `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
    throw new UsageError(
      `${option} takes ${all}, got "${given}"${
        did_you_mean(others[given] ?? nearest(given, names))
      }`,
    );
  };
}

function count_from(least: number, most = Infinity) {
  return (given: string, option: string): number => {
    const count = parse_count(given, option, { least });
    if (count <= most) return count;
    throw new UsageError(
      `${option} takes a whole number, ${most} or less, got "${given}"`,
    );
  };
}

/** For what is read again where it is used. */
function checked(parse: (text: string) => unknown) {
  return (given: string): string => {
    parse(given);
    return given;
  };
}

/**
 * For what a middleware reads, and calls by a name of its own.
 *
 * @param meant_by What may have been meant by a value that is refused.
 */
function taken_by(
  name: string,
  read: (text: string) => unknown,
  meant_by: (text: string) => string | null = () => null,
) {
  return (given: string, option: string): string => {
    try {
      read(given);
    } catch (error) {
      const message = (error as Error).message.replace(name, option);
      throw new UsageError(`${message}${did_you_mean(meant_by(given))}`, {
        cause: error,
      });
    }
    return given;
  };
}

/** `shop`, `/shop/` and `http://example.org/shop` mean `/shop`. */
function path_meant_by(text: string): string | null {
  const names = text.replace(/^https?:\/\/[^/]*/i, "").split("/")
    .filter((name) => name !== "");
  const path = `/${names.join("/")}`;
  try {
    check_script_name(path);
    return path;
  } catch {
    return null;
  }
}

function parse_mode(given: string, option: string): number {
  if (/^0?[0-7]{1,3}$/.test(given)) return parseInt(given, 8);
  throw new UsageError(`${option} takes an octal number, got "${given}"`);
}
