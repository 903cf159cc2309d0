/** The file of `--pid`. */

import { UsageError } from "../settings/usage_error.ts";

/** At its end Deno tells of `unload`; of an error that ends it, of nothing but the error. */
const ERRORS = ["error", "unhandledrejection"];

/**
 * Writes the id of this process to a file, and keeps it locked: so nobody takes another process for this one that has
 * got its number meanwhile, as it happens where the machine was switched off.
 *
 * @returns A function that removes the file again.
 * @throws {UsageError} If it cannot be written, is that of another command that runs, or holds something else than an
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
      // Whoever is still there then has a listener that keeps the error from ending the process.
      Deno.unrefTimer(setTimeout(() => is_over || file.take_again(), 0));
    });
  }
  const end = () => {
    is_over = true;
    file.remove();
  };
  addEventListener("unload", end); // For an end that nobody waits for.
  return end;
}

class PidFile {
  #path: string;
  /** Open as long as it is locked. */
  #file: Deno.FsFile | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws {UsageError} If it cannot be written, or is not to be. */
  take(): void {
    const before = read_pid(this.#path);
    this.#file = this.#open();
    if (!is_free(this.#file, before)) {
      this.#close();
      const who = before === null ? "another process" : `process ${before}`;
      throw new UsageError(`--pid ${this.#path}: ${who} is running`);
    }
    // Who had it may have removed it meanwhile: then it is no file any more that anybody finds.
    if (is_same(this.#file, this.#path)) return this.#write();
    this.#close();
    this.take();
  }

  /** Writes the file unless somebody else has meanwhile: nobody is there to be told. */
  take_again(): void {
    try {
      if (read_pid(this.#path) === null) this.take();
    } catch {
      // See above.
    }
  }

  /** Removes the file, unless it is somebody else's by now; empties it where its folder does not let it go. */
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
      // Whoever reads it finds that this process has ended.
    }
  }

  #close(): void {
    this.#file?.close();
    this.#file = null;
  }
}

/** Whether nobody has a file, of which this process has the lock then; `before` is the id in it. */
function is_free(file: Deno.FsFile, before: number | null): boolean {
  try {
    return file.tryLockSync(true);
  } catch {
    // There are file systems without locks.
    return before === null || before === Deno.pid || !is_running(before);
  }
}

/** Whether an open file is the one at a path. */
function is_same(file: Deno.FsFile, path: string): boolean {
  try {
    const [own, there] = [file.statSync(), Deno.statSync(path)];
    return own.ino === there.ino && own.dev === there.dev;
  } catch {
    return false; // There is none any more.
  }
}

/** Whether a file still holds the id of this process. */
function holds_own_id(path: string): boolean {
  try {
    return read_pid(path) === Deno.pid;
  } catch {
    return false; // It holds something else.
  }
}

function cannot_write(error: unknown): UsageError {
  const { message } = error as Error;
  return new UsageError(`cannot write --pid: ${message}`, { cause: error });
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

/** Whether a process runs: as far as Linux says it. */
function is_running(pid: number): boolean {
  try {
    return Deno.statSync(`/proc/${pid}`).isDirectory;
  } catch {
    return false;
  }
}
