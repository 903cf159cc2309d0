/** The text of `--help`. */

import { flag_of, type Option, OPTIONS } from "./options.ts";

/** The options that are no settings, in the form of the others. */
export const OTHERS: [name: string, option: Omit<Option, "parse" | "group">][] =
  [
    ["config", {
      short: "c",
      value: "FILE",
      help: "settings: JSON, or a module's default export",
    }],
    ["check_config", { help: "load everything, report errors, and exit" }],
    ["print_config", { help: "print the settings as JSON, and exit" }],
    ["help", { short: "h", help: "print this help, and exit" }],
    ["version", { short: "v", help: "print the versions, and exit" }],
  ];

const HEAD = `Serves a WSGI application over HTTP, or behind a web server.

Usage: deno run -A jsr:@tsgi/serve [OPTIONS] [MODULE[:NAME]]

MODULE is a path or a URL, NAME what it exports: by default its default export, or
"application", "app" or "fetch". A file app.py, the name of a module as package.module,
and a factory as "shop:create_app()" are of Python. Without MODULE a demo application
is served.
`;

/** The text of `--help`. */
export function help(): string {
  const groups = Map.groupBy(
    Object.entries(OPTIONS) as [string, Option][],
    ([, { group }]) => group,
  );
  let text = HEAD;
  for (const [group, options] of groups) text += section(group, options);
  return text + section("Others", OTHERS);
}

function section(
  title: string,
  options: [name: string, option: Omit<Option, "parse" | "group">][],
): string {
  return `\n${title}:\n${options.map(line).join("")}`;
}

/** Where the help begins on a line. */
const COLUMN = 38;

function line(
  [name, option]: [name: string, option: Omit<Option, "parse" | "group">],
): string {
  const short = option.short ? `-${option.short}, ` : "    ";
  const value = option.value ? ` ${option.value}` : "";
  const start = `  ${short}${flag_of(name)}${value}`.padEnd(COLUMN);
  const fallback = option.default ? ` (${option.default})` : "";
  return `${start}${option.help}${fallback}\n`;
}
