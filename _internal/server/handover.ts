/** Shutting down a server whose port is shared with others. */

/** The maximum time to hold HTTP/2 responses until all of them are held, in milliseconds. */
const SEARCH = 250;

/** How often this is checked, in milliseconds. */
const GLANCE = 10;

/** The time for HTTP/2 clients to receive Deno's GOAWAY, in milliseconds. */
const FAREWELL = 250;

/**
 * Tracks the clients of such a server, and holds HTTP/2 responses so that it ends at the right moment. One response
 * must be held: Deno drops its connections when no request is in flight. The fewer there are besides it, the better: if
 * a client answers with a GOAWAY of its own, as Node's does, Deno resets all its requests in flight.
 */
export class Handover {
  /** The clients that have sent a request since HTTP/1 clients are told to send only one. */
  #peers = new Set<string>();
  /** Whether one of them has sent a second request, and so uses HTTP/2. */
  #has_http2 = false;
  #is_keeping = false;
  /** The number of HTTP/2 requests in flight whose response is not held. */
  #open = 0;
  /** Each releases a held response. */
  #kept: (() => void)[] = [];

  /** Whether a request uses HTTP/2, as far as that can be detected: it is not the first on its connection. */
  is_http2(peer: Deno.Addr): boolean {
    if (peer.transport !== "tcp") return false;
    const name = `${peer.hostname} ${peer.port}`;
    const is_known = this.#peers.has(name);
    if (is_known) this.#has_http2 = true;
    else this.#peers.add(name);
    return is_known;
  }

  /** Holds HTTP/2 responses; resolves when all are held, or after a maximum time. */
  async gather(): Promise<void> {
    if (!this.#has_http2) return;
    this.#is_keeping = true;
    const end = performance.now() + SEARCH;
    let before = 0;
    do {
      before = this.#kept.length;
      await new Promise((resolve) => setTimeout(resolve, GLANCE));
    } while (!this.#is_quiet(before) && performance.now() < end);
  }

  /** Whether all responses are held, as many as before. */
  #is_quiet(before: number): boolean {
    return this.#open === 0 && before > 0 && this.#kept.length === before;
  }

  /** Passes on the response to an HTTP/2 request, and holds it first if necessary. */
  async keep(response: Response | Promise<Response>): Promise<Response> {
    this.#open++;
    try {
      const whole = await response;
      if (!this.#is_keeping) return whole;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#kept.push(resolve);
      this.#open--;
      await promise;
      this.#open++;
      return whole;
    } finally {
      this.#open--;
    }
  }

  /** Releases the held responses except `left` of them; from then on no others are held. */
  release(left = 0): void {
    this.#is_keeping = false;
    for (const let_go of this.#kept.splice(left)) let_go();
  }

  /** Releases the last one when all clients have received the GOAWAY. */
  release_later(): void {
    setTimeout(() => this.release(), FAREWELL);
  }
}
