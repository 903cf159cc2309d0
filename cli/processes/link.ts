/** The link between the supervisor and a worker: each tells the other what happens, and sees when it is gone. */

/**
 * What is said. By the worker: that its application is loaded, that it takes requests and how long it may be silent,
 * that it is there, that it has had its number of requests, that it listens no more, that it cannot start and why.
 * To it: that it may listen, that it shall answer, that another one takes its place, that it shall stop, that it shall
 * reopen its logs. No signals are sent for that: the worker cannot tell them from those that come from outside, to
 * it or to all processes at once, and at SIGUSR1 Deno opens its debugger.
 */
const WORDS = [
  ...["loaded", "ready", "alive", "worn", "closed", "failed"] as const,
  ...["listen", "answer", "retire", "stop", "reopen"] as const,
];

/** One of `WORDS`. */
export type Word = typeof WORDS[number];

/** A word, and what belongs to it: a number, a text. */
export type Message = [word: Word, detail: string];

export class Link {
  #conn: Deno.Conn;
  #said: Promise<void> = Promise.resolve();

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Connects to the supervisor, which waits at `path`. */
  static async open(path: string): Promise<Link> {
    return new Link(await Deno.connect({ transport: "unix", path }));
  }

  /** Says a word to the other side, a line for each; `messages` tells when it is gone. */
  say(word: Word, detail = ""): Promise<void> {
    const line = `${JSON.stringify([word, detail])}\n`;
    const send = () => write_all(this.#conn, new TextEncoder().encode(line));
    return this.#said = this.#said.then(send).catch(() => {});
  }

  /** What the other side says, until one of the two is gone. */
  async *messages(): AsyncGenerator<Message> {
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(4096);
    let kept = "";
    while (true) {
      const length = await this.#conn.read(buffer).catch(() => null);
      if (length === null) return;
      kept += decoder.decode(buffer.subarray(0, length), { stream: true });
      const lines = kept.split("\n");
      kept = lines.pop()!;
      for (const line of lines) yield JSON.parse(line);
    }
  }

  close(): void {
    this.#conn.close();
  }
}

async function write_all(conn: Deno.Conn, data: Uint8Array): Promise<void> {
  for (let sent = 0; sent < data.length;) {
    sent += await conn.write(data.subarray(sent));
  }
}
