/** Python's file system: the files of this machine, at the same paths, as far as Deno's permissions allow. */

import type { FileStream, FileSystem } from "./pyodide.ts";

/** Folders that Pyodide has itself, or that hold no ordinary files. */
const NOT_MOUNTED = ["dev", "proc", "sys", "lib", "lib64", "run", "boot"];

/** The time zones, which an application needs without naming their folder. */
const ZONES = "/usr/share/zoneinfo";

/** Mounts all folders of this machine if they may be read; otherwise those of `needed` that may be. */
export function mount_files(FS: FileSystem, needed: string[]): void {
  obey_permissions(FS);
  keep_inodes(FS);
  for (const folder of may_read("/") ? all_folders() : [...needed, ZONES]) {
    if (!may_read(folder) || !is_directory(folder)) continue;
    if (is_mounted(FS, folder)) continue;
    FS.mkdirTree(folder);
    FS.mount(FS.filesystems.NODEFS, { root: folder }, folder);
  }
}

/** The file on disk that Python has open as `fd`; null if it is not one. */
export function opened_file(FS: FileSystem, fd: number): FileStream | null {
  const stream = FS.getStream(fd);
  const is_ours = stream?.node.mount.type === FS.filesystems.NODEFS;
  return is_ours && stream.nfd !== undefined ? stream : null;
}

function all_folders(): string[] {
  return Array.from(Deno.readDirSync("/"))
    .filter(({ name, isDirectory }) =>
      isDirectory && !NOT_MOUNTED.includes(name)
    )
    .map(({ name }) => `/${name}`);
}

function is_mounted(FS: FileSystem, folder: string): boolean {
  try {
    const { node } = FS.lookupPath(folder);
    return node.mount.type === FS.filesystems.NODEFS;
  } catch {
    return false;
  }
}

function may_read(path: string): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}

function is_directory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/** Passes on the real inode numbers. Emscripten makes up its own in each process, but ETags may depend on them. */
function keep_inodes({ filesystems: { NODEFS } }: FileSystem): void {
  const { getattr } = NODEFS;
  NODEFS.getattr = (look, node) => {
    let inode = 0;
    const attributes = getattr(() => {
      const found = look();
      inode = found.ino;
      return found;
    }, node);
    return { ...attributes, ino: inode };
  };
}

/** EACCES, as WASI and so Emscripten number it. */
const EACCES = 2;
/** EIO, for errors that have no number. */
const EIO = 29;

/**
 * Turns what Deno forbids into a `PermissionError`. Emscripten only handles errors of Node, which have a `code`; any
 * other would be thrown through CPython, which does not survive that.
 */
function obey_permissions(FS: FileSystem): void {
  const { NODEFS } = FS.filesystems;
  const attempt = NODEFS.tryFSOperation;
  const parts = [attempt, NODEFS.getattr, FS.ErrnoError];
  if (parts.some((part) => typeof part !== "function")) {
    throw new Error(
      "this version of Pyodide cannot be used: NODEFS.tryFSOperation, NODEFS.getattr or FS.ErrnoError is missing",
    );
  }
  NODEFS.tryFSOperation = <T>(operation: () => T): T => {
    try {
      return attempt(operation);
    } catch (error) {
      if (error instanceof FS.ErrnoError) throw error;
      const is_forbidden = error instanceof Deno.errors.NotCapable ||
        error instanceof Deno.errors.PermissionDenied;
      throw new FS.ErrnoError(is_forbidden ? EACCES : EIO);
    }
  };
}
