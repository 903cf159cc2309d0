/** The file of `--config`: JSON, or a module whose default export is the same. */

import { file_url } from "./file_url.ts";
import { add_setting, type Said } from "./said.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Reads settings from a file.
 *
 * @throws {UsageError} If it cannot be read, or holds what is no setting.
 */
export async function read_config(path: string): Promise<Said> {
  const config = await load(path);
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new UsageError(
      `${path} must hold an object of settings, got ${JSON.stringify(config)}`,
    );
  }
  const said: Said = {};
  for (const [name, value] of Object.entries(config)) {
    add_setting(said, name, value, path);
  }
  return said;
}

async function load(path: string): Promise<unknown> {
  try {
    if (/\.[cm]?[jt]s$/.test(path)) {
      const module = await import(file_url(path).href);
      return module.default;
    }
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    throw new UsageError(
      `cannot read the configuration ${path}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
