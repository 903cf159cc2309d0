/** The files that Python sees: those of this system, at their own paths, as far as Deno allows. */

import type { FileStream, FileSystem } from "./pyodide.ts";

/** Folders that are Pyodide's own, or no folders of files. */
const NOT_MOUNTED = ["dev", "proc", "sys", "lib", "lib64", "run", "boot"];

/** What Python needs that no application names: the time zones. */
const ZONES = "/usr/share/zoneinfo";

/**
 * Lets Python see the files of this system: all of them where that is allowed, otherwise the folders that are named, as
 * far as they may be read.
 */
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

/** The file of this system that is open in Python under a number; null where it is none. */
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

/** A file has the number that the system gives it, and no other in each process: ETags are made of it. */
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

/** EACCES, in the numbers of Emscripten: WASI's. */
const EACCES = 2;
/** EIO, for what has no number. */
const EIO = 29;

/**
 * What Deno forbids is a `PermissionError` for Python. Pyodide knows errors of Node alone, which have a `code`: any
 * other is thrown through CPython, which is the end of both.
 */
function obey_permissions(FS: FileSystem): void {
  const { NODEFS } = FS.filesystems;
  const attempt = NODEFS.tryFSOperation;
  const parts = [attempt, NODEFS.getattr, FS.ErrnoError];
  if (parts.some((part) => typeof part !== "function")) {
    throw new Error(
      "this version of Pyodide is none that can be used: it has no NODEFS.tryFSOperation",
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
