/** From `MODULE[:NAME]` to the application. */

import { format_exception } from "../_internal/handler/traceback.ts";
import { stderr } from "../_internal/streams/error_stream.ts";
import type { WSGIApplication } from "../types.ts";
import {
  APPLICATION,
  type Application,
  as_wsgi,
  type Calling,
  is_application,
  is_class,
  is_node_application,
  is_node_handler,
  remedy_of_application,
} from "./application.ts";
import { is_a_directory, no_module, no_such_file } from "./missing_module.ts";
import { file_url } from "./settings/file_url.ts";
import type { Interface } from "./settings/settings.ts";
import { did_you_mean, nearest } from "./settings/suggestion.ts";
import { UsageError } from "./settings/usage_error.ts";

/** The exports that are tried, in this order, if no name is given. */
const USUAL_NAMES = ["default", "application", "app", "fetch"];

/**
 * Imports a module and returns its application.
 *
 * @param specifier `MODULE[:NAME]`.
 * @param calling How the application is called.
 * @throws {UsageError} If there is no such module, if it cannot be loaded, or if there is no application in it.
 */
export async function load_application(
  specifier: string,
  calling: Calling,
): Promise<WSGIApplication> {
  const { module, name } = split(specifier);
  refuse_call(specifier);
  const exports = await import_module(module);
  const names = name === null ? USUAL_NAMES : [name];
  const by = calling.interface;
  const found = names.find((name) => is_application(exports[name], by));
  if (found === undefined) throw no_application(module, names, exports, by);
  const is_named_so = by === "auto" && found === "fetch";
  return await as_wsgi(
    exports[found] as Application,
    is_named_so ? { ...calling, interface: "fetch" } : calling,
  );
}

/** @throws {UsageError} If `NAME` is a call, as for Python: here the result has to be exported. */
function refuse_call(specifier: string): void {
  const [, module, call] = specifier.match(/^(.+):([\w$]+\(.*\))$/) ?? [];
  if (module === undefined || is_url(specifier)) return;
  throw new UsageError(
    `cannot load ${specifier}: only a function of Python is called: write export default ${call} in ${module}`,
  );
}

function no_application(
  module: string,
  names: string[],
  exports: Record<string, unknown>,
  by: Interface,
): UsageError {
  const present = Object.keys(exports)
    .map((key) => `${key} (${kind_of(exports[key])})`).join(", ");
  const said = `${module} exports no ${APPLICATION} named ${
    names.join(" or ")
  }: it exports ${present || "nothing"}`;
  return new UsageError(
    `${said}${remedy(module, names, exports, by)}`,
  );
}

/** Describes a value that is not an application. */
function kind_of(value: unknown): string {
  if (value === null) return "null";
  if (is_class(value)) return "class";
  if (is_node_application(value)) return "application of Node's kind";
  if (is_node_handler(value)) return "handler of Node's kind";
  if (value instanceof Promise) return "promise";
  return value instanceof Response ? "Response" : typeof value;
}

/** Suggests what may have been meant. */
function remedy(
  module: string,
  names: string[],
  exports: Record<string, unknown>,
  by: Interface,
): string {
  const looked_at = names.filter((name) => name in exports);
  const known = looked_at
    .map((name) => remedy_of_application(exports[name])).find(Boolean);
  if (known) return `: ${known}`;
  if (looked_at.length === 0 && listens_itself(module)) {
    return ": it listens by itself; export what it serves, such as export default { fetch: handler }";
  }
  const others = Object.keys(exports)
    .filter((key) => is_application(exports[key], by));
  const meant = names.length === 1 ? nearest(names[0]!, others) : null;
  const found = meant ?? (others.length === 1 ? others[0]! : null);
  if (found === "default") return did_you_mean(module);
  return did_you_mean(found === null ? null : `${module}:${found}`);
}

/** Whether a module starts a server itself. */
function listens_itself(module: string): boolean {
  try {
    const source = Deno.readTextFileSync(file_url(module));
    return /\bDeno\.serve\(|\bserve\(|\.listen\(|\baddEventListener\(\s*["']fetch/
      .test(source);
  } catch {
    return false; // It is not a local file.
  }
}

/** The name follows the last colon, unless that colon belongs to a URL. */
function split(specifier: string): { module: string; name: string | null } {
  const [, module, name] =
    specifier.match(/^(.+):([\p{ID_Start}$_][\p{ID_Continue}$]*)$/u) ?? [];
  if (module === undefined || /^[a-z]+$/.test(module) && is_url(specifier)) {
    return { module: specifier, name: null };
  }
  return { module, name: name! };
}

function is_url(module: string): boolean {
  return /^(data|file|https?|jsr|node|npm):/.test(module);
}

async function import_module(module: string): Promise<Record<string, unknown>> {
  try {
    const url = is_url(module) ? module : module_url(module);
    return await told_of(import(url), module);
  } catch (error) {
    const why = await reason(error);
    throw new UsageError(`cannot load ${module || '""'}: ${why}`, {
      cause: error,
    });
  }
}

/** After how many seconds a message says that a module is still loading. */
const SLOW = 5;

/** Waits for a module, and writes a message if that takes long: otherwise the command would be silent forever. */
async function told_of<Module>(
  loading: Promise<Module>,
  module: string,
): Promise<Module> {
  const timer = setTimeout(() => {
    stderr.write(
      `${module} is still loading after ${SLOW} seconds: it is waiting for a download or for a top-level await\n`,
    );
  }, SLOW * 1000);
  try {
    return await loading;
  } finally {
    clearTimeout(timer);
  }
}

function module_url(path: string): string {
  if (!path) throw new Error("a path or a URL is expected");
  const url = file_url(path);
  if (is_directory(url, path)) throw new Error(is_a_directory(path));
  const why = no_module(path);
  if (why !== null) throw new Error(why);
  return url.href;
}

function is_directory(url: URL, path: string): boolean {
  try {
    return Deno.statSync(url).isDirectory;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(no_such_file(path));
  }
}

/** One line if the module could not be loaded; an error that its own code threw comes with its stack. */
async function reason(error: unknown): Promise<string> {
  // Only an error of the import itself has this module on its stack.
  const of_import = error instanceof Error &&
    error.stack?.includes(import.meta.url);
  return of_import
    ? await in_one_line(error.message)
    : `it threw ${format_exception(error).trimEnd()}${of_common_js(error)}`;
}

/** What to do about a module that only Node can load; "" for any other. */
function of_common_js(error: unknown): string {
  const is_common_js = error instanceof ReferenceError &&
    /^(module|exports|require) is not defined$/.test(error.message);
  return is_common_js
    ? "\nIt is written in CommonJS: use import and export, or name it .cjs"
    : "";
}

/**
 * Of an error that was thrown where a module is imported: the first line says what is wrong, the first that begins with
 * "at" says where. Between them may stand an excerpt, and Deno's hint; what follows is who imported that.
 */
export async function in_one_line(text: string): Promise<string> {
  const { stripVTControlCharacters } = await import("node:util");
  const [first, ...others] = stripVTControlCharacters(text).split("\n");
  const lines = others.map((line) => line.replace(/^\s*(\d+: )?/, ""));
  // What could not be fetched has its reasons below it, the last of which caused the others.
  if (/^Import '.*' failed\.$/.test(first!) && lines.length > 0) {
    return `${first!.slice(0, -1)}: ${lines.at(-1)}`;
  }
  const place = lines.find((line) => line.startsWith("at "));
  const hint = lines.find((line) => line.startsWith("hint: "));
  const said = place ? `${first!.replace(/\.$/, "")} (${place})` : first!;
  return hint ? `${said}: ${hint.slice("hint: ".length)}` : said;
}
