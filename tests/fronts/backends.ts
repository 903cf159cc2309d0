/** What stands behind the web servers of the tests, each with the applications of the table, and the doors with both. */

import { assert, assertEquals } from "@std/assert";
import { basename, join } from "node:path";
import { serve_fastcgi } from "../../gateways/fastcgi.ts";
import { type GatewayServer, serve_scgi } from "../../gateways/scgi.ts";
import { serve_uwsgi } from "../../gateways/uwsgi.ts";
import type { ErrorStream, WSGIApplication } from "../../types.ts";
import { dispatcher } from "../conformance/apps/dispatcher.ts";
import type { HTTPDoor } from "../conformance/doors/door.ts";
import {
  type CGIScript,
  connect,
  deployment,
  type Front,
  front_door,
  make_cgi_script,
  make_folder,
  path_of,
  remove_folder,
  start_service,
  until_ready,
} from "./fronts.ts";
import { Log } from "../support/support.ts";

/** A server of an application behind a web server. */
interface Backend extends AsyncDisposable {
  /** What has been logged so far, `wsgi.errors` and errors. */
  log(): string;
}

/** Starts a backend that listens at a Unix socket. */
type StartBackend = (socket: string) => Backend | Promise<Backend>;

/** What starts a gateway. */
type ServeGateway = (
  app: WSGIApplication,
  address: string,
  options: { stderr: ErrorStream },
) => GatewayServer;

/** A gateway in this process, so that its log is in memory. */
function gateway(serve: ServeGateway): StartBackend {
  return (socket) => {
    const log = new Log();
    const server = serve(dispatcher, socket, { stderr: log });
    server.log_request = () => {};
    server.serve_forever();
    return {
      log: () => log.text,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  };
}

export const scgi_backend: StartBackend = gateway(serve_scgi);
export const fastcgi_backend: StartBackend = gateway(serve_fastcgi);
export const uwsgi_backend: StartBackend = gateway(serve_uwsgi);

/** The arguments of Deno in a command of a recommended file, on this machine. */
export function deployed_args(
  command: string,
  socket: string,
  module: string,
): string[] {
  const [program, ...words] = command.split(" ");
  assertEquals(basename(program!), "deno");
  const replaced = new Map([
    ["jsr:@tsgi/serve", path_of("mod.ts")],
    ["unix:/run/tsgi/app.sock", `unix:${socket}`],
    ["/srv/app/app.ts", module],
  ]);
  for (const word of replaced.keys()) assert(words.includes(word), word);
  return words.map((word) => replaced.get(word) ?? word);
}

/** The command of this package, as the first line of a recommended file has it. */
export function command_backend(file: string): StartBackend {
  const [, command] = deployment(file).match(/^# .*`(.*)`\.\n/)!;
  return async (socket) => {
    const module = path_of("tests/conformance/apps/dispatcher.ts");
    const args = deployed_args(command!, socket, module);
    const server = start_service(
      Deno.execPath(),
      [...args, "--access-logfile", "none"],
      { env: { NO_COLOR: "1" } },
    );
    const ask = () => connect({ transport: "unix", path: socket });
    await until_ready(server, ask);
    return {
      // Without what the command puts around a stack: doors without the command have none.
      log: () =>
        server.stderr()
          .replaceAll(/^\[.*error while answering.*\n|^ {4}in .*\n/gm, ""),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  };
}

/** A backend at a socket in a temporary folder, and a web server in front of it. */
export async function backend_door(
  start_backend: StartBackend,
  start_front: (socket: string) => Promise<Front>,
): Promise<HTTPDoor> {
  const folder = await make_folder();
  const socket = join(folder, "app.sock");
  const backend = await start_backend(socket);
  const front = await start_front(socket);
  return front_door(front, backend.log, backend, removal(folder));
}

/** A web server that runs a script, the recommended one unless told otherwise, whose path it is given, and whose stderr is its error log. */
export async function cgi_door(
  start_front: (script: string) => Promise<Front>,
  make_script: (folder: string) => Promise<CGIScript> = make_cgi_script,
): Promise<HTTPDoor> {
  const folder = await make_folder();
  const { path, facts } = await make_script(folder);
  const front = await start_front(path);
  // Without the line about an error that has no frame of the application: doors without the command have none.
  const log = () =>
    front.error_log().replaceAll(/^.* {4}in .*cgi\.ts.*\n/gm, "");
  const door = front_door(front, log, removal(folder));
  return { ...door, facts };
}

/** Removes a folder when it is disposed of. */
function removal(folder: string): AsyncDisposable {
  return {
    [Symbol.asyncDispose]: () => remove_folder(folder),
  };
}
