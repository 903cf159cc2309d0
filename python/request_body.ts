/** Request bodies, which are there as a whole before Python is called: in memory, and a long one in a temporary file. */

/** So much of a body is kept in memory: what waitress does as well. */
export const MOST_IN_MEMORY = 512 * 1024;

/** A body that has been received. */
export interface RequestBody {
  /** Its length in bytes. */
  readonly size: number;
  /** Puts what comes next into `block`, and gives how much that is: 0 at the end. */
  take(block: Uint8Array): number;
  /** Lets go of it. */
  close(): void;
}

/**
 * Receives a body.
 *
 * @param folder Where a long one is kept.
 * @throws What the stream fails with; `Deno.errors.NotCapable` if the body is long and `folder` may not be used.
 */
export async function receive_body(
  stream: ReadableStream<Uint8Array>,
  folder: string,
): Promise<RequestBody> {
  const blocks: Uint8Array[] = [];
  let size = 0;
  let file: FileBody | null = null;
  try {
    for await (const block of stream) {
      size += block.length;
      if (!file && size > MOST_IN_MEMORY) {
        file = new FileBody(folder);
        for (const block of blocks) file.write(block);
        blocks.length = 0;
      }
      if (file) file.write(block);
      else blocks.push(block);
    }
    file?.rewind();
  } catch (error) {
    file?.close();
    throw error;
  }
  return file ?? new MemoryBody(blocks, size);
}

class MemoryBody implements RequestBody {
  readonly size: number;
  #blocks: Uint8Array[];
  #next = 0;
  #offset = 0;

  constructor(blocks: Uint8Array[], size: number) {
    this.size = size;
    this.#blocks = blocks;
  }

  take(block: Uint8Array): number {
    let taken = 0;
    while (taken < block.length && this.#next < this.#blocks.length) {
      const current = this.#blocks[this.#next]!;
      const end = this.#offset + block.length - taken;
      const part = current.subarray(this.#offset, end);
      block.set(part, taken);
      taken += part.length;
      this.#offset += part.length;
      if (this.#offset === current.length) {
        this.#next++;
        this.#offset = 0;
      }
    }
    return taken;
  }

  close(): void {
    this.#blocks.length = 0;
  }
}

class FileBody implements RequestBody {
  size = 0;
  #file: Deno.FsFile;

  constructor(folder: string) {
    this.#file = open_temporary(folder);
  }

  write(block: Uint8Array): void {
    this.size += block.length;
    while (block.length > 0) {
      block = block.subarray(this.#file.writeSync(block));
    }
  }

  rewind(): void {
    this.#file.seekSync(0, Deno.SeekMode.Start);
  }

  take(block: Uint8Array): number {
    return this.#file.readSync(block) ?? 0;
  }

  close(): void {
    this.#file.close();
  }
}

/** A file that nobody else finds, and that is gone when this process ends, however it does. */
function open_temporary(dir: string): Deno.FsFile {
  check_permission("write", dir);
  check_permission("read", dir);
  const path = Deno.makeTempFileSync({ dir, prefix: "tsgi-body-" });
  const file = Deno.openSync(path, { read: true, write: true });
  if (Deno.build.os !== "windows") Deno.removeSync(path);
  return file;
}

function check_permission(name: "read" | "write", path: string): void {
  if (Deno.permissions.querySync({ name, path }).state === "granted") return;
  throw new Deno.errors.NotCapable(
    `a request body of more than ${MOST_IN_MEMORY} bytes is kept in ${path}: allow that with --allow-${name}=${path}`,
  );
}
