/** What makes Python start fast: a compiled standard library, and a snapshot of an interpreter that has started. */

import { SOURCES } from "./sources.ts";
import { VERSION } from "../version.ts";

/** What a start is given of it. */
export interface CachedFiles {
  stdLibURL?: string;
  _loadSnapshot?: Uint8Array<ArrayBuffer>;
}

const LIBRARY = "python_stdlib.zip";
const SNAPSHOT = "snapshot.bin";

/** A folder with files that were made for this version. */
export class Cache {
  /** The folder. */
  readonly folder: string;
  /** Where compiled modules of applications go. */
  readonly pycache: string;

  constructor(folder: string) {
    this.folder = folder;
    this.pycache = `${folder}/pycache`;
  }

  /** Where the compiled library is. */
  get library(): string {
    return `${this.folder}/${LIBRARY}`;
  }

  /** Whether there is nothing left to make. */
  is_complete = false;

  /** What there is. */
  read(): CachedFiles {
    try {
      // The library first: it is there whenever the snapshot is, which was made of it.
      const _loadSnapshot = Deno.readFileSync(`${this.folder}/${SNAPSHOT}`);
      this.is_complete = true;
      return { stdLibURL: this.library, _loadSnapshot };
    } catch {
      return {};
    }
  }

  /** Whether this process is the one to make the files: others leave it alone. */
  claim(): boolean {
    const path = `${this.folder}/making`;
    try {
      if (Date.now() - Number(Deno.statSync(path).mtime) > LONGEST_MAKING) {
        Deno.removeSync(path);
      }
    } catch {
      // Nobody makes them.
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

  /** Adds the snapshot, and with that all is there. */
  write_snapshot(data: Uint8Array): void {
    this.#write(SNAPSHOT, data);
    try {
      Deno.removeSync(`${this.folder}/making`);
    } catch {
      // Another has taken it that this would never come to an end.
    }
  }

  /** Nobody ever sees half a file. */
  #write(name: string, data: Uint8Array): void {
    const path = `${this.folder}/${name}`;
    Deno.writeFileSync(`${path}.new`, data);
    Deno.renameSync(`${path}.new`, path);
  }
}

/** After so many milliseconds whoever makes the files has not come to an end. */
const LONGEST_MAKING = 300_000;

/**
 * The cache of the user who runs this: below `XDG_CACHE_HOME`, or as the system has it; null where it may not be
 * written.
 */
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

/** Tells the Python side of one release from that of another: a snapshot has it in it (FNV-1a). */
function fingerprint(): string {
  let hash = 0x811c9dc5;
  for (const char of Object.values(SOURCES).join("")) {
    hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  }
  return (hash >>> 0).toString(16);
}

/**
 * Makes the files in another thread: this process goes on meanwhile, and ends when they are there. Settles then, whether
 * it has succeeded or not; at once where another process makes them.
 */
export async function fill_cache(cache: Cache): Promise<void> {
  if (!cache.claim()) return;
  const done = Promise.withResolvers<void>();
  const worker = new Worker(new URL("./make_cache.ts", import.meta.url), {
    type: "module",
    name: "tsgi-make-cache",
  });
  worker.onerror = (event) => {
    event.preventDefault(); // Without the files Python starts as well.
    done.resolve();
  };
  worker.onmessage = () => done.resolve();
  worker.postMessage(cache.folder);
  await done.promise;
}
