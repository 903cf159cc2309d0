/**
 * The command without a shell: a program serves an application with the settings of the command line.
 *
 * Where the command has a process to itself, the program keeps its own: nothing here listens to signals, prints, ends
 * the process, or reads the environment.
 *
 * @example
 * ```ts
 * import { serve } from "@tsgi/serve/cli";
 * import { demo_app } from "@tsgi/serve";
 * import { assertEquals } from "@std/assert";
 *
 * await using serving = await serve(demo_app, {
 *   bind: "127.0.0.1:0",
 *   access_logfile: "none",
 *   timeout: 5,
 *   limit_request_body: "10m",
 * });
 * const response = await fetch(`http://${serving.address}/`);
 * assertEquals((await response.text()).slice(0, 12), "Hello world!");
 * ```
 *
 * @module
 */

import "../_internal/server/deno_only.ts";
import { describe } from "../_internal/text/check.ts";
import type { FetchApplication } from "../gateways/fetch.ts";
import type { ServerAddress } from "../simple_server.ts";
import type { WSGIApplication } from "../types.ts";
import { APPLICATION, as_wsgi, is_application } from "./application.ts";
import { format_address } from "./settings/address.ts";
import { debugging } from "./debug/debugging.ts";
import { Logs } from "./logs/logs.ts";
import { is_option, OPTIONS } from "./settings/options.ts";
import { settings_of_object } from "./settings/parse_options.ts";
import { ListenError, Service } from "./service.ts";
import type { Settings } from "./settings/settings.ts";
import { UsageError } from "./settings/usage_error.ts";
import { validated } from "./validated.ts";

export type { FetchApplication, ServerAddress };

/**
 * How an application is served: the settings of the command by their names in a configuration file, with the same
 * values and the same defaults. `docs/cli.md` says more of each.
 *
 * Those that make a process of its own or find its application are missing: `chdir`, `pythonpath`, `workers`,
 * `max_requests`, `reload`, `pid`, `umask`, and the protocol `cgi`, for which there is `CGIHandler`.
 */
export interface ServeOptions {
  /**
   * How the application is called: `wsgi`, `fetch`, or `auto`: an object with a method `fetch` by that, and a function
   * of one parameter as a fetch handler.
   *
   * @default {"auto"}
   */
  interface?: "auto" | "wsgi" | "fetch";
  /**
   * Whether `SCRIPT_NAME` is in the URL of a fetch handler.
   *
   * @default {false}
   */
  keep_script_name?: boolean;
  /**
   * How requests come.
   *
   * @default {"http"}
   */
  protocol?: "http" | "scgi" | "fastcgi" | "uwsgi";
  /**
   * Where to listen: `HOST:PORT`, `:PORT` for every address of the machine, `[::1]:PORT`, `unix:/path`. Port 0 is any
   * free one.
   *
   * @default {"127.0.0.1:8000"}
   */
  bind?: string;
  /**
   * How many connections the system keeps that are not accepted yet.
   *
   * @default {2048}
   */
  backlog?: number;
  /** The file of the certificate, in PEM: HTTPS is served. For the protocol `http` at a `HOST:PORT`. */
  certfile?: string;
  /**
   * The file of its key, in PEM.
   *
   * @default {the one of the certificate}
   */
  keyfile?: string;
  /** Where the application is mounted, `/prefix`: `SCRIPT_NAME`. */
  root_path?: string;
  /**
   * The proxies whose `X-Forwarded-*` and `Forwarded` are believed: addresses, ranges, `unix`, or `*` for all, with
   * commas between them.
   *
   * @default {"127.0.0.1,::1,unix"}
   */
  forwarded_allow_ips?: string;
  /**
   * How long `shutdown()` waits for the requests under way, in seconds.
   *
   * @default {30}
   */
  graceful_timeout?: number;
  /**
   * Where requests are logged: a file, `-` for stderr, `none`.
   *
   * @default {"-"}
   */
  access_logfile?: string;
  /**
   * What a line of that log is: `common`, `combined`, `json`, or a text with gunicorn's atoms.
   *
   * @default {"common"}
   */
  access_logformat?: string;
  /**
   * Where errors and what the application writes to `wsgi.errors` are logged: a file, or `-` for stderr; by FastCGI,
   * `-` is the log of the web server.
   *
   * @default {"-"}
   */
  error_logfile?: string;
  /**
   * Which of the server's own messages are logged there; an error of the application is one of the level `error`.
   *
   * @default {"info"}
   */
  log_level?: "debug" | "info" | "warning" | "error" | "critical";
  /**
   * How long the application may take to begin its answer, in seconds; 0 is no limit.
   *
   * @default {30}
   */
  timeout?: number;
  /**
   * How many requests may be under way at once; 0 is no limit.
   *
   * @default {0}
   */
  limit_concurrency?: number;
  /**
   * How many bytes the body of a request may have: a number, or `"64k"`, `"10m"`; 0 is no limit.
   *
   * @default {"1g"}
   */
  limit_request_body?: number | string;
  /**
   * How many bytes the request line may have; 0 is no limit.
   *
   * @default {8190}
   */
  limit_request_line?: number | string;
  /**
   * How many headers a request may have; 0 is no limit.
   *
   * @default {100}
   */
  limit_request_fields?: number;
  /**
   * How many bytes a header may have; 0 is no limit.
   *
   * @default {"16k"}
   */
  limit_request_field_size?: number | string;
  /**
   * Whether the application runs behind `validator`.
   *
   * @default {false}
   */
  validate?: boolean;
  /**
   * Whether errors are shown to the client. Refused unless only this machine reaches the server, and shown to requests
   * for a host that is this machine.
   *
   * @default {false}
   */
  debug?: boolean;
  /**
   * Whether errors are shown to every client.
   *
   * @default {false}
   */
  debug_anywhere?: boolean;
}

/** An application that is being served. */
export interface Serving extends AsyncDisposable {
  /** Where, in one text: `127.0.0.1:8000`, `[::1]:8000`, `unix:/path`. */
  readonly address: string;
  /** Where: the port is the real one where 0 was asked. */
  readonly server_address: ServerAddress;
  /** Resolves when it has ended, whoever ended it. */
  readonly finished: Promise<void>;
  /**
   * Stops accepting requests, and resolves when those under way are answered and all logs are written, or when
   * `graceful_timeout` is over. What is still under way then is cut off; by HTTP, where Deno closes nothing that it is
   * shutting down, it is left to itself.
   */
  shutdown(): Promise<void>;
  /** Drops every connection at once, but for those that `shutdown()` waits for by HTTP: it waits no longer. */
  server_close(): Promise<void>;
  /** Opens the files of the logs anew, after somebody has renamed them. */
  reopen_logs(): void;
  /**
   * `server_close()`, at the end of an `await using` block. The error log says so if that comes before any request, and
   * nobody waits for `finished`.
   */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Serves an application, as the command does, until it is told to stop.
 *
 * @param app The application: WSGI's function, or an object with a method `fetch`, a Hono application for one.
 * @param options What is not said has the default of the command.
 * @returns What is served, as soon as it listens.
 * @throws {TypeError} If `app` is neither, or an option is none or has no such value.
 * @throws {Deno.errors.AddrInUse} If somebody else listens there.
 * @throws {Error} What the system says, if it cannot listen there or a file cannot be read or written.
 *
 * @example
 * ```ts
 * import { serve } from "@tsgi/serve/cli";
 * import { demo_app } from "@tsgi/serve";
 * import { assertEquals } from "@std/assert";
 *
 * const options = { bind: "127.0.0.1:0", access_logfile: "none" };
 * const serving = await serve(demo_app, options);
 * setTimeout(() => serving.shutdown(), 10);
 * assertEquals(await serving.finished, undefined);
 * ```
 */
export async function serve(
  app: WSGIApplication | FetchApplication,
  options: ServeOptions = {},
): Promise<Serving> {
  if (!is_object(options)) {
    throw new TypeError(
      `serve() takes an object of options, got ${describe(options)}`,
    );
  }
  try {
    const settings = settings_of(options);
    if (!is_application(app, settings.interface)) {
      throw new TypeError(
        `serve() takes an ${APPLICATION}, got ${describe(app)}`,
      );
    }
    return await Served.start(await as_wsgi(app, settings), settings);
  } catch (error) {
    throw as_built_in(error);
  }
}

function is_object(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What the command does to its process. */
const OF_A_PROCESS = [
  "application",
  "chdir",
  "pythonpath",
  "umask",
  "workers",
  "max_requests",
  "max_requests_jitter",
  "pid",
  "reload",
];

function settings_of(options: ServeOptions): Settings {
  const given = Object.entries(options)
    .filter(([, value]) => value !== undefined);
  for (const [name] of given) check_name(name);
  const settings = settings_of_object(Object.fromEntries(given));
  if (settings.protocol !== "cgi") return settings;
  throw new TypeError(
    'protocol takes http, scgi, fastcgi or uwsgi, got "cgi": CGIHandler answers the request of a CGI script',
  );
}

function check_name(name: string): void {
  if (OF_A_PROCESS.includes(name)) {
    throw new TypeError(
      `serve() does not control its process: ${name} is for the command`,
    );
  }
  if (!is_option(name)) {
    const names = Object.keys(OPTIONS)
      .filter((option) => !OF_A_PROCESS.includes(option)).join(", ");
    throw new TypeError(`serve() takes the options ${names}, got ${name}`);
  }
}

/** What a program makes of an error that is meant for the command: one of the class of what the system has said. */
function as_built_in(error: unknown): unknown {
  const is_own = error instanceof UsageError || error instanceof ListenError;
  if (!is_own) return error;
  const { message, cause } = error;
  const of_system = cause instanceof Error ? cause.constructor : TypeError;
  return new (of_system as ErrorConstructor)(with_names(message), { cause });
}

/** A message that calls options what a program calls them: `--access-logfile` is `access_logfile` there. */
function with_names(message: string): string {
  return message.replace(/--([a-z]+(?:-[a-z]+)*)/g, (flag, words: string) => {
    const name = words.replaceAll("-", "_");
    return is_option(name) ? name : flag;
  });
}

/** A service, as a program has it. */
class Served implements Serving {
  readonly server_address: ServerAddress;
  #finished: Promise<void>;
  /** Whether somebody has asked for `finished`. */
  #is_waited_for = false;
  #service: Service;
  #logs: Logs;

  private constructor(service: Service, logs: Logs, finished: Promise<void>) {
    this.#service = service;
    this.#logs = logs;
    this.server_address = service.server_address!;
    this.#finished = finished;
  }

  /** Serves, and comes back when requests are taken. */
  static async start(
    app: WSGIApplication,
    settings: Settings,
  ): Promise<Served> {
    const debug_handler = await debugging(settings);
    const served_app = await validated(app, settings);
    const logs = new Logs(settings);
    const service = new Service(served_app, { settings, logs, debug_handler });
    const listening = Promise.withResolvers<void>();
    const finished = run(service, settings, logs, listening.resolve);
    await Promise.race([listening.promise, finished]);
    return new Served(service, logs, finished);
  }

  get address(): string {
    return format_address(this.server_address);
  }

  get finished(): Promise<void> {
    this.#is_waited_for = true;
    return this.#finished;
  }

  async shutdown(): Promise<void> {
    this.#service.stop();
    await this.finished;
  }

  async server_close(): Promise<void> {
    await this.#service.close();
    await this.finished;
  }

  reopen_logs(): void {
    this.#logs.reopen();
  }

  [Symbol.asyncDispose](): Promise<void> {
    const is_left = !this.#is_waited_for && !this.#service.was_asked;
    if (is_left && !this.#service.stopping) {
      this.#logs.errors.log(
        "warning",
        "closed at the end of an `await using` block before any request arrived: `await serving.finished` to serve until it is stopped",
      );
    }
    return this.server_close();
  }
}

/** Serves to the end. Errors of an application that outlives it are still told to stderr, but to no file. */
async function run(
  service: Service,
  { error_logfile }: Settings,
  { errors }: Logs,
  on_listening: () => void,
): Promise<void> {
  try {
    await service.serve(on_listening);
  } finally {
    if (error_logfile !== "-") errors.close();
  }
}
