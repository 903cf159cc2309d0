/** The file of a Unix socket, from which Deno parts as if it were always its own. */

/** How long Deno may take to remove a file, in milliseconds. */
const PATIENCE = 1000;

/** What tells a file from another one at its path. */
type Identity = Pick<Deno.FileInfo, "dev" | "ino">;

/**
 * The file of a socket that somebody listens at. Another server may put its own at the same path meanwhile, so that
 * no client finds nobody there: to it the file belongs then. But Deno, when it closes a socket, removes whatever is at
 * its path.
 */
export class SocketFile {
  #path: string;
  #own: Identity | null;

  /** Takes the file that is there for that of the socket. */
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

  /** Closes the socket by `close`; what somebody else has put in the place of its file is there afterwards. */
  async close_socket(close: () => void): Promise<void> {
    const there = identity_at(this.#path);
    const kept = there && !is_same(this.#own, there) ? this.#keep() : null;
    close();
    if (kept !== null) await this.#restore(kept, there!);
  }

  /** Gives what is there a second name; null where that cannot be done. */
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

/** What is at a path; null where there is nothing, or nobody is allowed to tell. */
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
