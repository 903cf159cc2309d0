/** An application below a path. */

import { check_function, check_script_name } from "../_internal/text/check.ts";
import type { WSGIApplication } from "../types.ts";

/** Where {@linkcode mount_at} puts an application. */
export interface MountAtOptions {
  /**
   * What `SCRIPT_NAME` begins with: `/shop`, `/shop/v2`. It begins with a slash and ends without one, and has no
   * character that a URL encodes.
   */
  script_name: string;
}

/**
 * The application below a path: `SCRIPT_NAME` begins with it (PEP 3333, "environ Variables"). A proxy may have removed
 * the path from what it asks for or not: where `PATH_INFO` begins with it, it does so no more.
 *
 * @param app The application.
 * @param options The path.
 * @throws {TypeError} If `app` is no function, or `script_name` no such path.
 *
 * @example
 * ```ts
 * import { to_fetch } from "@tsgi/serve/fetch";
 * import { mount_at } from "@tsgi/serve/middleware";
 * import { assertEquals } from "@std/assert";
 *
 * const handler = to_fetch(mount_at(
 *   ({ SCRIPT_NAME, PATH_INFO }, start_response) => {
 *     start_response("200 OK", [["Content-Type", "text/plain"]]);
 *     return [new TextEncoder().encode(`${SCRIPT_NAME} ${PATH_INFO}`)];
 *   },
 *   { script_name: "/shop" },
 * ));
 * const response = await handler(new Request("http://localhost/shop/coffee"));
 * assertEquals(await response.text(), "/shop /coffee");
 * ```
 */
export function mount_at(
  app: WSGIApplication,
  { script_name }: MountAtOptions,
): WSGIApplication {
  check_function(app, "the application");
  check_script_name(script_name);
  const folder = `${script_name}/`;
  return (environ, start_response) => {
    const { SCRIPT_NAME = "", PATH_INFO = "" } = environ;
    environ.SCRIPT_NAME = script_name + SCRIPT_NAME;
    if (PATH_INFO === script_name || PATH_INFO.startsWith(folder)) {
      environ.PATH_INFO = PATH_INFO.slice(script_name.length);
    }
    return app(environ, start_response);
  };
}
