/** The link between the supervisor and a worker: each tells the other what happens, and sees when that has gone. */

/**
 * What is said. By the worker: that it takes requests, that it has had its number of them, that it listens no more.
 * To it: that another one takes its place, that it shall stop, that it shall open its logs anew. No signals are sent
 * for that: the worker cannot tell them from those that come from outside, to it or to all processes at once, and at
 * SIGUSR1 Deno opens its debugger.
 */
const WORDS = ["ready", "worn", "closed", "retire", "stop", "reopen"] as const;

/** One of `WORDS`; it is sent as a byte. */
export type Word = typeof WORDS[number];

export class Link {
  #conn: Deno.Conn;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Connects to the supervisor, which waits at `path`. */
  static async open(path: string): Promise<Link> {
    return new Link(await Deno.connect({ transport: "unix", path }));
  }

  /** Says a word to the other side; `words` tells when that has gone. */
  async say(word: Word): Promise<void> {
    const byte = new Uint8Array([WORDS.indexOf(word)]);
    await this.#conn.write(byte).catch(() => {});
  }

  /** What the other side says, until one of the two has gone. */
  async *words(): AsyncGenerator<Word> {
    const buffer = new Uint8Array(16);
    while (true) {
      const length = await this.#conn.read(buffer).catch(() => null);
      if (length === null) return;
      for (const byte of buffer.subarray(0, length)) {
        const word = WORDS[byte];
        if (word) yield word;
      }
    }
  }

  close(): void {
    this.#conn.close();
  }
}
