/** nginx, as the tests start it with the sites of `examples/deployments/`. */

import { NGINX_UNFRAMED } from "../conformance/limits.ts";
import type { Limit } from "../conformance/run.ts";
import { join } from "node:path";
import {
  connect,
  deployment,
  type Front,
  type Place,
  start_front,
  start_service,
  until_ready,
} from "./fronts.ts";

/** The part of `/etc/nginx` that a site builds on, in a temporary folder. */
function main_config(site: string, { folder }: Place): string {
  const temporary = ["client_body", "proxy", "fastcgi", "scgi", "uwsgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`);
  // Without a master there is one process, which ends with the test whatever happens.
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  server_tokens off;
  ${temporary.join("\n  ")}
  ${site}
}
`;
}

/** A recommended site, and what is replaced in it. */
type Site = [name: string, literals: Record<string, string>];

/** Starts nginx with one of the recommended sites. */
export function start_nginx(
  name: string,
  literals: Record<string, string>,
): Promise<Front> {
  return start_sites([name, literals]);
}

/** Starts nginx with recommended sites, one file after the other. */
export function start_sites(...sites: Site[]): Promise<Front> {
  const all = ({ port, secure_port, certificate, key }: Place) =>
    sites.map(([name, literals]) =>
      deployment(name, {
        "listen 80;": `
    listen 127.0.0.1:${port};
    listen 127.0.0.1:${secure_port} ssl;
    ssl_certificate ${certificate};
    ssl_certificate_key ${key};`,
        ...literals,
      })
    ).join("\n");
  return start_front({
    program: "nginx",
    args: (
      { folder },
    ) => ["-e", "stderr", "-p", folder, "-c", join(folder, "nginx.conf")],
    files: (place) => ({ "nginx.conf": main_config(all(place), place) }),
  });
}

/** Starts nginx with one of the recommended sites in front of a socket. */
export function in_front(name: string): (socket: string) => Promise<Front> {
  return (socket) =>
    start_nginx(name, { "unix:/run/tsgi/app.sock": `unix:${socket}` });
}

/** Starts nginx and fcgiwrap, which runs the script, and has its stderr. */
export async function start_fcgiwrap(script: string): Promise<Front> {
  const socket = `${script}.sock`;
  const fcgiwrap = start_service("fcgiwrap", ["-s", `unix:${socket}`]);
  const ask = () => connect({ transport: "unix", path: socket });
  await until_ready(fcgiwrap, ask);
  const nginx = await start_nginx("nginx_cgi.conf", {
    "unix:/run/fcgiwrap.socket": `unix:${socket}`,
    "/srv/app/app.cgi": script,
  });
  return {
    ...nginx,
    error_log: fcgiwrap.stderr,
    async [Symbol.asyncDispose]() {
      await nginx[Symbol.asyncDispose]();
      await fcgiwrap[Symbol.asyncDispose]();
    },
  };
}

/** What fcgiwrap cannot carry of the conformance table. */
export const FCGIWRAP: Limit[] = [
  {
    reason:
      "before version 1.23 nginx sends a variable for each header, and a process has one of each name only",
    rows: ["a repeated header", "a Cookie that is repeated"],
  },
  {
    reason:
      "a CGI script is not told that its client has left, unless it writes",
    rows: ["a client that leaves has a stream cancelled, though it waits"],
  },
  {
    reason: "fcgiwrap takes nothing more from a script whose client has left",
    rows: ["a client that leaves has a generator finished"],
    expected: {},
    silent: true,
  },
  ...NGINX_UNFRAMED,
];
