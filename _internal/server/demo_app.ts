/** The application that shows that a server works. */

import type { WSGIApplication } from "../../types.ts";
import { repr } from "../text/repr.ts";

/**
 * A small, complete application: a page of text with "Hello world!" and every variable of the environ. It shows
 * whether a server runs applications at all.
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
 */
export function demo_app(
  ...[environ, start_response]: Parameters<WSGIApplication>
): Uint8Array[] {
  const variables: Record<string, unknown> = environ;
  const lines = Object.keys(variables).sort()
    .map((key) => `${key} = ${repr(variables[key])}`);
  start_response("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
  const page = ["Hello world!", "", ...lines, ""].join("\n");
  return [new TextEncoder().encode(page)];
}
