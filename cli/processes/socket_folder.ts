/** The folder for the sockets on which a supervisor waits for its workers. */

import { UsageError } from "../settings/usage_error.ts";

/** The maximum length of the path of a socket in bytes, including the final NUL: macOS allows less than Linux. */
const LONGEST_PATH = 103;

/** The part of it that the name in the folder takes at most. */
const LONGEST_NAME = "/1000000000".length;

/** Used if the path of the temporary directory is too long. */
const SHORT = "/tmp";

export class SocketFolder {
  #path: string | null = null;

  /**
   * The path of a socket in the folder. The folder is created when it is needed, also after it was deleted: some systems
   * clean their temporary directory.
   *
   * @throws {UsageError} If it cannot be created.
   */
  path_of(name: string): string {
    if (this.#path === null || !is_there(this.#path)) {
      this.#path = make_folder();
    }
    return `${this.#path}/${name}`;
  }

  remove(): void {
    if (this.#path !== null) remove(this.#path);
    this.#path = null;
  }
}

function make_folder(): string {
  const path = make_temporary();
  if (is_short(path) || !is_there(SHORT)) return path;
  remove(path);
  return make_temporary(SHORT);
}

function make_temporary(dir?: string): string {
  try {
    return Deno.makeTempDirSync({ dir, prefix: "tsgi-" });
  } catch (error) {
    const { message } = error as Error;
    const where = dir ?? "the temporary directory (TMPDIR)";
    throw new UsageError(`workers need a folder in ${where}: ${message}`, {
      cause: error,
    });
  }
}

function is_short(path: string): boolean {
  const { length } = new TextEncoder().encode(path);
  return length + LONGEST_NAME <= LONGEST_PATH;
}

function is_there(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

function remove(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch {
    // Another process has removed it.
  }
}
