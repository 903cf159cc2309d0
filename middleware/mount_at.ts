/** Mounts an application below a path. */

import { check_function, check_script_name } from "../_internal/text/check.ts";
import { unquote } from "../_internal/text/quote.ts";
import type { WSGIApplication, WSGIEnvironment } from "../types.ts";

/**
 * Options of {@linkcode mount_at}.
 *
 * @category Middleware
 */
export interface MountAtOptions {
  /**
   * The prefix of `SCRIPT_NAME`, such as `/shop` or `/shop/v2`: with a leading slash, no trailing slash, and no
   * characters that a URL encodes.
   */
  script_name: string;
}

/**
 * Mounts an application below a path: `SCRIPT_NAME` begins with it exactly once, and `SCRIPT_NAME` and `PATH_INFO`
 * together are the path of the URL (RFC 3875, section 3.3). It makes no difference whether a proxy strips the path from
 * the request target, or a web server has already set it in `SCRIPT_NAME`.
 *
 * @param app The application.
 * @param options The path.
 * @throws {TypeError} If `app` is not a function, or `script_name` not such a path.
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
 *
 * @category Middleware
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

/**
 * Whether `PATH_INFO` is the whole path of the URL, including `SCRIPT_NAME`, as if nginx sets `SCRIPT_NAME` and passes
 * `$document_uri` as `PATH_INFO`.
 */
function repeats_script(
  { SCRIPT_NAME, PATH_INFO = "", REQUEST_URI = "" }: WSGIEnvironment,
): boolean {
  const [path] = REQUEST_URI.split("?", 1);
  return is_within(PATH_INFO, SCRIPT_NAME) && unquote(path!) === PATH_INFO;
}
