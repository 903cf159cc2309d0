/**
 * WSGI applications of Python (Flask, Django, Bottle ...) on Deno: CPython as WebAssembly, by Pyodide, called as an
 * application of `@tsgi/serve`. Python is loaded when `python_application` is called, and not before.
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
 * Starts Python in this process and gives an application of it as any other: behind every server and gateway of
 * `@tsgi/serve`, in `mount_at`, `to_fetch` and middleware.
 *
 * Calls of Python are plain: one ends before the next begins, so nothing of what an application keeps in globals, in
 * `threading.local` or in context variables is mixed up. The body of a request is there before the application is
 * called; results are taken step by step.
 *
 * @param specifier `app.py`, `package.module`, each with `:NAME` or `:FACTORY()` behind it. Without a name it is
 * `application` or `app`.
 * @throws {PythonLoadError} If there is no such application, or if it raised an exception.
 */
export async function python_application(
  specifier: string,
  options: PythonApplicationOptions = {},
): Promise<WSGIApplication> {
  return (await load_python(specifier, options)).application;
}
