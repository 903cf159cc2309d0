/** Loads an application by its `MODULE[:NAME]`. */

import type { WSGIApplication, WSGIEnvironment } from "@tsgi/serve/types";
import { Bridge, type OnFatal } from "./calls/bridge.ts";
import { open_cache } from "./interpreter/cache.ts";
import { type ExceptionReport, PythonError } from "./python_error.ts";
import { receive_body } from "./calls/request_body.ts";
import { type Output, start } from "./interpreter/start.ts";
import { environment_folders } from "./virtual_environment.ts";

/** How an application is loaded and called. */
export interface PythonApplicationOptions {
  /** Folders that are searched for modules before all others, as those in `PYTHONPATH` are. */
  pythonpath?: string[];
  /** Python's working directory, which is also searched for modules; by default that of the process. */
  chdir?: string;
  /** Where `print()` goes; by default the stdout of the process. */
  stdout?: Output;
  /** The environment of Python; by default that of the process, or an empty one if reading it is not allowed. */
  environ?: Record<string, string>;
  /**
   * How long a call of Python may take, in seconds. After that an exception interrupts it, and the response is a 503. 0,
   * the default, means no limit.
   */
  timeout?: number;
  /**
   * Called when the interpreter has crashed and cannot be used any more. It must not return. By default, one line is
   * written to stderr, and the process exits with status 1.
   */
  on_fatal?: (error: unknown) => never;
}

/** An application in Python, and the files it consists of. */
export interface LoadedPython {
  /** The application. */
  application: WSGIApplication;
  /** The files it has imported so far, except those of installed packages. */
  files(): string[];
}

/** The application could not be loaded. */
export class PythonLoadError extends Error {
  /** Its name. */
  override name = "PythonLoadError";
  /** The files that had been imported by then, and the application's own. */
  readonly files: string[];

  /** Takes the reason and the files. */
  constructor(message: string, files: string[], options?: ErrorOptions) {
    super(message, options);
    this.files = files;
  }
}

/** The parts of `MODULE[:NAME]`. */
interface Specifier {
  /** A file, or a dotted name. */
  module: string;
  /** A name or a call; null if there is none. */
  name: string | null;
  is_file: boolean;
}

/**
 * Starts Python and loads an application.
 *
 * @param specifier `app.py` or `package.module`, optionally followed by `:NAME` or `:FACTORY()`.
 * @throws {PythonLoadError} If there is no such application, or if it raised an exception while it was loaded.
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

/** The name follows the first colon, apart from that of a Windows drive. */
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

/** The environment of the process; empty if reading it is not allowed. */
function process_variables(): Record<string, string> {
  const { state } = Deno.permissions.querySync({ name: "env" });
  return state === "granted" ? Deno.env.toObject() : {};
}

/** A WSGI application that calls the one in Python as soon as the request body has been received. */
function application_of(bridge: Bridge): WSGIApplication {
  return (environ, start_response) => {
    if (has_no_body(environ)) return bridge.run(environ, start_response, null);
    return receive_body(environ["wsgi.input"], bridge.temporary)
      .then((body) => bridge.run(environ, start_response, body));
  };
}

/** Whether there is no body to wait for: one has a length (RFC 3875), or is chunked (RFC 9112). */
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
  // os._exit(), or a signal to this process by os.kill().
  const is_exit = error instanceof Error && error.name === "Exit";
  const what = is_exit ? "has ended" : "has crashed";
  log(`Python ${what}, and this process ends: ${error}\n`);
  Deno.exit(1);
};
