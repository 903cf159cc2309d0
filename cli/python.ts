/** Applications in Python: the package that runs them is imported on demand, and imports Pyodide. */

import { process_environ } from "../_internal/request/process_environ.ts";
import { stderr } from "../_internal/streams/error_stream.ts";
import config from "../deno.json" with { type: "json" };
import type { WSGIApplication } from "../types.ts";
import type { Starter } from "./processes/reload.ts";
import type { Settings } from "./settings/settings.ts";
import { UsageError } from "./settings/usage_error.ts";

/** The part of @tsgi/python that is used. */
interface PythonPackage {
  load_python(
    specifier: string,
    options: {
      pythonpath: string[];
      timeout: number;
      stdout?: { writeSync(data: Uint8Array): number };
    },
  ): Promise<{ application: WSGIApplication; files(): string[] }>;
}

/** An error with the files in which something has to change. */
interface LoadError extends Error {
  files?: string[];
}

/** `package.module`, optionally followed by `:NAME`. */
const MODULE_NAME =
  /^[\p{ID_Start}_]\p{ID_Continue}*(\.[\p{ID_Start}_]\p{ID_Continue}*)*(:|$)/u;

/**
 * Whether `MODULE[:NAME]` is in Python: a file that ends in `.py`, the call of a factory, or the name of a module in the
 * working folder, on the path, or in the virtual environment.
 */
export function is_python(
  specifier: string,
  pythonpath: string[] | null,
  environ?: Readonly<Record<string, string>>,
  folder = ".",
): boolean {
  const [module = ""] = specifier.split(":");
  if (/\.py$/.test(module)) return true;
  if (!MODULE_NAME.test(specifier)) return false;
  // app.ts is a file, and not a module ts in a package app.
  if (is_file(`${folder}/${module}`)) return false;
  if (/\)$/.test(specifier)) return true;
  const path = module.replaceAll(".", "/");
  const { PYTHONPATH, VIRTUAL_ENV } = environ ?? process_environ();
  return [
    folder,
    ...pythonpath ?? [],
    ...PYTHONPATH?.split(":") ?? [],
    ...site_packages(VIRTUAL_ENV || `${folder}/.venv`),
  ].some((folder) =>
    is_file(`${folder}/${path}.py`) || is_file(`${folder}/${path}/__init__.py`)
  );
}

/**
 * How long a worker may be silent before its supervisor kills it, in seconds. An endless loop in Python is interrupted
 * when `--timeout` has passed, which takes a moment, and spares the other requests of the worker.
 */
export function longest_silence(
  { application, pythonpath, timeout }: Pick<
    Settings,
    "application" | "pythonpath" | "timeout"
  >,
): number {
  const is_interrupted = application !== null &&
    is_python(application, pythonpath);
  return is_interrupted && timeout > 0 ? timeout * 1.25 + 1 : timeout;
}

function site_packages(environment: string): string[] {
  try {
    return Array.from(
      Deno.readDirSync(`${environment}/lib`),
      ({ name }) => `${environment}/lib/${name}/site-packages`,
    );
  } catch {
    return []; // There is no environment, or reading it is not allowed.
  }
}

function is_file(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/**
 * Loads an application in Python.
 *
 * @param starter Restarts this process when a file of the application changes.
 * @throws {UsageError} If it cannot be loaded.
 */
export async function load_python_application(
  specifier: string,
  { pythonpath, protocol, timeout }: Settings,
  starter: Starter | null,
): Promise<WSGIApplication> {
  // A literal specifier would be resolved by everybody who installs this package.
  const name = ["jsr:@tsgi/python", config.version].join("@");
  const python: PythonPackage = await import(name);
  try {
    const { application, files } = await python.load_python(specifier, {
      pythonpath: pythonpath ?? [],
      timeout,
      // The stdout of a CGI script is the response.
      ...protocol === "cgi" ? { stdout: Deno.stderr } : {},
    });
    if (starter) watch(files, () => starter.start_again());
    return application;
  } catch (error) {
    const { message, files } = error as LoadError;
    if (!files) throw error;
    if (starter === null) throw new UsageError(message, { cause: error });
    watch(() => files, () => starter.start_again());
    stderr.write(`error: ${message}\n`);
    return await new Promise(() => {});
  }
}

/** The time between two looks at the files, in milliseconds. */
const GLANCE = 500;

/** Calls `on_change` when a file has changed, or a new one has been imported and changed since. */
function watch(files: () => string[], on_change: () => void): void {
  const times = new Map<string, number>();
  const has_changed = (path: string) => {
    const time = time_of(path);
    const before = times.get(path) ?? time;
    times.set(path, time);
    return before !== time;
  };
  files().forEach(has_changed);
  const timer = setInterval(() => {
    if (!files().some(has_changed)) return;
    clearInterval(timer);
    on_change();
  }, GLANCE);
}

/** When a file was last changed; 0 if it does not exist. */
function time_of(path: string): number {
  try {
    return Number(Deno.statSync(path).mtime);
  } catch {
    return 0;
  }
}
