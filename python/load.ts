/** From `MODULE[:NAME]` to an application that can be called. */

import type { WSGIApplication, WSGIEnvironment } from "@tsgi/serve/types";
import { Bridge, type OnFatal } from "./calls/bridge.ts";
import { open_cache } from "./interpreter/cache.ts";
import { type ExceptionReport, PythonError } from "./python_error.ts";
import { receive_body } from "./calls/request_body.ts";
import { type Output, start } from "./interpreter/start.ts";
import { environment_folders } from "./virtual_environment.ts";

/** How an application is loaded and called. */
export interface PythonApplicationOptions {
  /** Folders in which modules are looked for, before all others: what `PYTHONPATH` is. */
  pythonpath?: string[];
  /** The folder that Python works in, and looks for modules in; that of the process where it is not said. */
  chdir?: string;
  /** Where `print()` goes; the process's stdout where it is not said. */
  stdout?: Output;
  /** The environment of Python; that of the process where it is not said, as far as it may be read. */
  environ?: Record<string, string>;
  /**
   * How long a call of Python may take, in seconds: then it is interrupted, by an exception, and the request answered
   * with a 503. 0, or where it is not said, is no limit.
   */
  timeout?: number;
  /**
   * Called when Python has crashed, which cannot be mended: the interpreter answers no more requests. It must not
   * return. Where it is not said, one line is written to the error log of the request and the process ends with
   * status 1.
   */
  on_fatal?: (error: unknown) => never;
}

/** An application of Python, and what it is made of. */
export interface LoadedPython {
  /** The application. */
  application: WSGIApplication;
  /** The files that it has imported so far, without those of installed packages. */
  files(): string[];
}

/** An application could not be loaded. */
export class PythonLoadError extends Error {
  /** Its name. */
  override name = "PythonLoadError";
  /** The files that had been imported by then, and that which was asked for. */
  readonly files: string[];

  /** Takes the reason, and the files. */
  constructor(message: string, files: string[], options?: ErrorOptions) {
    super(message, options);
    this.files = files;
  }
}

/** `MODULE[:NAME]`, taken apart. */
interface Specifier {
  /** A file, or a name with dots. */
  module: string;
  /** A name, or a call of it; null where it is not said. */
  name: string | null;
  is_file: boolean;
}

/**
 * Starts Python and loads an application.
 *
 * @param specifier `app.py`, `package.module`, each with `:NAME` or `:FACTORY()` behind it.
 * @throws {PythonLoadError} If there is no such application, or if it raised an exception.
 */
export async function load_python(
  specifier: string,
  options: PythonApplicationOptions = {},
): Promise<LoadedPython> {
  const environ = options.environ ?? process_variables();
  const folder = options.chdir
    ? absolute(options.chdir, Deno.cwd())
    : Deno.cwd();
  const { module, name, is_file } = split(specifier);
  const target = is_file ? absolute(module, folder) : module;
  const given = [
    ...options.pythonpath ?? [],
    ...environ.PYTHONPATH?.split(":") ?? [],
  ]
    .filter((path) => path !== "")
    .map((path) => absolute(path, folder));
  const sites = environment_folders(environ.VIRTUAL_ENV, folder);
  const cache = open_cache(environ);
  const pyodide = await start({
    environ,
    folders: [
      folder,
      ...is_file ? [target.slice(0, target.lastIndexOf("/"))] : [],
      ...given,
      ...sites,
      ...cache ? [cache.pycache] : [],
    ],
    cache,
    stdout: options.stdout ?? Deno.stdout,
  });
  const bridge = new Bridge(
    pyodide,
    environ,
    options.on_fatal ?? end_process,
    (text) => log(text),
  );
  const loader = pyodide.pyimport("_tsgi_load");
  loader.set_up(
    folder,
    JSON.stringify([...given, folder]),
    JSON.stringify(sites),
    cache?.pycache,
  );
  const files = () => {
    const text = loader.files() as string;
    return text === "" ? [] : text.split("\n");
  };
  const problem = loader.open_application(target, name ?? undefined, is_file);
  if (problem !== "") {
    throw load_error(module, JSON.parse(problem), [
      ...files(),
      ...is_file ? [target] : [],
    ]);
  }
  if (options.timeout) bridge.limit_time(options.timeout);
  return { application: application_of(bridge), files };
}

interface Problem {
  message?: string;
  exception?: ExceptionReport;
  hint?: string;
}

function load_error(
  module: string,
  { message, exception, hint }: Problem,
  files: string[],
): PythonLoadError {
  if (!exception) return new PythonLoadError(message!, files);
  const cause = new PythonError(exception);
  const text = `cannot load ${module}: it raised\n${cause.stack}`;
  return new PythonLoadError(hint ? `${text}\n${hint}` : text, files, {
    cause,
  });
}

/** The name follows the first colon: a module has none. */
function split(specifier: string): Specifier {
  const [, drive = "", module, name] = specifier
    .match(/^([A-Za-z]:(?=[\\/]))?([^:]*)(?::(.*))?$/s)!;
  return {
    module: drive + module,
    name: name || null,
    is_file: /\.py$|[\\/]/.test(module!),
  };
}

function absolute(path: string, folder: string): string {
  const { pathname } = new URL(
    path.replaceAll("%", "%25").replaceAll("?", "%3F").replaceAll("#", "%23"),
    `file://${
      encodeURI(folder).replaceAll("?", "%3F").replaceAll("#", "%23")
    }/`,
  );
  const decoded = decodeURIComponent(pathname);
  return decoded.length > 1 ? decoded.replace(/\/$/, "") : decoded;
}

/** The variables of the process; none without leave to read them. */
function process_variables(): Record<string, string> {
  const { state } = Deno.permissions.querySync({ name: "env" });
  return state === "granted" ? Deno.env.toObject() : {};
}

/** A WSGI application that calls that of Python, when the body of its request is there. */
function application_of(bridge: Bridge): WSGIApplication {
  return (environ, start_response) => {
    if (has_no_body(environ)) return bridge.run(environ, start_response, null);
    return receive_body(environ["wsgi.input"], bridge.temporary)
      .then((body) => bridge.run(environ, start_response, body));
  };
}

/** Whether there is nothing to wait for. By RFC 3875 and RFC 9112 a body has a length, or is chunked. */
function has_no_body(environ: WSGIEnvironment): boolean {
  const { CONTENT_LENGTH: length, REQUEST_METHOD: method } = environ;
  if (length) return length === "0";
  return (method === "GET" || method === "HEAD") &&
    environ.HTTP_TRANSFER_ENCODING === undefined;
}

const encoder = new TextEncoder();

function log(text: string): void {
  Deno.stderr.writeSync(encoder.encode(text));
}

const end_process: OnFatal = (error) => {
  log(`Python has crashed and this process ends: ${error}\n`);
  Deno.exit(1);
};
