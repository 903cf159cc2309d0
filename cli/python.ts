/** Applications of Python: the package that runs them is imported when one is asked for, and Pyodide by that. */

import { stderr } from "../_internal/streams/error_stream.ts";
import config from "../deno.json" with { type: "json" };
import type { WSGIApplication } from "../types.ts";
import type { Starter } from "./processes/reload.ts";
import type { Settings } from "./settings/settings.ts";
import { UsageError } from "./settings/usage_error.ts";

/** What of @tsgi/python is called. */
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

/** An error that names the files in which something has to change. */
interface LoadError extends Error {
  files?: string[];
}

/** `package.module`, with `:NAME` behind it, or none. */
const MODULE_NAME =
  /^[\p{ID_Start}_]\p{ID_Continue}*(\.[\p{ID_Start}_]\p{ID_Continue}*)*(:|$)/u;

/**
 * Whether `MODULE[:NAME]` is of Python: a file that ends in `.py`, a factory that is called, or the name of a module
 * that lies in the working folder or on the path.
 */
export function is_python(
  specifier: string,
  pythonpath: string[] | null,
): boolean {
  const [module = ""] = specifier.split(":");
  if (/\.py$/.test(module)) return true;
  if (!MODULE_NAME.test(specifier)) return false;
  if (exists(module)) return false; // app.ts is a file and no module ts in a package app.
  if (/\)$/.test(specifier)) return true;
  const path = module.replaceAll(".", "/");
  return [".", ...pythonpath ?? []].some((folder) =>
    exists(`${folder}/${path}.py`) || exists(`${folder}/${path}/__init__.py`)
  );
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/**
 * Loads an application of Python.
 *
 * @param starter Who has this process watched: it restarts when a file of the application changes.
 * @throws {UsageError} If it cannot be loaded.
 */
export async function load_python_application(
  specifier: string,
  { pythonpath, protocol, timeout }: Settings,
  starter: Starter | null,
): Promise<WSGIApplication> {
  // Put together: one that stands as it is would be looked for by everybody who installs this package.
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

/** How often it is looked whether a file has changed, in milliseconds. */
const GLANCE = 500;

/** Calls `on_change` when one of the files has changed; which these are may change as well. */
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

/** When a file was changed; 0 where it is none. */
function time_of(path: string): number {
  try {
    return Number(Deno.statSync(path).mtime);
  } catch {
    return 0;
  }
}
