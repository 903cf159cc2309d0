/** An application below a path. */

import { check_function, check_script_name } from "../_internal/text/check.ts";
import { unquote } from "../_internal/text/quote.ts";
import type { WSGIApplication, WSGIEnvironment } from "../types.ts";

/** Where {@linkcode mount_at} puts an application. */
export interface MountAtOptions {
  /**
   * What `SCRIPT_NAME` begins with: `/shop`, `/shop/v2`. It begins with a slash and ends without one, and has no
   * character that a URL encodes.
   */
  script_name: string;
}

/**
 * The application below a path: `SCRIPT_NAME` begins with it, once, and together with `PATH_INFO` it is the path of the
 * URL (RFC 3875, section 3.3). A proxy may have removed the path from what it asks for or not, and a web server may have
 * said it in `SCRIPT_NAME` already.
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
  return (environ, start_response) => {
    const { SCRIPT_NAME = "", PATH_INFO = "" } = environ;
    const path = SCRIPT_NAME + PATH_INFO;
    if (is_within(SCRIPT_NAME, script_name)) {
      if (repeats_script(environ)) {
        environ.PATH_INFO = PATH_INFO.slice(SCRIPT_NAME.length);
      }
    } else if (is_within(path, script_name)) {
      environ.SCRIPT_NAME = script_name;
      environ.PATH_INFO = path.slice(script_name.length);
    } else {
      environ.SCRIPT_NAME = script_name + SCRIPT_NAME;
    }
    return app(environ, start_response);
  };
}

function is_within(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/** Whether `PATH_INFO` is the whole path of the URL, `SCRIPT_NAME` with it, as where nginx is told a `SCRIPT_NAME` beside its `$document_uri`. */
function repeats_script(
  { SCRIPT_NAME, PATH_INFO = "", REQUEST_URI = "" }: WSGIEnvironment,
): boolean {
  const [path] = REQUEST_URI.split("?", 1);
  return is_within(PATH_INFO, SCRIPT_NAME) && unquote(path!) === PATH_INFO;
}
