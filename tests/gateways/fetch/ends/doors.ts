/** The doors to the handler: each server by itself, in the command, and behind web servers; and a CGI script. */

import { serve as serve_by_command } from "../../../../cli/mod.ts";
import {
  type FetchHandler,
  from_fetch,
  to_fetch,
} from "../../../../gateways/fetch.ts";
import {
  make_server,
  type ServerAddress,
  WSGIRequestHandler,
} from "../../../../simple_server.ts";
import { in_front as behind_apache } from "../../../fronts/apache.ts";
import {
  type Front,
  make_folder,
  read_log,
  remove_folder,
} from "../../../fronts/fronts.ts";
import { in_front as behind_lighttpd } from "../../../fronts/lighttpd.ts";
import { in_front as behind_nginx_conf } from "../../../fronts/nginx.ts";
import { Log, serve, until } from "../../../support/support.ts";
import {
  connect,
  fastcgi,
  open_gateway,
  type Protocol,
  scgi,
  uwsgi,
} from "../../gateway_clients.ts";
import { serve_fetch } from "../fetch_handlers.ts";
import {
  Conversation,
  type EndsRequest,
  http,
  line_of,
  type Wire,
  wire_of,
} from "./conversation.ts";
import { ending, Notes } from "./handler.ts";
import { script_door } from "./script_door.ts";

/** A way to the handler. */
export interface EndsDoor extends AsyncDisposable {
  /** Sends a request up to its body. */
  start(key: string, request: EndsRequest): Promise<Conversation>;
  /** What the handler has noted in a request, in alphabetical order. */
  notes(key: string): string[];
  /** What has been logged. */
  log(): string;
}

/** A server of a handler. */
interface Opened extends AsyncDisposable {
  address: ServerAddress;
  /** What it has logged. */
  log(): string;
}

type Open = (handler: FetchHandler) => Promise<Opened> | Opened;

/** A server in this process, whose handler keeps its notes in memory. */
function door_of(wire: Wire, open: Open): () => Promise<EndsDoor> {
  return async () => {
    const notes = new Notes();
    const server = await open(ending(notes.note));
    return {
      async start(key, request) {
        const line = line_of(await connect(server.address));
        const begun = () => until(() => notes.of(key).includes("begun"));
        return await Conversation.start(line, wire, request, begun);
      },
      notes: (key) => notes.of(key),
      log: () => server.log(),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  };
}

/** Has a log of errors only, so that responses of a fetch handler are sent as they are. */
class Silent extends WSGIRequestHandler {
  static errors = new Log();
  override get_stderr = () => Silent.errors;
  override log_request() {}
}

function open_silent(handler: FetchHandler): Opened {
  const app = from_fetch(handler);
  const server = make_server("127.0.0.1", 0, app, undefined, Silent);
  server.serve_forever();
  return {
    address: server.server_address,
    log: () => Silent.errors.text,
    [Symbol.asyncDispose]: () => server.server_close(),
  };
}

function open_logged(handler: FetchHandler): Opened {
  const { server, log } = serve(from_fetch(handler));
  return {
    address: server.server_address,
    log: () => log.text,
    [Symbol.asyncDispose]: () => server.server_close(),
  };
}

function open_fetch(handler: FetchHandler): Opened {
  const log = new Log();
  const { port, ...server } = serve_fetch(
    to_fetch(from_fetch(handler), { stderr: log }),
  );
  return {
    address: ["127.0.0.1", port],
    log: () => log.text + server.log.join("\n"),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function open_protocol(protocol: Protocol): Open {
  return async (handler) => {
    const gateway = await open_gateway(protocol, from_fetch(handler));
    return {
      address: gateway.server.server_address,
      log: () => gateway.log.text,
      [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
    };
  };
}

/** What the command serves, with all of its middleware. */
type CommandProtocol = "http" | "scgi" | "fastcgi" | "uwsgi";

/** The command at a socket in a folder of its own. */
async function open_command(
  handler: FetchHandler,
  protocol: CommandProtocol,
  folder: string,
): Promise<Opened> {
  const serving = await serve_by_command({ fetch: handler }, {
    protocol,
    bind: `unix:${folder}/app.sock`,
    access_logfile: "none",
    error_logfile: `${folder}/error.log`,
  });
  return {
    address: serving.server_address,
    log: () => read_log(`${folder}/error.log`),
    [Symbol.asyncDispose]: () => serving.server_close(),
  };
}

function open_in_command(protocol: CommandProtocol): Open {
  return async (handler) => {
    const folder = await make_folder();
    const command = await open_command(handler, protocol, folder);
    return {
      ...command,
      async [Symbol.asyncDispose]() {
        await command[Symbol.asyncDispose]();
        await remove_folder(folder);
      },
    };
  };
}

/** Starts a web server in front of a socket. */
type StartFront = (socket: string) => Promise<Front>;

function open_behind(protocol: CommandProtocol, start: StartFront): Open {
  return async (handler) => {
    const folder = await make_folder();
    const command = await open_command(handler, protocol, folder);
    const socket = `${folder}/app.sock`;
    const front = await start(socket);
    return {
      address: ["127.0.0.1", front.port],
      log: command.log,
      async [Symbol.asyncDispose]() {
        await front[Symbol.asyncDispose]();
        await command[Symbol.asyncDispose]();
        await remove_folder(folder);
      },
    };
  };
}

/** The doors that need no other server. */
export const own_doors: Record<string, () => Promise<EndsDoor>> = {
  "make_server()": door_of(http, open_silent),
  "make_server() with a log": door_of(http, open_logged),
  "to_fetch() under Deno.serve": door_of(http, open_fetch),
  "SCGI": door_of(wire_of(scgi), open_protocol(scgi)),
  "FastCGI": door_of(wire_of(fastcgi), open_protocol(fastcgi)),
  "uwsgi": door_of(wire_of(uwsgi), open_protocol(uwsgi)),
  "the command by HTTP": door_of(http, open_in_command("http")),
  "the command by FastCGI": door_of(
    wire_of(fastcgi),
    open_in_command("fastcgi"),
  ),
  "a CGI script": script_door,
};

function behind_nginx(protocol: CommandProtocol): () => Promise<EndsDoor> {
  const start = behind_nginx_conf(`nginx_${protocol}.conf`);
  return door_of(http, open_behind(protocol, start));
}

/** The command behind web servers, by the names of their programs. */
export const front_doors: Record<
  string,
  Record<string, () => Promise<EndsDoor>>
> = {
  nginx: {
    "nginx by HTTP": behind_nginx("http"),
    "nginx by SCGI": behind_nginx("scgi"),
    "nginx by FastCGI": behind_nginx("fastcgi"),
    "nginx by uwsgi": behind_nginx("uwsgi"),
  },
  apache2: {
    "Apache by FastCGI": door_of(
      http,
      open_behind("fastcgi", behind_apache("fastcgi")),
    ),
  },
  lighttpd: {
    "lighttpd by FastCGI": door_of(
      http,
      open_behind("fastcgi", behind_lighttpd("fastcgi")),
    ),
  },
};
