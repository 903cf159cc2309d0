/** The file of `--pid`. */

import { UsageError } from "./usage_error.ts";

/**
 * Writes the id of this process to a file.
 *
 * @returns A function that removes the file again.
 * @throws {UsageError} If it cannot be written, or names another process that runs.
 */
export function write_pid_file(path: string): () => void {
  const before = read_pid(path);
  if (before !== null && before !== Deno.pid && is_running(before)) {
    throw new UsageError(`--pid ${path}: process ${before} is running`);
  }
  try {
    Deno.writeTextFileSync(path, `${Deno.pid}\n`);
  } catch (error) {
    throw new UsageError(`cannot write --pid: ${(error as Error).message}`);
  }
  const remove = () => {
    if (read_pid(path) === Deno.pid) Deno.removeSync(path);
  };
  addEventListener("unload", remove); // For an end that nobody waits for.
  return remove;
}

function read_pid(path: string): number | null {
  try {
    const text = Deno.readTextFileSync(path).trim();
    return /^[0-9]+$/.test(text) ? Number(text) : null;
  } catch {
    return null; // There is none, or nothing that could be read.
  }
}

/** Whether a process runs: as far as Linux says it. */
function is_running(pid: number): boolean {
  try {
    return Deno.statSync(`/proc/${pid}`).isDirectory;
  } catch {
    return false;
  }
}
