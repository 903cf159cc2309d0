/** From the command line, the file and the environment to the settings. */

import { read_config } from "./config_file.ts";
import { flag_of, is_option, OPTIONS } from "./options.ts";
import { is_of_deno, suggested_option } from "./other_options.ts";
import { add_setting, type Said } from "./said.ts";
import { script_query, without_query } from "./script_arguments.ts";
import type { Settings } from "./settings.ts";
import { did_you_mean } from "./suggestion.ts";
import { UsageError } from "./usage_error.ts";

/** What is asked for instead of serving. */
export type Request =
  | "serve"
  | "help"
  | "version"
  | "check_config"
  | "print_config";

/** What the command was asked to do. */
export interface Command {
  request: Request;
  settings: Settings;
  /** The settings as they were said, and the defaults of the others. */
  said: Said;
}

/** The switches that are no settings. */
const REQUESTS: Record<Exclude<Request, "serve">, { short?: string }> = {
  help: { short: "h" },
  version: { short: "v" },
  check_config: {},
  print_config: {},
};

/**
 * Reads the command line, which overrides the file of `--config`, which overrides the environment.
 *
 * @param environ The variables of this process.
 * @throws {UsageError} If something of it cannot be understood.
 */
export async function parse_command(
  args: string[],
  environ: Readonly<Record<string, string>> = {},
): Promise<Command> {
  const { line, is_doubtful } = await parse_line(args, script_query(environ));
  const request = request_of(line);
  const ambient = await parse_variable(environ.TSGI_CMD_ARGS ?? "");
  const file = line.config ?? ambient.config;
  const in_file = file !== undefined && request !== "help"
    ? await read_config(file)
    : {};
  const said = complete({ ...ambient, ...in_file, ...line }, environ);
  if (is_doubtful && said.application === undefined) throw doubt();
  const places = {
    workers: "WEB_CONCURRENCY", // Where nothing below says it.
    ...places_of(ambient, "TSGI_CMD_ARGS"),
    ...places_of(in_file, file ?? ""),
    ...places_of(line, ""),
  };
  return { request, settings: settings_of(said, places), said };
}

/** A command line as it was read. */
interface Line {
  line: Said;
  /** Whether the `MODULE` of it was left out, as it may be a part of the query. */
  is_doubtful: boolean;
}

/**
 * Reads a command line, but for what a web server has put there of the query. Where that can be either, it is neither
 * option nor module, if it stands at the end; in the middle nobody can tell what is meant.
 *
 * @param query The query of the request, if this is a CGI script.
 * @throws {UsageError} If it cannot be understood, or not in one way only.
 */
async function parse_line(args: string[], query: string): Promise<Line> {
  if (!query) return { line: await parse_args(args), is_doubtful: false };
  const whole = await attempt(args);
  for (const { args: own, were_last } of without_query(args, query)) {
    const line = await attempt(own);
    if (!line) continue;
    const is_doubtful = line.application !== whole?.application;
    if (were_last || !whole) return { line, is_doubtful };
    const is_other = JSON.stringify(line) !== JSON.stringify(whole);
    if (is_other && line.application !== undefined) throw doubt();
  }
  return { line: whole ?? await parse_args(args), is_doubtful: false };
}

/** A command line, read; null where it is none. */
async function attempt(args: string[]): Promise<Said | null> {
  try {
    const line = await parse_args(args);
    for (const [name, value] of Object.entries(line)) {
      if (is_option(name)) OPTIONS[name].parse(value, flag_of(name));
    }
    return line;
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}

function doubt(): UsageError {
  return new UsageError(
    "the arguments of this CGI script contain the query of the request: put options before MODULE and nothing but the query after it",
  );
}

/** The settings in `TSGI_CMD_ARGS`. */
async function parse_variable(text: string): Promise<Said> {
  try {
    const said = await parse_args(split_words(text));
    if (request_of(said) === "serve") return said;
  } catch (error) {
    throw placed(error, "TSGI_CMD_ARGS");
  }
  throw new UsageError("TSGI_CMD_ARGS takes settings only: see --help");
}

/** Where settings were said; "" for the command line. */
type Places = Readonly<Record<string, string>>;

function places_of(said: Said, place: string): Places {
  return Object.fromEntries(Object.keys(said).map((name) => [name, place]));
}

/** A mistake that says where it stands, unless that is the command line. */
function placed(error: unknown, place: string): unknown {
  if (!place || !(error instanceof UsageError)) return error;
  return new UsageError(`in ${place}: ${error.message}`, { cause: error });
}

/** The settings of a program that is no command line: what it gives, and the defaults. */
export function settings_of_object(
  options: Readonly<Record<string, unknown>>,
): Settings {
  const said: Said = {};
  for (const [name, value] of Object.entries(options)) {
    add_setting(said, name, value, "the options");
  }
  return settings_of(complete(said, {}));
}

/** Adds the defaults. */
function complete(
  given: Said,
  environ: Readonly<Record<string, string>>,
): Said {
  const { config: _, ...said } = given;
  const defaults: Said = {};
  for (const [name, option] of Object.entries(OPTIONS)) {
    if (option.default !== undefined) defaults[name] = option.default;
    else if (!option.value) defaults[name] = "no";
  }
  if (is_script(given, environ)) defaults.protocol = "cgi";
  const protocol = said.protocol ?? defaults.protocol;
  // stderr is where a web server's error log comes from: it has an access log of its own.
  if (protocol === "cgi") defaults.access_logfile = "none";
  // Nobody has asked this command for workers: so it has them only where there can be some.
  const is_alone = protocol === "cgi" || said.reload === "yes" ||
    said.bind?.startsWith("unix:");
  // Who runs other people's servers says so where theirs is to be reached.
  if (protocol === "http" && said.bind === undefined && environ.PORT) {
    defaults.bind = `0.0.0.0:${port_of(environ.PORT)}`;
  }
  const { WEB_CONCURRENCY } = environ;
  if (WEB_CONCURRENCY && !is_alone) defaults.workers = WEB_CONCURRENCY;
  return { ...defaults, ...said };
}

/** @throws {UsageError} If it is none. */
function port_of(text: string): string {
  if (/^\d+$/.test(text) && Number(text) <= 65535) return text;
  throw new UsageError(
    `in PORT: expected a port up to 65535, got "${text}" (it is ignored if --bind is given)`,
  );
}

/** A web server that starts the command as a CGI script gives it no options, but variables (RFC 3875, section 4.1). */
function is_script(
  given: Said,
  { GATEWAY_INTERFACE, REQUEST_METHOD }: Readonly<Record<string, string>>,
): boolean {
  return given.protocol === undefined && given.bind === undefined &&
    GATEWAY_INTERFACE !== undefined && REQUEST_METHOD !== undefined;
}

function settings_of(said: Said, places: Places = {}): Settings {
  const settings: Record<string, unknown> = {
    application: said.application ?? null,
  };
  for (const [name, option] of Object.entries(OPTIONS)) {
    const given = said[name];
    try {
      settings[name] = given === undefined
        ? null
        : option.parse(given, flag_of(name));
    } catch (error) {
      throw placed(error, places[name] ?? "");
    }
  }
  return checked(settings as unknown as Settings, said);
}

/** Refuses what does not go together. */
function checked(settings: Settings, said: Said): Settings {
  const { protocol, certfile, keyfile, bind } = settings;
  const refuse = (message: string) => {
    throw new UsageError(message);
  };
  const of_workers = settings.workers > 0
    ? "--workers"
    : settings.max_requests > 0
    ? "--max-requests"
    : null;
  if (protocol === "cgi") {
    if (said.bind !== OPTIONS.bind.default) {
      refuse("--protocol cgi does not listen: remove --bind");
    }
    const of_a_server = of_workers ?? (settings.reload ? "--reload" : null);
    if (of_a_server) {
      refuse(`--protocol cgi serves one request: remove ${of_a_server}`);
    }
  }
  if (keyfile !== null && certfile === null) {
    refuse("--keyfile needs --certfile");
  }
  if (certfile !== null && protocol !== "http") {
    refuse(`--certfile needs --protocol http, got ${protocol}`);
  }
  if (certfile !== null && typeof bind === "string") {
    refuse(`--certfile needs --bind HOST:PORT, got unix:${bind}`);
  }
  if (of_workers && settings.reload) {
    refuse(`--reload serves from one process: remove ${of_workers}`);
  }
  if (of_workers && typeof bind === "string") {
    const workers = of_workers === "--workers"
      ? of_workers
      : `${of_workers} has workers, which`;
    refuse(`${workers} share a port: bind a HOST:PORT, no Unix socket`);
  }
  return settings;
}

function request_of(line: Said): Request {
  const asked = Object.keys(REQUESTS) as (keyof typeof REQUESTS)[];
  const request = asked.find((name) => name in line) ?? "serve";
  for (const name of asked) delete line[name];
  return request;
}

/** An option, as the parser takes it. */
interface ParsedOption {
  type: "string" | "boolean";
  short?: string;
}

function parsed(
  [name, { value, short }]: [string, { value?: string; short?: string }],
): [string, ParsedOption] {
  const type = value ? "string" : "boolean";
  return [flag_of(name).slice(2), short ? { type, short } : { type }];
}

/** All options, as the parser takes them. */
const PARSED: Record<string, ParsedOption> = {
  ...Object.fromEntries(Object.entries(OPTIONS).map(parsed)),
  ...Object.fromEntries(Object.entries(REQUESTS).map(parsed)),
  config: { type: "string", short: "c" },
};

/** Reads arguments; `config` and what is asked for instead of serving stand among the settings. */
async function parse_args(args: string[]): Promise<Said> {
  const said: Said = {};
  // Without options there is nothing to parse: node:util takes longer to load than all the rest.
  if (!args.some((arg) => arg.startsWith("-"))) {
    for (const arg of args) add_application(said, arg);
    return said;
  }
  const { parseArgs } = await import("node:util");
  // Not strict: the messages of the parser are for whoever wrote its table.
  const { tokens } = parseArgs({
    args,
    options: PARSED,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === "positional") add_application(said, token.value);
    else if (token.kind === "option") {
      add_option(said, token);
    }
  }
  return said;
}

function add_application(said: Said, application: string): void {
  if (said.application !== undefined) {
    throw new UsageError(
      `expected at most one MODULE[:NAME], got ${said.application} and ${application}${
        did_you_mean(meant_by(said.application, application))
      }`,
    );
  }
  said.application = application;
}

/** What may have been meant by two words that are no options. */
function meant_by(first: string, second: string): string | null {
  if (second.startsWith("-")) return `${second} before --`;
  if (/^(run|serve|start|true|false|yes|no|on|off)$/.test(first)) return second;
  return /^\d{1,5}$/.test(second) ? `--bind :${second}` : null;
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

function add_option(
  said: Said,
  { name, rawName, value, inlineValue }: GivenOption,
): void {
  const type = Object.hasOwn(PARSED, name) ? PARSED[name]!.type : null;
  const setting = name.replaceAll("-", "_");
  if (type === null) return add_negative(said, setting, rawName, value);
  if (type === "boolean") refuse_value(rawName, value);
  const is_missing = value === undefined ||
    !inlineValue && /^-\D/.test(value); // "-" is stderr, and "-1" no option.
  if (type === "string" && is_missing) {
    throw new UsageError(
      `${rawName} takes a value, got ${value ?? "nothing"}: see --help`,
    );
  }
  const before = said[setting];
  if (setting === "bind" && before !== undefined && before !== value) {
    throw new UsageError(
      `${rawName} takes one address, got ${before} and ${value}: start the command once for each`,
    );
  }
  said[setting] = value ?? "yes";
}

/** `--no-reload` takes back what a file says. */
function add_negative(
  said: Said,
  setting: string,
  raw_name: string,
  value: string | undefined,
): void {
  const name = setting.replace(/^no_/, "");
  const is_switch = name !== setting && is_option(name) && !OPTIONS[name].value;
  if (!is_switch) {
    throw unknown_option(raw_name);
  }
  refuse_value(raw_name, value);
  said[name] = "no";
}

function unknown_option(raw_name: string): UsageError {
  if (is_of_deno(raw_name)) {
    return new UsageError(
      `unknown option ${raw_name}: put options of Deno before the command: deno run ${raw_name} jsr:@tsgi/serve`,
    );
  }
  const switches = Object.keys(OPTIONS).filter((name) =>
    is_option(name) && !OPTIONS[name].value
  );
  const own = [
    ...Object.keys(PARSED).map((name) => `--${name}`),
    ...switches.map((name) => flag_of(`no_${name}`)),
  ];
  const suggestion = suggested_option(raw_name, own);
  return new UsageError(
    `unknown option ${raw_name}${did_you_mean(suggestion) || ": see --help"}`,
  );
}

function refuse_value(raw_name: string, value: string | undefined): void {
  if (value === undefined) return;
  throw new UsageError(`${raw_name} takes no value, got "${value}"`);
}

/**
 * Words as a shell has them: apart by blanks, unless quoted.
 *
 * @throws {UsageError} If a quote is not closed.
 */
function split_words(text: string): string[] {
  const [quote] = text.replace(/"[^"]*"|'[^']*'/g, "").match(/["']/) ?? [];
  if (quote) throw new UsageError(`expected another ${quote}, got ${text}`);
  const words = text.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}
