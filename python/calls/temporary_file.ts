/** A temporary file for what is too long for memory. */

/** The longest body that is kept in memory, in bytes; the same as in waitress. */
export const MOST_IN_MEMORY = 512 * 1024;

/** A queue of bytes in a file without a name, which is gone when this process ends, however it ends. */
export class TemporaryFile {
  #file: Deno.FsFile;
  /** How many bytes have been put in, and taken out. */
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

  /** How many bytes have not been taken out yet. */
  get left(): number {
    return this.#put - this.#taken;
  }

  /** Appends a block. */
  put(block: Uint8Array): void {
    this.#file.seekSync(this.#put, Deno.SeekMode.Start);
    this.#put += block.length;
    while (block.length > 0) {
      block = block.subarray(this.#file.writeSync(block));
    }
  }

  /** Takes the next bytes out into `block`; returns how many, 0 at the end. */
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
