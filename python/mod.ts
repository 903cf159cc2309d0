/**
 * WSGI applications written in Python (Flask, Django, Bottle ...) on Deno. They run on Pyodide, which is CPython
 * compiled to WebAssembly, and are used like any other application of `@tsgi/serve`. Pyodide is only loaded when
 * `python_application` is called.
 *
 * ```ts ignore
 * import { make_server } from "@tsgi/serve";
 * import { python_application } from "@tsgi/python";
 *
 * const app = await python_application("app.py");
 * await make_server("127.0.0.1", 8000, app).serve_forever();
 * ```
 *
 * The command does the same: `deno run -A jsr:@tsgi/serve app.py`.
 *
 * @module
 */

import type { WSGIApplication } from "@tsgi/serve/types";
import { load_python, type PythonApplicationOptions } from "./load.ts";

export {
  load_python,
  type LoadedPython,
  type PythonApplicationOptions,
  PythonLoadError,
} from "./load.ts";
export type { Output } from "./interpreter/start.ts";
export {
  type ExceptionReport,
  PythonError,
  type PythonFrame,
} from "./python_error.ts";
export { VERSION } from "./version.ts";

/**
 * Starts Python in this process and loads a WSGI application. The result works like an application in TypeScript: with
 * every server and gateway of `@tsgi/serve`, with middleware, `mount_at` and `to_fetch`.
 *
 * Only one call of Python runs at a time, so requests cannot mix up what the application keeps in globals,
 * `threading.local` or context variables. The request body is received before the application is called. The result is
 * taken block by block, and other requests are answered in between.
 *
 * @param specifier `app.py` or `package.module`, optionally followed by `:NAME` or `:FACTORY()`. The default names are
 * `application`, then `app`.
 * @throws {PythonLoadError} If there is no such application, or if it raised an exception while it was loaded.
 */
export async function python_application(
  specifier: string,
  options: PythonApplicationOptions = {},
): Promise<WSGIApplication> {
  return (await load_python(specifier, options)).application;
}
