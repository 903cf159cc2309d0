/**
 * The command as a function: serves an application with the settings of the command line.
 *
 * The process stays yours: nothing here handles signals, prints, exits, or reads the environment.
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
import {
  APPLICATION,
  as_wsgi,
  is_application,
  remedy_of_application,
} from "./application.ts";
import { format_address } from "./settings/address.ts";
import { debugging } from "./debug/debugging.ts";
import { Logs } from "./logs/logs.ts";
import { is_option, OPTIONS } from "./settings/options.ts";
import { suggested_setting } from "./settings/other_options.ts";
import { settings_of_object } from "./settings/parse_options.ts";
import { did_you_mean } from "./settings/suggestion.ts";
import { ListenError, Service } from "./service.ts";
import type { Settings } from "./settings/settings.ts";
import { UsageError } from "./settings/usage_error.ts";
import { validated } from "./validated.ts";

export type { FetchApplication, ServerAddress };

/**
 * The settings of the command, with the names that they have in a configuration file, the same values and the same
 * defaults. `docs/cli.md` documents each.
 *
 * Not included are those that control processes or find the application: `chdir`, `pythonpath`, `workers`,
 * `max_requests`, `reload`, `pid`, `umask`, and the protocol `cgi`, for which there is `CGIHandler`.
 *
 * @category Command
 */
export interface ServeOptions {
  /**
   * How the application is called: `wsgi`, `fetch`, or `auto`, which calls what has a `fetch` method, or a function with
   * one parameter or whose first parameter is named `request` or `req`, as a fetch handler.
   *
   * @default {"auto"}
   */
  interface?: "auto" | "wsgi" | "fetch";
  /**
   * Whether to keep `SCRIPT_NAME` in the URL that a fetch handler sees.
   *
   * @default {false}
   */
  keep_script_name?: boolean;
  /**
   * The protocol of requests.
   *
   * @default {"http"}
   */
  protocol?: "http" | "scgi" | "fastcgi" | "uwsgi";
  /**
   * Where to listen: `HOST:PORT`, `:PORT` for all IPv4 addresses, `[::1]:PORT`, `unix:/path`. Port 0 picks a
   * free one.
   *
   * @default {"127.0.0.1:8000"}
   */
  bind?: string;
  /**
   * The maximum number of pending connections.
   *
   * @default {2048}
   */
  backlog?: number;
  /** The certificate file, in PEM, to serve HTTPS. Requires the protocol `http` and a `HOST:PORT`. */
  certfile?: string;
  /**
   * The file of its private key, in PEM.
   *
   * @default {certfile}
   */
  keyfile?: string;
  /** The path at which the application is mounted, such as `/prefix`: its `SCRIPT_NAME`. */
  root_path?: string;
  /**
   * The proxies whose `X-Forwarded-*` and `Forwarded` headers are trusted: addresses, ranges, `unix`, or `*` for all,
   * separated by commas.
   *
   * @default {"127.0.0.1,::1,unix"}
   */
  forwarded_allow_ips?: string;
  /**
   * How long `shutdown()` waits for requests in flight, in seconds.
   *
   * @default {30}
   */
  graceful_timeout?: number;
  /**
   * Where to log requests: a file, `-` for stderr, or `none`.
   *
   * @default {"-"}
   */
  access_logfile?: string;
  /**
   * The format of that log: `common`, `combined`, `json`, or a string with gunicorn's atoms.
   *
   * @default {"common"}
   */
  access_logformat?: string;
  /**
   * Where to log errors, and what the application writes to `wsgi.errors`: a file, or `-` for stderr; over FastCGI, `-`
   * is the web server's log.
   *
   * @default {"-"}
   */
  error_logfile?: string;
  /**
   * The minimum level of the server's own messages; errors of the application have the level `error`.
   *
   * @default {"info"}
   */
  log_level?: "debug" | "info" | "warning" | "error" | "critical";
  /**
   * How long the application may take to begin its response, in seconds; 0 for no limit.
   *
   * @default {30}
   */
  timeout?: number;
  /**
   * The maximum number of concurrent requests; 0 for no limit.
   *
   * @default {0}
   */
  limit_concurrency?: number;
  /**
   * The maximum size of a request body, in bytes or as `"64k"`, `"10m"`; 0 for no limit.
   *
   * @default {"1g"}
   */
  limit_request_body?: number | string;
  /**
   * The maximum size of the request line, in bytes; 0 for no limit.
   *
   * @default {8190}
   */
  limit_request_line?: number | string;
  /**
   * The maximum number of headers; 0 for no limit.
   *
   * @default {100}
   */
  limit_request_fields?: number;
  /**
   * The maximum size of a header, in bytes; 0 for no limit.
   *
   * @default {"16k"}
   */
  limit_request_field_size?: number | string;
  /**
   * Whether to wrap the application in `validator`.
   *
   * @default {false}
   */
  validate?: boolean;
  /**
   * Whether to show errors to clients. Requires a loopback address; shown only if the host of the request is this
   * machine.
   *
   * @default {false}
   */
  debug?: boolean;
  /**
   * Whether to show errors to all clients.
   *
   * @default {false}
   */
  debug_anywhere?: boolean;
}

/**
 * An application that is being served.
 *
 * @category Command
 */
export interface Serving extends AsyncDisposable {
  /** The address as a string: `127.0.0.1:8000`, `[::1]:8000`, `unix:/path`. */
  readonly address: string;
  /** The address; its port is the real one if 0 was requested. */
  readonly server_address: ServerAddress;
  /** Resolves when the server has stopped, for whatever reason. */
  readonly finished: Promise<void>;
  /**
   * Stops accepting requests, and resolves when those in flight are answered and all logs are written, or after
   * `graceful_timeout`. Any that remain are cut off, except over HTTP: Deno does not close connections that it is
   * shutting down.
   */
  shutdown(): Promise<void>;
  /** Closes all connections at once. Over HTTP, those that `shutdown()` waits for stay open, but are no longer waited for. */
  server_close(): Promise<void>;
  /** Reopens the log files after they were renamed. */
  reopen_logs(): void;
  /**
   * Calls `server_close()` at the end of an `await using` block. If there has been no request and nothing awaits
   * `finished`, the error log says so.
   */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Serves an application, as the command does, until it is stopped.
 *
 * @param app The application: a WSGI function, or an object with a `fetch` method, such as a Hono application.
 * @param options The settings; the defaults are those of the command.
 * @returns The server, as soon as it listens.
 * @throws {TypeError} If `app` is neither, or if an option or its value is invalid.
 * @throws {Deno.errors.AddrInUse} If the address is in use.
 * @throws {Error} If it cannot listen there, or a file cannot be read or written.
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
 *
 * @category Command
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
      const remedy = remedy_of_application(app);
      throw new TypeError(
        `serve() takes an ${APPLICATION}, got ${describe(app)}${
          remedy && `: ${remedy}`
        }`,
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
    const remedy = did_you_mean(suggested_setting(name)) ||
      `: it takes ${names}`;
    throw new TypeError(`serve() has no option ${name}${remedy}`);
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

/** A running service, for the program that started it. */
class Served implements Serving {
  readonly server_address: ServerAddress;
  #finished: Promise<void>;
  /** Whether the program has asked for `finished`. */
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
