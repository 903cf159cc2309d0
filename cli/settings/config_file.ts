/** The file of `--config`: JSON, or a module whose default export is the same. */

import { format_exception } from "../../_internal/handler/traceback.ts";
import { file_url } from "./file_url.ts";
import { in_one_line } from "../load_application.ts";
import { add_setting, type Said, show } from "./said.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Reads settings from a file.
 *
 * @throws {UsageError} If it cannot be read, or holds what is no setting.
 */
export async function read_config(path: string): Promise<Said> {
  const config = is_module(path)
    ? await load_module(path)
    : await load_json(path);
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    const by_default = is_module(path) ? " as its default export" : "";
    throw new UsageError(
      `${path} must hold an object of settings${by_default}, got ${
        show(config)
      }`,
    );
  }
  if ("fetch" in config) {
    throw new UsageError(
      `${path} holds an application and no settings: leave out --config`,
    );
  }
  const said: Said = {};
  for (const [name, value] of await entries_of(config, path)) {
    add_setting(said, name, value, path);
  }
  return said;
}

const EXPECTED = "it takes JSON, or a module, .ts or .js";

function is_module(path: string): boolean {
  return /\.[cm]?[jt]s$/.test(path);
}

async function load_json(path: string): Promise<unknown> {
  try {
    // Editors on Windows write a byte order mark.
    return JSON.parse((await Deno.readTextFile(path)).replace(/^\ufeff/, ""));
  } catch (error) {
    // The parser quotes what it could not read, with its line ends.
    const why = error instanceof Deno.errors.NotFound
      ? "there is no such file"
      : (error as Error).message.replace(/\s+/g, " ");
    const is_other = error instanceof SyntaxError && !/\.json$/.test(path);
    throw unreadable(path, is_other ? `${why}: ${EXPECTED}` : why, error);
  }
}

async function load_module(path: string): Promise<unknown> {
  try {
    return (await import(file_url(path).href)).default;
  } catch (error) {
    // Only what the import itself runs into has this module on its stack.
    const of_import = error instanceof Error &&
      error.stack?.includes(import.meta.url);
    const why = of_import
      ? await in_one_line(error.message)
      : await thrown(error);
    throw unreadable(path, why, error);
  }
}

/** The settings of a module, whose getters may throw. */
async function entries_of(
  config: object,
  path: string,
): Promise<[name: string, value: unknown][]> {
  try {
    return Object.entries(config);
  } catch (error) {
    throw unreadable(path, await thrown(error), error);
  }
}

async function thrown(error: unknown): Promise<string> {
  return `it threw ${await in_one_line(format_exception(error).trimEnd())}`;
}

function unreadable(path: string, why: string, cause: unknown): UsageError {
  return new UsageError(`cannot read the configuration ${path}: ${why}`, {
    cause,
  });
}
