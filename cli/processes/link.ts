/** The connection between the supervisor and a worker: each tells the other what happens, and notices when it exits. */

/**
 * The messages. From the worker: its application is loaded; it accepts requests, and how long it may be silent; it is
 * alive; it has reached its number of requests; it no longer listens; it cannot start, and why. To the worker: it may
 * listen; it must respond; another one replaces it; it must stop; it must reopen its logs. Signals are not used for this:
 * a worker cannot distinguish them from signals that somebody else sends, to it or to all processes at once, and at
 * SIGUSR1 Deno opens its debugger.
 */
const WORDS = [
  ...["loaded", "ready", "alive", "worn", "closed", "failed"] as const,
  ...["listen", "answer", "retire", "stop", "reopen"] as const,
];

/** One of `WORDS`. */
export type Word = typeof WORDS[number];

/** A message, with its number or text. */
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

  /** Sends a message, as one line. If the other side has gone, `messages` ends. */
  say(word: Word, detail = ""): Promise<void> {
    const line = `${JSON.stringify([word, detail])}\n`;
    const send = () => write_all(this.#conn, new TextEncoder().encode(line));
    return this.#said = this.#said.then(send).catch(() => {});
  }

  /** The messages of the other side, until one of the two has gone. */
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
