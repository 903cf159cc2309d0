/** The server of each protocol, as the command runs it: with counted and logged requests, and error pages for `--debug`. */

import {
  request_line,
  type Variables,
} from "../_internal/request/variables.ts";
import { escape_controls } from "../_internal/text/log.ts";
import { format_exception } from "../_internal/handler/traceback.ts";
import { FastCGIServer } from "../gateways/fastcgi.ts";
import type { GatewayHandler } from "../gateways/gateway_handler.ts";
import type { GatewayServer } from "../gateways/gateway_server.ts";
import { SCGIServer } from "../gateways/scgi.ts";
import { UWSGIServer } from "../gateways/uwsgi.ts";
import { type BaseCGIHandler, CGIHandler } from "../handlers.ts";
import {
  type ServerAddress,
  ServerHandler,
  WSGIRequestHandler,
  type WSGIRequestHandlerClass,
  WSGIServer,
  type WSGIServerOptions,
} from "../simple_server.ts";
import type { ErrorStream, WSGIApplication } from "../types.ts";
import type { HandlerClass } from "./debug/debug_page.ts";
import type { ErrorLog } from "./logs/error_log.ts";
import type { Requests } from "./requests.ts";

/** What all servers of this package have in common. */
export interface Server {
  server_address: ServerAddress;
  multiprocess: boolean;
  set_app(app: WSGIApplication): void;
  serve_forever(): Promise<void>;
  /** HTTP only: keeps serving until `shutdown()` loses no request, if others listen at the same port. */
  hand_over?(moment: number): Promise<void>;
  shutdown(): Promise<void>;
  server_close(): Promise<void>;
}

/** How requests are handled. */
export interface Handling {
  requests: Requests;
  /** The module of the application; null if a program passed it to `serve()`. */
  application: string | null;
  /** Receives `wsgi.errors` and the stacks of errors. */
  errors: ErrorLog;
  /** Whether that is a file, which is used even if the protocol has a stream for errors. */
  errors_are_named: boolean;
  /** Makes a class of handlers show errors to the client; null if they must not. */
  debug_handler: (<Class extends HandlerClass>(Base: Class) => Class) | null;
}

/** The server of HTTP. */
export function http_server(
  address: ServerAddress,
  handling: Handling,
  options: WSGIServerOptions,
): Server {
  const server = new WSGIServer(address, request_handler(handling), options);
  server.handle_error = (error) => {
    log_failure(handling, "a request", error);
    return new Response(null, { status: 500 });
  };
  server.log_error = (text) => handling.errors.log_text("error", text);
  return server;
}

/** Logs an error with its stack, after a line that names the request. */
function log_failure(
  { errors, application }: Handling,
  request: string,
  error: unknown,
): void {
  const message = `error while answering ${escape_controls(request)}:`;
  errors.log_text("error", `${message}\n${text_of(error, application)}`);
}

/** An error with its stack; if that has no frames, with the module of the application. */
function text_of(error: unknown, application: string | null): string {
  const text = format_exception(error);
  const has_frames = /^\s+at /m.test(text);
  return has_frames || application === null
    ? text
    : `${text}    in ${application}\n`;
}

function request_handler(handling: Handling): WSGIRequestHandlerClass {
  const { requests, errors, debug_handler } = handling;
  const handler_class = debug_handler?.(ServerHandler) ?? ServerHandler;
  return class extends WSGIRequestHandler {
    override handler_class = handler_class;
    #started = requests.begin();

    override get_stderr(): ErrorStream {
      return errors;
    }

    log_exception(error: unknown): void {
      log_failure(handling, `"${this.requestline}"`, error);
    }

    override handle(): Response | Promise<Response> {
      try {
        const response = super.handle();
        return requests.are_last ? last_response(response) : response;
      } catch (error) {
        requests.forget();
        throw error;
      }
    }

    protected override is_counted(): boolean {
      return requests.are_logged;
    }

    override log_request(code: string, size = 0): void {
      requests.end(this.handler, code, size, this.#started);
    }
  };
}

/** Makes a response close its connection. */
async function last_response(
  response: Response | Promise<Response>,
): Promise<Response> {
  const last = await response;
  try {
    last.headers.set("Connection", "close");
    return last;
  } catch {
    // A fetch handler may return one whose headers are immutable: `Response.redirect()`, or that of a `fetch()`.
    const copy = new Response(last.body, last);
    copy.headers.set("Connection", "close");
    return copy;
  }
}

const GATEWAYS = {
  scgi: SCGIServer,
  fastcgi: FastCGIServer,
  uwsgi: UWSGIServer,
};

/** The server of one of the gateways' protocols. */
export function gateway_server(
  protocol: keyof typeof GATEWAYS,
  address: ServerAddress,
  handling: Handling,
  options: { tcpBacklog: number; reusePort?: boolean },
): Server {
  const { requests, errors, errors_are_named, debug_handler } = handling;
  const has_own_log = errors_are_named || protocol !== "fastcgi";
  const server: GatewayServer & {
    handler_class: typeof GatewayHandler;
  } = new GATEWAYS[protocol](address, {
    ...options,
    ...has_own_log ? { stderr: errors } : {},
  });
  const { handler_class } = server;
  const Base = debug_handler?.(handler_class) ?? handler_class;
  class Handler extends Base {
    readonly started = requests.begin();

    override log_exception(error: unknown): void {
      if (has_own_log) log_exception(handling, this, error);
      else write_exception(handling, this, error);
    }
  }
  server.handler_class = Handler;
  server.log_request = (_variables, code, size, handler) =>
    requests.end(handler, code, size, (handler as Handler).started);
  server.handle_error = (error) => log_failure(handling, "a request", error);
  server.log_error = (text) => errors.log_text("error", text);
  return server;
}

/** Logs an error of a gateway or of CGI. */
function log_exception(
  handling: Handling,
  { base_env }: BaseCGIHandler,
  error: unknown,
): void {
  log_failure(handling, `"${request_line(base_env as Variables)}"`, error);
}

/** Writes an error to the web server, whose log names the request. */
function write_exception(
  { application }: Handling,
  handler: BaseCGIHandler,
  error: unknown,
): void {
  const stderr = handler.get_stderr();
  stderr.write(text_of(error, application));
  stderr.flush();
}

/** Answers the request that this CGI script was started for. */
export async function run_script(
  app: WSGIApplication,
  handling: Handling,
): Promise<void> {
  const { requests, errors, errors_are_named, debug_handler } = handling;
  const handler = new (debug_handler?.(CGIHandler) ?? CGIHandler)();
  const started = requests.begin();
  handler.stderr = errors;
  handler.log_request = (code, size) =>
    requests.end(handler, code, size, started);
  const log = errors_are_named ? log_exception : write_exception;
  handler.log_exception = (error) => log(handling, handler, error);
  await handler.run(app);
}
