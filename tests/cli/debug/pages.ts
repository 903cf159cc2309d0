/** Shared by the tests of the error page: pages for an error, for a path, from a server, from a child process. */

import { assert, assertEquals } from "@std/assert";
import { debug_handler } from "../../../cli/debug/debug_page.ts";
import { BaseCGIHandler } from "../../../handlers.ts";
import { ServerHandler, WSGIRequestHandler } from "../../../simple_server.ts";
import type { HeaderList, WSGIEnvironment } from "../../../types.ts";
import fail from "./debug_page_app.ts";
import {
  Log,
  root,
  run_app,
  serve,
  Sink,
  stream_of,
  text,
} from "../../support/support.ts";

export const MASK = "********";

export const DebugHandler = debug_handler(BaseCGIHandler);

/** The response of `error_output`. */
export interface Output {
  status: string;
  headers: Record<string, string>;
  exc_info: unknown;
  body: string;
  log: string;
}

/** Calls `error_output` for an error, in a request with these variables. */
export function output_of(
  error: unknown,
  environ: Record<string, unknown> = {},
  adapt: (handler: BaseCGIHandler) => void = () => {},
): Output {
  const log = new Log();
  const handler = new DebugHandler(stream_of(), new Sink(), log, {});
  handler.exc_info = error;
  handler.os_environ = {};
  adapt(handler);
  const calls: [string, HeaderList, unknown][] = [];
  const result = handler.error_output(
    environ as WSGIEnvironment,
    (status, headers, exc_info) => {
      calls.push([status, headers, exc_info]);
      return async () => {};
    },
  );
  assertEquals(calls.length, 1);
  const [[status, headers, exc_info]] = calls as [typeof calls[0]];
  const [body] = result as Uint8Array[];
  return {
    status,
    headers: Object.fromEntries(headers),
    exc_info,
    body: new TextDecoder().decode(body),
    log: log.text,
  };
}

/** The page as text. */
export function text_of(
  error: unknown,
  environ: Record<string, unknown> = {},
): string {
  return output_of(error, environ).body;
}

/** The page as HTML. */
export function html_of(
  error: unknown,
  environ: Record<string, unknown> = {},
): string {
  return output_of(error, { ...environ, HTTP_ACCEPT: "text/html" }).body;
}

/** An error without frames. */
export function bare(message: string, options?: ErrorOptions): Error {
  const error = new Error(message, options);
  error.stack = "";
  return error;
}

/** The environ that the page shows, as names and values. */
export function shown_environ(page: string): Record<string, string> {
  const [, lines = ""] = page.match(/^Request: .*\n\n([^]*?)\n\n/m) ?? [];
  return Object.fromEntries(
    lines.split("\n").map((line) => line.split(" = ", 2)),
  );
}

/** Serves the application with the page. */
export function serve_debug() {
  class Handler extends WSGIRequestHandler {
    override handler_class = debug_handler(ServerHandler);
  }
  return serve(fail, Handler);
}

export const ACCEPT_HTML = { accept: "text/html" };

export async function get_html(url: string): Promise<string> {
  const response = await fetch(url, { headers: ACCEPT_HTML });
  assertEquals(response.status, 500);
  return await response.text();
}

/** The headline of each error in the page as text. */
export function headlines(error: unknown): string[] {
  return text_of(error).split("\n\nRequest: ")[0]!.split("\n\n");
}

export const app_url = new URL("tests/cli/debug/debug_page_app.ts", root);
export const source = Deno.readTextFileSync(app_url).split("\n");

/** The number of the line that ends in a comment. */
export function line_of(comment: string): number {
  const index = source.findIndex((line) => line.endsWith(`// ${comment}`));
  assert(index >= 0, comment);
  return index + 1;
}

/** The path of a file as the page shows it. */
export function shown_path(url: URL): string {
  const path = url.pathname;
  const folder = `${Deno.cwd()}/`;
  return path.startsWith(folder) ? path.slice(folder.length) : path;
}

export const app_path = shown_path(app_url);

/** The page that a client gets for a path of the application. */
export async function page_for(path: string, accept = "*/*"): Promise<string> {
  const { output } = await run_app(fail, {
    environ: { PATH_INFO: path, HTTP_ACCEPT: accept },
    handler_class: DebugHandler,
  });
  return output.slice(output.indexOf("\r\n\r\n") + 4);
}

/** Runs the application as a script with these permissions. */
export async function run_child(
  permissions: string[],
  args: string[],
  env: Record<string, string> = {},
): Promise<{ page: string; stderr: string }> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-lock",
      "--quiet",
      ...permissions,
      app_url.href,
      ...args,
    ],
    cwd: root,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const output = text(stdout);
  const page = output.slice(output.indexOf("\r\n\r\n") + 4);
  return { page, stderr: text(stderr) };
}
