/** The file of a Unix socket, which Deno removes even if it no longer belongs to the server. */

/** The time that Deno has to remove a file, in milliseconds. */
const PATIENCE = 1000;

/** Distinguishes a file from another one at the same path. */
type Identity = Pick<Deno.FileInfo, "dev" | "ino">;

/**
 * The file of a listening socket. Another server may replace it with its own, so that clients always find one: then the
 * file belongs to that server. But when Deno closes a socket, it removes whatever file is at its path.
 */
export class SocketFile {
  #path: string;
  #own: Identity | null;

  /** Assumes that the existing file belongs to the socket. */
  constructor(path: string) {
    this.#path = path;
    this.#own = identity_at(path);
  }

  /** Removes the file, if it is still the same. */
  remove(): void {
    if (is_same(this.#own, identity_at(this.#path))) {
      Deno.removeSync(this.#path);
    }
  }

  /** Closes the socket with `close`, and keeps the file if another server has replaced it. */
  async close_socket(close: () => void): Promise<void> {
    const there = identity_at(this.#path);
    const kept = there && !is_same(this.#own, there) ? this.#keep() : null;
    close();
    if (kept !== null) await this.#restore(kept, there!);
  }

  /** Gives the file at the path a second name; returns null if that fails. */
  #keep(): string | null {
    const kept = `${this.#path}.${Deno.pid}`;
    try {
      Deno.linkSync(this.#path, kept);
      return kept;
    } catch {
      return null;
    }
  }

  async #restore(kept: string, other: Identity): Promise<void> {
    const end = performance.now() + PATIENCE;
    while (is_same(other, identity_at(this.#path)) && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    if (identity_at(this.#path) === null) Deno.renameSync(kept, this.#path);
    else Deno.removeSync(kept);
  }
}

/** The identity of the file at a path; null if there is none, or it is not readable. */
function identity_at(path: string): Identity | null {
  try {
    return Deno.lstatSync(path);
  } catch {
    return null;
  }
}

function is_same(one: Identity | null, other: Identity | null): boolean {
  return one !== null && other !== null && one.ino === other.ino &&
    one.dev === other.dev;
}
