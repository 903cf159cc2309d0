/** What is too long to be kept in memory. */

/** So much of a body is kept in memory: what waitress does as well. */
export const MOST_IN_MEMORY = 512 * 1024;

/** A file that nobody else finds, and that is gone when this process ends, however it does: what was put in comes out. */
export class TemporaryFile {
  #file: Deno.FsFile;
  /** How much has been put in, and how much has been taken out. */
  #put = 0;
  #taken = 0;

  /** @throws {Deno.errors.NotCapable} If `dir` may not be used. */
  constructor(dir: string) {
    check_permission("write", dir);
    check_permission("read", dir);
    const path = Deno.makeTempFileSync({ dir, prefix: "tsgi-body-" });
    this.#file = Deno.openSync(path, { read: true, write: true });
    if (Deno.build.os !== "windows") Deno.removeSync(path);
  }

  /** How many bytes are in it that have not been taken out. */
  get left(): number {
    return this.#put - this.#taken;
  }

  /** Puts a block behind what is in it. */
  put(block: Uint8Array): void {
    this.#file.seekSync(this.#put, Deno.SeekMode.Start);
    this.#put += block.length;
    while (block.length > 0) {
      block = block.subarray(this.#file.writeSync(block));
    }
  }

  /** Takes out what comes next, as far as `block` has room for it, and gives how much that is: 0 at the end. */
  take(block: Uint8Array): number {
    this.#file.seekSync(this.#taken, Deno.SeekMode.Start);
    const count = this.#file.readSync(block) ?? 0;
    this.#taken += count;
    return count;
  }

  close(): void {
    this.#file.close();
  }
}

function check_permission(name: "read" | "write", path: string): void {
  if (Deno.permissions.querySync({ name, path }).state === "granted") return;
  throw new Deno.errors.NotCapable(
    `a body of more than ${MOST_IN_MEMORY} bytes is kept in ${path}: allow that with --allow-${name}=${path}`,
  );
}
