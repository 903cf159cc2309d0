/** Files that make Python start fast: a compiled standard library, and a snapshot of a started interpreter. */

import { SOURCES } from "./sources.ts";
import { VERSION } from "../version.ts";

/** The files, as options of Pyodide. */
export interface CachedFiles {
  stdLibURL?: string;
  _loadSnapshot?: Uint8Array<ArrayBuffer>;
}

const LIBRARY = "python_stdlib.zip";
const SNAPSHOT = "snapshot.bin";

/** A folder with the files for this version. */
export class Cache {
  /** The folder. */
  readonly folder: string;
  /** Where Python writes the compiled modules of applications. */
  readonly pycache: string;

  constructor(folder: string) {
    this.folder = folder;
    this.pycache = `${folder}/pycache`;
  }

  /** The path of the compiled library. */
  get library(): string {
    return `${this.folder}/${LIBRARY}`;
  }

  /** Whether `read()` has found all files. */
  is_complete = false;

  /** Reads the files; empty if they have not all been made yet. */
  read(): CachedFiles {
    try {
      // The snapshot is written last, so if it exists, the library does too.
      const _loadSnapshot = Deno.readFileSync(`${this.folder}/${SNAPSHOT}`);
      this.is_complete = true;
      return { stdLibURL: this.library, _loadSnapshot };
    } catch {
      return {};
    }
  }

  /** Whether it is up to this process to make the files, and not already up to another. */
  claim(): boolean {
    const path = `${this.folder}/making`;
    try {
      if (Date.now() - Number(Deno.statSync(path).mtime) > LONGEST_MAKING) {
        Deno.removeSync(path);
      }
    } catch {
      // Nobody is making them.
    }
    try {
      Deno.openSync(path, { createNew: true, write: true }).close();
      return true;
    } catch {
      return false;
    }
  }

  /** Adds the compiled library. */
  write_library(data: Uint8Array): void {
    this.#write(LIBRARY, data);
  }

  /** Adds the snapshot, which completes the cache. */
  write_snapshot(data: Uint8Array): void {
    this.#write(SNAPSHOT, data);
    try {
      Deno.removeSync(`${this.folder}/making`);
    } catch {
      // Another process has given up on this one.
    }
    this.#remove_old();
  }

  /** Removes the caches of other versions that were made long ago; a version that is still in use makes its own again. */
  #remove_old(): void {
    const parent = this.folder.slice(0, this.folder.lastIndexOf("/"));
    for (const { name } of Deno.readDirSync(parent)) {
      const folder = `${parent}/${name}`;
      if (folder === this.folder) continue;
      if (Date.now() - Number(Deno.statSync(folder).mtime) < LONGEST_USE) {
        continue;
      }
      Deno.removeSync(folder, { recursive: true });
    }
  }

  /** Writes a file in such a way that nobody ever sees a part of it. */
  #write(name: string, data: Uint8Array): void {
    const path = `${this.folder}/${name}`;
    Deno.writeFileSync(`${path}.new`, data);
    Deno.renameSync(`${path}.new`, path);
  }
}

/** After this many milliseconds, a process that makes the files is taken to have failed. */
const LONGEST_MAKING = 300_000;
/** After this many milliseconds, the cache of another version may be removed: 30 days. */
const LONGEST_USE = 30 * 24 * 3600 * 1000;

/** The cache of the current user, below `XDG_CACHE_HOME` or `~/.cache`; null if it cannot be read and written. */
export function open_cache(
  environ: Readonly<Record<string, string>>,
): Cache | null {
  const { XDG_CACHE_HOME, HOME } = environ;
  const base = XDG_CACHE_HOME || (HOME && `${HOME}/.cache`);
  if (!base) return null;
  const folder = `${base}/tsgi/pyodide-${VERSION}-${fingerprint()}`;
  const may = (name: "read" | "write") =>
    Deno.permissions.querySync({ name, path: folder }).state === "granted";
  if (!may("read") || !may("write")) return null;
  try {
    Deno.mkdirSync(`${folder}/pycache`, { recursive: true });
    return new Cache(folder);
  } catch {
    return null;
  }
}

/** A hash of the Python side (FNV-1a), which is part of the snapshot. */
function fingerprint(): string {
  let hash = 0x811c9dc5;
  for (const char of Object.values(SOURCES).join("")) {
    hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  }
  return (hash >>> 0).toString(16);
}

/**
 * Makes the files in another thread, which keeps this process alive until it is done. The promise resolves when that
 * thread has ended, whether it succeeded or not; at once if another process is making them.
 */
export async function fill_cache(cache: Cache): Promise<void> {
  if (!cache.claim()) return;
  const done = Promise.withResolvers<void>();
  const worker = new Worker(new URL("./make_cache.ts", import.meta.url), {
    type: "module",
    name: "tsgi-make-cache",
  });
  worker.onerror = (event) => {
    event.preventDefault(); // Python also starts without the files.
    done.resolve();
  };
  worker.onmessage = () => done.resolve();
  worker.postMessage(cache.folder);
  await done.promise;
}
