/** From `MODULE[:NAME]` to the application. */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { format_exception } from "../_internal/traceback.ts";
import type { WSGIApplication } from "../types.ts";
import { UsageError } from "./usage_error.ts";

/** What is looked for, in this order, when no name is given. */
const USUAL_NAMES = ["default", "application", "app"];

/**
 * Imports a module and gives the application in it.
 *
 * @throws {UsageError} If there is no such module, if it cannot be loaded, or if there is no application in it.
 */
export async function load_application(
  specifier: string,
): Promise<WSGIApplication> {
  const { module, name } = split(specifier);
  const exports = await import_module(module);
  const names = name === null ? USUAL_NAMES : [name];
  const found = names.find((name) => typeof exports[name] === "function");
  if (found !== undefined) return exports[found] as WSGIApplication;
  const wanted = names.map((name) => `"${name}"`).join(", ");
  const present = Object.keys(exports).map((key) =>
    `"${key}" (${typeof exports[key]})`
  );
  throw new UsageError(
    `${module} exports no function named ${wanted}: it exports ${
      present.join(", ") || "nothing"
    }`,
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
  const url = is_url(module) ? module : file_url(module);
  try {
    return await import(url);
  } catch (error) {
    throw new UsageError(`cannot load ${module}: ${reason(error)}`, {
      cause: error,
    });
  }
}

function file_url(path: string): string {
  const absolute = resolve(path);
  try {
    if (Deno.statSync(absolute).isFile) return pathToFileURL(absolute).href;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new UsageError(`cannot read ${path}: ${(error as Error).message}`);
    }
    throw new UsageError(`there is no module ${path}`);
  }
  throw new UsageError(`${path} is no file`);
}

/** One line where the module could not even start; with the stack where its own code threw. */
function reason(error: unknown): string {
  const own_code = error instanceof Error &&
    /^ {4}at /m.test(error.stack ?? "");
  if (own_code) return format_exception(error).trimEnd();
  return String(error instanceof Error ? error.message : error).split("\n")[0]!;
}
