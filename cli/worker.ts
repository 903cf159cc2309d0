/** A worker, and its link to the supervisor. */

/** The variable that holds the path of the supervisor's socket. */
export const LINK = "TSGI_SUPERVISOR";

/** The link of a worker: it says when it listens, and sees when the supervisor has gone. */
export class SupervisorLink {
  #conn: Deno.Conn;

  private constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Connects to the supervisor at `path`. */
  static async open(path: string): Promise<SupervisorLink> {
    return new SupervisorLink(await Deno.connect({ transport: "unix", path }));
  }

  /** Says which process this is, and that it takes requests. */
  async say_ready(): Promise<void> {
    await this.#conn.write(new TextEncoder().encode(`${Deno.pid}\n`));
  }

  /** Settles when the supervisor has gone. */
  async lost(): Promise<void> {
    const buffer = new Uint8Array(16);
    try {
      while (await this.#conn.read(buffer) !== null);
    } catch {
      // It is closed, by them or by us.
    }
  }

  /** Lets go of the supervisor. */
  close(): void {
    this.#conn.close();
  }
}
