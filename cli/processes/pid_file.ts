/** The file of `--pid`. */

import { UsageError } from "../settings/usage_error.ts";

/** Deno dispatches `unload` when the process exits, but after an uncaught error only `error`. */
const ERRORS = ["error", "unhandledrejection"];

/**
 * Writes the id of this process to a file, and keeps the file locked: after a crash of the machine, another process may
 * have the same id.
 *
 * @returns A function that removes the file.
 * @throws {UsageError} If it cannot be written, belongs to another running command, or contains something other than an
 * id.
 */
export function write_pid_file(path: string): () => void {
  const file = new PidFile(path);
  file.take();
  let is_over = false;
  for (const type of ERRORS) {
    addEventListener(type, () => {
      if (is_over) return;
      file.remove();
      // If the process still runs then, another listener has prevented the error from ending it.
      Deno.unrefTimer(setTimeout(() => is_over || file.take_again(), 0));
    });
  }
  const end = () => {
    is_over = true;
    file.remove();
  };
  addEventListener("unload", end); // For an exit that nobody awaits.
  return end;
}

class PidFile {
  #path: string;
  /** Open as long as it is locked. */
  #file: Deno.FsFile | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws {UsageError} If it cannot be written, or must not be. */
  take(): void {
    const before = read_pid(this.#path);
    this.#file = this.#open();
    if (!is_free(this.#file, before)) {
      this.#close();
      const who = before === null ? "another process" : `process ${before}`;
      throw new UsageError(`--pid ${this.#path}: ${who} is running`);
    }
    // Its owner may have removed it in the meantime: then the open file is no longer at its path.
    if (is_same(this.#file, this.#path)) return this.#write();
    this.#close();
    this.take();
  }

  /** Writes the file, unless another process has done so in the meantime: there is nobody to report that to. */
  take_again(): void {
    try {
      if (read_pid(this.#path) === null) this.take();
    } catch {
      // See above.
    }
  }

  /** Removes the file, unless it now belongs to another process; empties it if it cannot be removed. */
  remove(): void {
    const is_own = this.#file && is_same(this.#file, this.#path) &&
      holds_own_id(this.#path);
    if (is_own) {
      try {
        Deno.removeSync(this.#path);
      } catch {
        this.#empty();
      }
    }
    this.#close();
  }

  #open(): Deno.FsFile {
    try {
      const options = { read: true, write: true, create: true };
      return Deno.openSync(this.#path, options);
    } catch (error) {
      throw cannot_write(error);
    }
  }

  #write(): void {
    try {
      this.#file!.truncateSync(0);
      this.#file!.writeSync(new TextEncoder().encode(`${Deno.pid}\n`));
    } catch (error) {
      this.#close();
      throw cannot_write(error);
    }
  }

  #empty(): void {
    try {
      this.#file!.truncateSync(0);
    } catch {
      // Readers find that this process has ended.
    }
  }

  #close(): void {
    this.#file?.close();
    this.#file = null;
  }
}

/** Whether no other process has locked a file; if so, this process has. `before` is the id in it. */
function is_free(file: Deno.FsFile, before: number | null): boolean {
  try {
    return file.tryLockSync(true);
  } catch {
    // Some file systems have no locks.
    return before === null || before === Deno.pid || !is_running(before);
  }
}

/** Whether an open file is the file at a path. */
function is_same(file: Deno.FsFile, path: string): boolean {
  try {
    const [own, there] = [file.statSync(), Deno.statSync(path)];
    return own.ino === there.ino && own.dev === there.dev;
  } catch {
    return false; // It no longer exists.
  }
}

/** Whether a file still contains the id of this process. */
function holds_own_id(path: string): boolean {
  try {
    return read_pid(path) === Deno.pid;
  } catch {
    return false; // It contains something else.
  }
}

function cannot_write(error: unknown): UsageError {
  const { message } = error as Error;
  return new UsageError(`cannot write --pid: ${message}`, { cause: error });
}

/**
 * The id in a file; null if it is empty or missing.
 *
 * @throws {UsageError} If it contains something else, which must not be lost.
 */
function read_pid(path: string): number | null {
  const text = read(path).trim();
  if (text === "") return null;
  if (/^[0-9]+$/.test(text)) return Number(text);
  throw new UsageError(
    `--pid takes a file that is empty or contains a process id, got ${path}, which contains something else`,
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

/** Whether a process is running, as far as Linux tells. */
function is_running(pid: number): boolean {
  try {
    return Deno.statSync(`/proc/${pid}`).isDirectory;
  } catch {
    return false;
  }
}
