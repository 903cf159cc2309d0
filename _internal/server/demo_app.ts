/** The application to try a server with. */

import type { WSGIApplication } from "../../types.ts";
import { is_local, wants_html } from "../request/client.ts";
import { process_environ } from "../request/process_environ.ts";
import { repr } from "../text/repr.ts";
import { demo_page } from "./demo_page.ts";
import { part_of, PROCESS } from "./environ_parts.ts";

/**
 * A small, complete application for trying a server: it responds with "Hello world!" and every variable of the environ.
 * A browser gets an HTML page, any other client the same plain text as from `wsgiref`.
 *
 * Variables of the process are shown only to clients on the same machine, unless `DEMO_APP_ENVIRON=all` is set.
 *
 * @example
 * ```ts
 * import { demo_app } from "@tsgi/serve/simple_server";
 * import { setup_testing_defaults } from "@tsgi/serve/util";
 * import { assert } from "@std/assert";
 *
 * const environ = {};
 * setup_testing_defaults(environ);
 * const [page] = demo_app(environ, () => async () => {});
 * assert(new TextDecoder().decode(page).startsWith("Hello world!\n\nHTTP_HOST = '127.0.0.1'\n"));
 * ```
 *
 * @category Essentials
 */
export function demo_app(
  ...[environ, start_response]: Parameters<WSGIApplication>
): Uint8Array[] {
  const shown = shown_variables(environ);
  const hidden = Object.keys(environ).length - shown.length;
  const note = hidden === 0
    ? ""
    : `Variables of the process, hidden from other machines: ${hidden}`;
  const as_html = wants_html(environ.HTTP_ACCEPT);
  start_response("200 OK", [
    ["Content-Type", `text/${as_html ? "html" : "plain"}; charset=utf-8`],
    ...(as_html ? PAGE_HEADERS : []),
  ]);
  const page = as_html ? demo_page(environ, shown, note) : [
    "Hello world!",
    "",
    ...shown.map(([key, value]) => `${key} = ${value}`),
    ...(note ? ["", note] : []),
    "",
  ].join("\n");
  return [new TextEncoder().encode(page)];
}

/** The page has no script, and fetches nothing. */
const PAGE_HEADERS: [string, string][] = [
  ["Cache-Control", "no-store"],
  [
    "Content-Security-Policy",
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
  ],
  ["Vary", "Accept"],
];

/** The variables that the client may see: sorted names, and values formatted by `repr`. */
function shown_variables(
  environ: Parameters<WSGIApplication>[0],
): [name: string, value: string][] {
  const variables: Record<string, unknown> = environ;
  const of_process = process_environ();
  const everything = is_local(environ) || variables.DEMO_APP_ENVIRON === "all";
  // In a CGI script, the request consists of variables of the process.
  const is_shown = (key: string) =>
    everything || variables[key] !== of_process[key] ||
    ("GATEWAY_INTERFACE" in of_process && part_of(key) !== PROCESS);
  return Object.keys(variables).sort().filter(is_shown)
    .map((key) => [key, repr(variables[key])]);
}
