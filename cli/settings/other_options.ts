/** Options of other servers and of Deno, and what there is for them here. */

import { flag_of, OPTIONS } from "./options.ts";
import { nearest } from "./suggestion.ts";

/**
 * What other servers (uvicorn, gunicorn, waitress, uwsgi, `deno serve`) call it, without dashes, and a text for it; `""`
 * where there is nothing like it.
 */
const ELSEWHERE: Record<string, string> = {
  port: "--bind :8000",
  host: "--bind 127.0.0.1:8000",
  hostname: "--bind 127.0.0.1:8000",
  address: "--bind 127.0.0.1:8000",
  listen: "--bind 127.0.0.1:8000",
  http: "--bind 127.0.0.1:8000",
  socket: "--bind unix:/path",
  unix_socket: "--bind unix:/path",
  uds: "--bind unix:/path",
  fastcgi: "--protocol fastcgi",
  fcgi: "--protocol fastcgi",
  scgi: "--protocol scgi",
  uwsgi: "--protocol uwsgi",
  cgi: "--protocol cgi",
  ssl_certfile: "--certfile",
  cert: "--certfile",
  tls: "--certfile",
  https: "--certfile",
  ssl_keyfile: "--keyfile",
  key: "--keyfile",
  processes: "--workers",
  threads: "--workers",
  parallel: "--workers",
  preload: "",
  limit_max_requests: "--max-requests",
  timeout_graceful_shutdown: "--graceful-timeout",
  app_dir: "--chdir",
  watch: "--reload",
  dev: "--reload --debug",
  log_file: "--error-logfile",
  errorlog: "--error-logfile",
  accesslog: "--access-logfile",
  no_access_log: "--access-logfile none",
  verbose: "--log-level debug",
  quiet: "--log-level warning",
  mount: "--root-path",
  script_name: "--root-path",
  prefix: "--root-path",
  proxy_headers: "--forwarded-allow-ips",
  max_body_size: "--limit-request-body",
  pidfile: "--pid",
};

/** Deno's own options, as far as they may stand before what it runs. */
const DENO =
  /^-A$|^--(allow|deny|unstable|inspect|no-check|no-lock|v8-flags|import-map|env-file|node-modules-dir|cached-only)/;

/** How to write what `given`, an option with its dashes, may have meant; null if there is none. */
export function suggested_option(
  given: string,
  own: readonly string[],
): string | null {
  const name = given.replace(/^-+/, "").replaceAll("-", "_");
  if (Object.hasOwn(ELSEWHERE, name)) return ELSEWHERE[name] || null;
  if (given === "-V") return "--version";
  return given.startsWith("--") ? nearest(given, own) : null;
}

/** Whether an option is one of Deno's, and came behind what Deno runs. */
export function is_of_deno(given: string): boolean {
  return DENO.test(given);
}

/** How a file of settings writes what `given` may have meant; null if there is none. */
export function suggested_setting(given: string): string | null {
  const name = given.replaceAll("-", "_");
  const names = [...Object.keys(OPTIONS), "application"];
  const [flag, value] = (ELSEWHERE[name] ?? "").split(" ");
  if (!flag || !Object.hasOwn(ELSEWHERE, name)) return nearest(name, names);
  const setting = names.find((name) => flag_of(name) === flag)!;
  return value ? `"${setting}": "${value}"` : setting;
}
