/** The command: `deno run -A jsr:@tsgi/serve [OPTIONS] [MODULE[:NAME]]`. */

import { console_to_stderr } from "../_internal/streams/console.ts";
import { stderr, write_all } from "../_internal/streams/error_stream.ts";
import { process_environ } from "../_internal/request/process_environ.ts";
import config from "../deno.json" with { type: "json" };
import { demo_app } from "../simple_server.ts";
import type { WSGIApplication } from "../types.ts";
import { debugging } from "./debug/debugging.ts";
import { help } from "./settings/help.ts";
import { change_folder } from "./processes/child.ts";
import { close_inspector } from "./processes/inspector.ts";
import { load_application } from "./load_application.ts";
import { is_python, load_python_application } from "./python.ts";
import { Logs } from "./logs/logs.ts";
import { is_option, OPTIONS } from "./settings/options.ts";
import { parse_command } from "./settings/parse_options.ts";
import { write_pid_file } from "./processes/pid_file.ts";
import {
  REOPEN,
  run_watched,
  type Starter,
  starter_of,
} from "./processes/reload.ts";
import { type Foundation, ListenError, Service } from "./service.ts";
import type { Settings } from "./settings/settings.ts";
import {
  on_signal,
  on_stop_signals,
  REOPEN_SIGNALS,
} from "./processes/signals.ts";
import { UsageError } from "./settings/usage_error.ts";
import { announcement, STOPPING } from "./announcement.ts";
import { painter } from "./terminal.ts";
import { validated } from "./validated.ts";
import { type Seat, take_seat, work } from "./processes/worker.ts";

/**
 * Runs the command.
 *
 * @param args The command line, without the program.
 * @returns The exit status: 0 after a graceful stop, 1 if it cannot listen at the address, 2 for a mistake in
 * the command line or in the module that it names.
 */
export async function main(args: string[]): Promise<number> {
  let seat: Seat | null = null;
  try {
    const taken = take_seat(); // At once, because it removes from the environment what only a worker may know.
    on_reopen(() => {}); // Until the logs are open, there is nothing to reopen.
    seat = await taken;
    return await run(args, seat);
  } catch (error) {
    const status = status_of(error);
    if (status === null) throw error;
    const { message } = error as Error;
    // The supervisor writes it.
    if (seat) await seat.link.say("failed", message);
    else stderr.write(`error: ${message}\n`);
    return status;
  }
}

/** The exit status for an error that is not a bug of this program; null for any other. */
function status_of(error: unknown): number | null {
  if (error instanceof UsageError) return 2;
  return error instanceof ListenError ? 1 : null;
}

async function run(args: string[], seat: Seat | null): Promise<number> {
  const environ = process_environ();
  const { request, settings, said } = await parse_command(args, environ);
  if (request === "help") return print(help());
  if (request === "version") return print(`${version()}\n`);
  if (request === "print_config") return print(`${config_text(said)}\n`);
  if (seat || is_supervised(settings)) {
    on_signal("SIGHUP", () => {}); // Until there are workers, there is nothing to replace.
  }
  set_umask(settings);
  change_to(settings);
  const foundation = await lay_foundation(settings);
  if (request === "check_config") return await check(foundation);
  const starter = starter_of(environ);
  if (seat) {
    await work(await application_of(settings), foundation, seat);
    return 0;
  }
  if (starter === null) {
    return await with_pid_file(settings, () => serve(foundation));
  }
  return await serve_alone(foundation, starter);
}

/** @throws {UsageError} If this process has no permission. */
function set_umask({ umask }: Settings): void {
  try {
    if (umask !== null) Deno.umask(umask);
  } catch (error) {
    throw new UsageError(`cannot set --umask: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** @throws {UsageError} If there is no such folder. */
function change_to({ chdir }: Settings): void {
  try {
    if (chdir !== null) change_folder(chdir);
  } catch (error) {
    throw new UsageError(
      `cannot change to --chdir: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}

/** Opens what every application needs. */
async function lay_foundation(settings: Settings): Promise<Foundation> {
  const logs = new Logs(settings);
  on_reopen(() => logs.reopen());
  on_signal("SIGUSR1", () => close_inspector());
  return { settings, logs, debug_handler: await debugging(settings) };
}

/** Calls `listener` at a signal to reopen the logs; a process that is watched is ended by one of these signals. */
function on_reopen(listener: () => void): void {
  const is_watched = starter_of(process_environ()) !== null;
  const signals = is_watched ? [REOPEN] : REOPEN_SIGNALS;
  for (const signal of signals) on_signal(signal, listener);
}

async function check(foundation: Foundation): Promise<number> {
  new Service(await application_of(foundation.settings), foundation).check();
  return print("The configuration is good.\n");
}

/** Serves according to the settings, in this process or in workers. */
async function serve(foundation: Foundation): Promise<number> {
  const { settings, logs } = foundation;
  if (settings.reload) return await run_watched();
  if (is_supervised(settings)) return await run_supervisor(settings, logs);
  return await serve_alone(foundation);
}

function is_supervised({ workers, max_requests }: Settings): boolean {
  return workers > 0 || max_requests > 0;
}

/** Serves in this process, until a signal ends it or, as a CGI script, its one request is answered. */
async function serve_alone(
  foundation: Foundation,
  starter: Starter | null = null,
): Promise<number> {
  const { settings } = foundation;
  const loading = load(settings, starter);
  const app = await loading.app;
  if (app === null) return 0;
  const service = new Service(app, foundation);
  if (settings.protocol === "cgi") await service.serve(() => {});
  else await serve_until_told(service, settings, loading.on_stop, starter);
  return 0;
}

/** An application that is being loaded. */
interface Loading {
  /** Resolves to the application, or to null if a signal came first. */
  app: Promise<WSGIApplication | null>;
  /** Registers a function to be called at the first signal. */
  on_stop: (stop: () => void) => void;
}

/**
 * Loads the application. With a file of `--pid`, which has to be removed, a signal ends the loading; otherwise Deno exits
 * at a signal by itself, even if the application is in an endless loop.
 */
function load(settings: Settings, starter: Starter | null): Loading {
  const loaded = starter ? () => {} : tell_of_end(settings);
  const app = application_of(settings, starter).finally(loaded);
  const on_stop = (stop: () => void) => on_stop_signals(stop, () => {});
  if (settings.pid === null || starter) return { app, on_stop };
  const stopped = Promise.withResolvers<null>();
  const stop = () => {
    loaded();
    stopped.resolve(null);
  };
  return {
    app: Promise.race([app, stopped.promise]),
    on_stop: on_stop(stop),
  };
}

/**
 * Writes a message if the application ends the process while it is being loaded, because nobody else would. For workers,
 * the supervisor does.
 *
 * @returns A function to call when it has been loaded, or when the process ends for another reason.
 */
function tell_of_end({ application }: Settings): () => void {
  const tell = () =>
    stderr.write(
      `error: ${application} ended the process while it was loaded\n`,
    );
  addEventListener("unload", tell);
  return () => removeEventListener("unload", tell);
}

async function serve_until_told(
  service: Service,
  settings: Settings,
  on_stop: (stop: () => void) => void,
  starter: Starter | null,
): Promise<void> {
  const say = speaker(settings);
  const stop = () => {
    if (service.stopping) return; // The process that started this one may ask for it in addition to a signal.
    say(STOPPING);
    service.stop();
  };
  on_stop(stop);
  starter?.follow(stop);
  await service.serve(() => say(announced(service.address, settings)));
  starter?.end_watcher();
}

async function run_supervisor(
  settings: Settings,
  logs: Logs,
): Promise<number> {
  const { supervise } = await import("./processes/supervise.ts");
  const say = speaker(settings);
  const announce = (address: string) => say(announced(address, settings));
  return await supervise(settings, logs, announce, say);
}

/** Prints to the terminal, unless the log level asks for silence. */
function speaker({ log_level }: Settings): (message: string) => void {
  const is_quiet = log_level !== "debug" && log_level !== "info";
  return is_quiet
    ? () => {}
    : (message) => void write_to_stdout(`${message}\n`);
}

function announced(address: string, settings: Settings): string {
  return announcement(address, settings, painter(Deno.stdout));
}

async function with_pid_file<Result>(
  { pid }: Settings,
  run: () => Promise<Result>,
): Promise<Result> {
  const remove = pid === null ? () => {} : write_pid_file(pid);
  try {
    return await run();
  } finally {
    remove();
  }
}

async function application_of(
  settings: Settings,
  starter: Starter | null = null,
): Promise<WSGIApplication> {
  const { application, protocol } = settings;
  if (protocol === "cgi") console_to_stderr(); // A module may print while it is being loaded.
  if (application === null) return await validated(demo_app, settings);
  const app = is_python(application, settings.pythonpath)
    ? await load_python_application(application, settings, starter)
    : await load_application(application, settings);
  return await validated(app, settings);
}

/** The settings in the form of a file for `--config`. */
function config_text(said: Record<string, string>): string {
  const config = Object.entries(said).map(([name, text]) => [
    name,
    is_option(name) ? config_value(text, OPTIONS[name].value) : text,
  ]);
  return JSON.stringify(Object.fromEntries(config), null, 2);
}

/** @param kind The placeholder of the value in `--help`; a switch has none. */
function config_value(text: string, kind: string | undefined): unknown {
  if (kind === undefined) return text === "yes";
  const is_number = /^(N|SECONDS|SIZE)$/.test(kind) && /^[\d.]+$/.test(text);
  return is_number ? Number(text) : text; // 64k is a number too.
}

function version(): string {
  return `${config.name} ${config.version} (Deno ${Deno.version.deno})`;
}

/** Prints what was asked for, and returns the exit status. */
function print(text: string): number {
  const error = write_to_stdout(text);
  if (error === null) return 0;
  stderr.write(`error: cannot write to stdout: ${error.message}\n`);
  return 1;
}

/** Prints a text; returns the error if that fails. */
function write_to_stdout(text: string): Error | null {
  try {
    write_all(Deno.stdout, new TextEncoder().encode(text));
    return null;
  } catch (error) {
    return error as Error;
  }
}
