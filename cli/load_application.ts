/** From `MODULE[:NAME]` to the application. */

import { format_exception } from "../_internal/handler/traceback.ts";
import type { WSGIApplication } from "../types.ts";
import {
  APPLICATION,
  type Application,
  as_wsgi,
  type Calling,
  is_application,
} from "./application.ts";
import { file_url } from "./settings/file_url.ts";
import { UsageError } from "./settings/usage_error.ts";

/** What is looked for, in this order, when no name is given. */
const USUAL_NAMES = ["default", "application", "app", "fetch"];

/**
 * Imports a module and gives the application in it.
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
  const exports = await import_module(module);
  const names = name === null ? USUAL_NAMES : [name];
  const by = calling.interface;
  const found = names.find((name) => is_application(exports[name], by));
  if (found === undefined) throw no_application(module, names, exports);
  const is_named_so = by === "auto" && found === "fetch";
  return await as_wsgi(
    exports[found] as Application,
    is_named_so ? { ...calling, interface: "fetch" } : calling,
  );
}

function no_application(
  module: string,
  names: string[],
  exports: Record<string, unknown>,
): UsageError {
  const present = Object.keys(exports)
    .map((key) => `${key} (${typeof exports[key]})`).join(", ");
  return new UsageError(
    `${module} exports no ${APPLICATION} named ${
      names.join(" or ")
    }: it exports ${present || "nothing"}`,
  );
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
    return await import(is_url(module) ? module : module_url(module));
  } catch (error) {
    const why = await reason(error);
    throw new UsageError(`cannot load ${module || '""'}: ${why}`, {
      cause: error,
    });
  }
}

function module_url(path: string): string {
  if (!path) throw new Error("a path or a URL is expected");
  const url = file_url(path);
  if (is_directory(url)) throw new Error("it is a directory");
  return url.href;
}

function is_directory(path: URL): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error("there is no such file");
  }
}

/** One line where the module could not be started; what its own code threw is given with the stack. */
async function reason(error: unknown): Promise<string> {
  // Only what the import itself runs into has this module on its stack.
  const of_import = error instanceof Error &&
    error.stack?.includes(import.meta.url);
  return of_import
    ? await in_one_line(error.message)
    : `it threw ${format_exception(error).trimEnd()}`;
}

/**
 * Of an error that was thrown where a module is imported: the first line says what is wrong, the first that begins with
 * "at" says where. Between them may stand an excerpt; what follows is who imported that.
 */
export async function in_one_line(text: string): Promise<string> {
  const { stripVTControlCharacters } = await import("node:util");
  const [first, ...others] = stripVTControlCharacters(text).split("\n");
  const places = others.map((line) => line.replace(/^\s*(\d+: )?/, ""));
  const place = places.find((line) => line.startsWith("at "));
  return place ? `${first!.replace(/\.$/, "")} (${place})` : first!;
}
