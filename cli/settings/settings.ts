/** What the command can be told, wherever it is said. */

import type { ServerAddress } from "../../simple_server.ts";
import type { LogLevel } from "../logs/error_log.ts";

/** How requests come: HTTP and the protocols between a web server and an application. */
export const PROTOCOLS = ["http", "cgi", "scgi", "fastcgi", "uwsgi"] as const;

/** One of `PROTOCOLS`. */
export type Protocol = typeof PROTOCOLS[number];

/** How an application is called: uvicorn's `--interface`, with what Deno has. */
export const INTERFACES = ["auto", "wsgi", "fetch"] as const;

/** One of `INTERFACES`. */
export type Interface = typeof INTERFACES[number];

/** Every setting; `docs/cli.md` says more of each. */
export interface Settings {
  /** The application: `MODULE[:NAME]`; null for the demo application. */
  application: string | null;
  /** How it is called. */
  interface: Interface;
  /** Whether the URL of a fetch handler has `SCRIPT_NAME` in it. */
  keep_script_name: boolean;
  /** The folder to work in; null for that which the command was started in. */
  chdir: string | null;
  /** Where modules of Python are looked for before the working folder; null for nowhere. */
  pythonpath: string[] | null;

  /** How requests come. */
  protocol: Protocol;
  /** Where to listen. */
  bind: ServerAddress;
  /** How many connections the system keeps that are not accepted yet. */
  backlog: number;
  /** The file mode creation mask, for Unix sockets and logs; null leaves it. */
  umask: number | null;
  /** The file of the certificate; with it HTTPS is served. */
  certfile: string | null;
  /** The file of its key. */
  keyfile: string | null;
  /** Where the application is mounted: `SCRIPT_NAME`; null for the root. */
  root_path: string | null;
  /** Whose `X-Forwarded-*` headers are believed. */
  forwarded_allow_ips: string;

  /** How many processes serve, kept alive by another one; 0 for one process without that. */
  workers: number;
  /** After how many requests a worker is replaced; 0 for never. */
  max_requests: number;
  /** The most that is added to `max_requests`, at random. */
  max_requests_jitter: number;
  /** How long requests in flight may take when a process stops, in seconds. */
  graceful_timeout: number;
  /** Where the id of the process is written. */
  pid: string | null;
  /** Whether to restart when the application changes. */
  reload: boolean;

  /** Where the access log goes: a file, `-` for stderr, `none`. */
  access_logfile: string;
  /** What its lines are. */
  access_logformat: string;
  /** Where the error log goes: a file, or `-` for stderr. */
  error_logfile: string;
  /** What is written of the server's own messages. */
  log_level: LogLevel;

  /** How long an application may take to answer, in seconds; 0 for no limit. */
  timeout: number;
  /** How many requests may be in flight at once; 0 for no limit. */
  limit_concurrency: number;
  /** How many bytes the body of a request may have; 0 for no limit. */
  limit_request_body: number;
  /** How many bytes the request line may have; 0 for no limit. */
  limit_request_line: number;
  /** How many headers a request may have; 0 for no limit. */
  limit_request_fields: number;
  /** How many bytes a header may have; 0 for no limit. */
  limit_request_field_size: number;

  /** Whether the application runs behind `validator`. */
  validate: boolean;
  /** Whether errors are shown to the client, where that is this machine. */
  debug: boolean;
  /** Whether they are shown to everybody. */
  debug_anywhere: boolean;
}
