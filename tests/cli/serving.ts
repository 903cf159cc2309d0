/** What the tests of `serve()` share: applications, options, and a test that lets go of everything. */

import type { ServeOptions, Serving } from "../../cli/mod.ts";
import type { WSGIApplication } from "../../types.ts";
import { type Folder, WAITING_APPS } from "../support/command.ts";
import { fastcgi, scgi, uwsgi } from "../gateways/gateway_clients.ts";

/** Answers with the method, the path and the body of the request. */
export const echo: WSGIApplication = async (environ, start_response) => {
  const body = await new Response(environ["wsgi.input"]).text();
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  const { REQUEST_METHOD, SCRIPT_NAME, PATH_INFO, REMOTE_ADDR } = environ;
  const seen = [REQUEST_METHOD, SCRIPT_NAME, PATH_INFO, REMOTE_ADDR, body];
  return [new TextEncoder().encode(seen.join("|"))];
};

export const failing: WSGIApplication = () => {
  throw new Error("the well is dry");
};

/** What every test here serves with, unless it is about that. A limit of time leaves a timer behind for a while. */
export const QUIET: ServeOptions = {
  bind: "127.0.0.1:0",
  access_logfile: "none",
  timeout: 0,
};

export async function get(serving: Serving, path = "/"): Promise<string> {
  return await (await fetch(`http://${serving.address}${path}`)).text();
}

/** Applications that wait at a gate, imported from a file in `folder`. */
export async function waiting_apps(
  folder: Folder,
): Promise<Record<"default" | "stream", WSGIApplication>> {
  await Deno.writeTextFile(`${folder.path}/app.ts`, WAITING_APPS);
  return await import(folder.url("app.ts"));
}

/** A test that must let go of every file, connection and timer. */
export function test(
  name: string,
  fn: () => Promise<void>,
  ignore = false,
): void {
  Deno.test({ name, fn, ignore, sanitizeResources: true });
}

export const gateways = { scgi, fastcgi, uwsgi };

/** Every option, with another value than its default. */
export const EVERY: Required<ServeOptions> = {
  interface: "wsgi",
  keep_script_name: true,
  protocol: "scgi",
  bind: "127.0.0.1:0",
  backlog: 16,
  certfile: "certificate.pem",
  keyfile: "key.pem",
  root_path: "/x",
  forwarded_allow_ips: "10.0.0.0/8",
  graceful_timeout: 1,
  access_logfile: "none",
  access_logformat: "json",
  error_logfile: "log",
  log_level: "debug",
  timeout: 1.5,
  limit_concurrency: 10,
  limit_request_body: "10m",
  limit_request_line: 100,
  limit_request_fields: 10,
  limit_request_field_size: "1k",
  validate: true,
  debug: true,
  debug_anywhere: true,
};

/** The settings of the command that would do something to the process. */
export const OF_A_PROCESS = {
  application: "app.ts",
  chdir: "..",
  pythonpath: "packages",
  umask: "022",
  workers: 2,
  max_requests: 10,
  max_requests_jitter: 10,
  pid: "pid",
  reload: true,
};
