/** The file of `--pid`. */

import { UsageError } from "../settings/usage_error.ts";

/** At its end Deno tells of `unload`; of an error that ends it, of nothing but the error. */
const ERRORS = ["error", "unhandledrejection"];

/**
 * Writes the id of this process to a file.
 *
 * @returns A function that removes the file again.
 * @throws {UsageError} If it cannot be written, names another process that runs, or holds something else than an id.
 */
export function write_pid_file(path: string): () => void {
  const before = read_pid(path);
  if (before !== null && before !== Deno.pid && is_running(before)) {
    throw new UsageError(`--pid ${path}: process ${before} is running`);
  }
  write(path);
  let is_over = false;
  for (const type of ERRORS) {
    addEventListener(type, () => {
      if (is_over) return;
      remove(path);
      // Whoever is still there then has a listener that keeps the error from ending the process.
      Deno.unrefTimer(setTimeout(() => is_over || write_again(path), 0));
    });
  }
  const end = () => {
    is_over = true;
    remove(path);
  };
  addEventListener("unload", end); // For an end that nobody waits for.
  return end;
}

function write(path: string): void {
  try {
    Deno.writeTextFileSync(path, `${Deno.pid}\n`);
  } catch (error) {
    throw new UsageError(`cannot write --pid: ${(error as Error).message}`);
  }
}

/** Writes the file unless somebody else has meanwhile: nobody is there to be told. */
function write_again(path: string): void {
  try {
    if (read_pid(path) === null) write(path);
  } catch {
    // See above.
  }
}

/** Removes the file, unless it is somebody else's by now; empties it where its folder does not let it go. */
function remove(path: string): void {
  if (!is_own(path)) return;
  try {
    Deno.removeSync(path);
  } catch {
    Deno.truncateSync(path);
  }
}

/**
 * The id in a file; null where there is none.
 *
 * @throws {UsageError} If there is something else, which nobody wants to lose.
 */
function read_pid(path: string): number | null {
  const text = read(path).trim();
  if (text === "") return null;
  if (/^[0-9]+$/.test(text)) return Number(text);
  throw new UsageError(
    `--pid takes a file that holds a process id or nothing, got ${path}, which holds something else`,
  );
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw new UsageError(`cannot read --pid: ${(error as Error).message}`);
  }
}

/** Whether a file still holds the id of this process. */
function is_own(path: string): boolean {
  try {
    return read_pid(path) === Deno.pid;
  } catch {
    return false; // It holds something else.
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
