/**
 * WSGI (PEP 3333) and Python's `wsgiref` for Deno: serves one application, `app(environ, start_response)`, over HTTP,
 * CGI, SCGI, FastCGI or uwsgi, or as a fetch handler.
 *
 * When run, this module is the command that serves an application:
 *
 * ```sh
 * deno run -A jsr:@tsgi/serve app.ts
 * ```
 *
 * @example
 * ```ts
 * import { make_server } from "@tsgi/serve";
 * import { assertEquals } from "@std/assert";
 *
 * await using httpd = make_server("127.0.0.1", 0, (_environ, start_response) => {
 *   start_response("200 OK", [["Content-Type", "text/plain"]]);
 *   return [new TextEncoder().encode("Hello")];
 * });
 * httpd.serve_forever();
 * const response = await fetch(`http://127.0.0.1:${httpd.server_port}/`);
 * assertEquals(await response.text(), "Hello");
 * ```
 *
 * @module
 */

export * from "./gateways/fastcgi.ts";
export * from "./gateways/fetch.ts";
export * from "./gateways/scgi.ts";
export * from "./gateways/uwsgi.ts";
export * from "./handlers.ts";
export * from "./headers.ts";
export * from "./simple_server.ts";
export type * from "./types.ts";
export * from "./util.ts";
export * from "./validate.ts";

if (import.meta.main) {
  // Not awaited, because an application that imports this module would deadlock.
  import("./cli/main.ts")
    .then(({ main }) => main(Deno.args))
    .then((status) => Deno.exit(status));
}
