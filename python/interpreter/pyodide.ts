/** What of Pyodide is used, and that it is there. */

import { VERSION } from "../version.ts";

/** A Python object as JavaScript has it. */
// deno-lint-ignore no-explicit-any
export type PyProxy = any;

/** A file that is open in Python. */
export interface FileStream {
  /** The number that Node gives the file; only a file of this system has one. */
  nfd?: number;
  node: { mount: { type: unknown } };
}

/** Emscripten's file system. */
export interface FileSystem {
  mkdirTree(path: string): void;
  mount(type: unknown, options: { root: string }, path: string): void;
  writeFile(path: string, data: string): void;
  lookupPath(path: string): { node: FileStream["node"] };
  getStream(fd: number): FileStream | null;
  ErrnoError: new (errno: number) => Error;
  filesystems: {
    NODEFS: {
      tryFSOperation<T>(operation: () => T): T;
      getattr(look: () => { ino: number }, node: unknown): { ino: number };
    };
  };
}

/** How Pyodide is started. */
export interface PyodideConfig {
  stdLibURL?: string;
  env?: Record<string, string>;
  _makeSnapshot?: boolean;
  _loadSnapshot?: Uint8Array;
}

/** CPython in this process. */
export interface Pyodide {
  version: string;
  FS: FileSystem;
  globals: { set(name: string, value: unknown): void };
  runPython(code: string): PyProxy;
  pyimport(name: string): PyProxy;
  toPy(value: unknown): PyProxy;
  setStdout(
    options: { write(data: Uint8Array): number; isatty?: boolean },
  ): void;
  setStderr(
    options: { write(data: Uint8Array): number; isatty?: boolean },
  ): void;
  setStdin(options: { stdin(): null }): void;
  setInterruptBuffer(buffer: Int32Array<SharedArrayBuffer>): void;
  makeMemorySnapshot(): Uint8Array<ArrayBuffer>;
}

/**
 * Starts CPython. Pyodide is imported by a specifier that is put together here: one that stands as it is in a module is
 * downloaded by everybody who installs that.
 *
 * @throws {Error} If another version comes than that which this is made for.
 */
export async function start_pyodide(config: PyodideConfig): Promise<Pyodide> {
  const specifier = ["npm:pyodide", VERSION].join("@");
  const { loadPyodide, version } = await import(specifier);
  if (version !== VERSION) {
    throw new Error(`Pyodide ${VERSION} is expected, got ${version}`);
  }
  return await loadPyodide(config);
}
