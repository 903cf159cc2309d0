/** The part of Pyodide that is used here. */

import { VERSION } from "../version.ts";

/** A Python object in JavaScript. */
// deno-lint-ignore no-explicit-any
export type PyProxy = any;

/** A file that Python has open. */
export interface FileStream {
  /** Node's file descriptor; only files on disk have one. */
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

/** An interpreter. */
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
 * Starts an interpreter. The specifier of Pyodide is put together here, because a literal one would be downloaded by
 * everybody who imports this module.
 *
 * @throws {Error} If the version of Pyodide is not the expected one.
 */
export async function start_pyodide(config: PyodideConfig): Promise<Pyodide> {
  const specifier = ["npm:pyodide", VERSION].join("@");
  const { loadPyodide, version } = await import(specifier);
  if (version !== VERSION) {
    throw new Error(`expected Pyodide ${VERSION}, got ${version}`);
  }
  return await loadPyodide(config);
}
