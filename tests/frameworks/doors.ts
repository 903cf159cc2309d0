/** The doors through which the application of a framework is tested, and the call without a door that they are compared with. */

import { type Application, as_wsgi } from "../../cli/application.ts";
import { serve_fastcgi } from "../../gateways/fastcgi.ts";
import type { FetchApplication, FetchHandler } from "../../gateways/fetch.ts";
import { make_server } from "../../simple_server.ts";
import type { WSGIApplication } from "../../types.ts";
import type { Answer, DoorRequest } from "../conformance/doors/door.ts";
import { http_door } from "../conformance/doors/http.ts";
import { start_nginx } from "../fronts/nginx.ts";
import { answer_of, fetch_request, run_cgi } from "../gateways/hono/ways.ts";
import { Log } from "../support/support.ts";
import { mod } from "../support/command.ts";

/** An application, and its module. */
export interface Served<App extends Application = Application> {
  app: App;
  module: URL;
}

/** A door that can serve any application. */
export interface FrameworkDoor extends AsyncDisposable {
  /** Where the application is mounted. */
  script_name: string;
  /** Whether only the cases in `BY_CGI` are tested. */
  is_slow: boolean;
  send(served: Served, request: DoorRequest): Promise<Answer>;
}

/** The response of the application itself, called without a door. */
export async function send_alone(
  { app }: Served<FetchApplication>,
  request: DoorRequest,
): Promise<Answer> {
  const info = {
    environ: { REQUEST_METHOD: request.method },
    remoteAddr: { hostname: "127.0.0.1" },
  };
  const context = { waitUntil() {}, passThroughOnException() {}, props: {} };
  const call = typeof app.fetch === "function"
    ? app.fetch.bind(app)
    : app as unknown as FetchHandler; // A bare function.
  const response = await call(
    fetch_request(request),
    info as unknown as Parameters<FetchHandler>[1],
    context,
  );
  return answer_of(response);
}

function wsgi_of({ app }: Served): Promise<WSGIApplication> {
  return as_wsgi(app, { interface: "auto", keep_script_name: false });
}

const unset: WSGIApplication = () => [];

/** `make_server()` in this process. */
export function http(): FrameworkDoor {
  const server = make_server("127.0.0.1", 0, unset);
  server.RequestHandlerClass = class extends server.RequestHandlerClass {
    override get_stderr = () => new Log();
    override log_request() {}
  };
  server.serve_forever();
  const door = http_door(
    { hostname: "127.0.0.1", port: server.server_port },
    () => "",
    () => server.server_close(),
  );
  return {
    script_name: "",
    is_slow: false,
    async send(served, request) {
      server.set_app(await wsgi_of(served));
      return await door.send(request);
    },
    [Symbol.asyncDispose]: () => door[Symbol.asyncDispose](),
  };
}

/** FastCGI in this process, behind nginx. */
export async function fastcgi_behind_nginx(): Promise<FrameworkDoor> {
  const folder = await Deno.makeTempDir();
  const socket = `${folder}/app.sock`;
  const server = serve_fastcgi(unset, socket, { stderr: new Log() });
  server.log_request = () => {};
  server.serve_forever();
  const nginx = await start_nginx("nginx_fastcgi.conf", {
    "unix:/run/tsgi/app.sock": `unix:${socket}`,
  });
  const door = http_door(
    { hostname: "127.0.0.1", port: nginx.port },
    () => "",
    async () => {
      await nginx[Symbol.asyncDispose]();
      await server.server_close();
      await Deno.remove(folder, { recursive: true });
    },
  );
  return {
    script_name: "",
    is_slow: false,
    async send(served, request) {
      server.set_app(await wsgi_of(served));
      return await door.send(request);
    },
    [Symbol.asyncDispose]: () => door[Symbol.asyncDispose](),
  };
}

/** The command as a CGI script, which is mounted below a path. */
export function cgi(): FrameworkDoor {
  const script_name = "/cgi-bin/app.cgi";
  return {
    script_name,
    is_slow: true,
    async send({ module }, request) {
      const args = ["run", "-A", "--no-lock", mod, module.pathname];
      const { answer } = await run_cgi(request, args, script_name);
      return answer;
    },
    async [Symbol.asyncDispose]() {},
  };
}
