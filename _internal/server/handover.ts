/** The last moments of a server at whose port others listen. */

/** How long responses by HTTP/2 are kept back at most until all of them are, in milliseconds. */
const SEARCH = 250;

/** How often it is looked whether they are, in milliseconds. */
const GLANCE = 10;

/** How long a client by HTTP/2 may take to hear that the server goes away, in milliseconds. */
const FAREWELL = 250;

/**
 * Who the clients of such a server are, and the responses by HTTP/2 that are kept back so that it ends at the right
 * moment. One is needed: Deno breaks its connections off when no request is under way. The fewer there are beside it, the
 * better: a client that answers with a GOAWAY of its own, as Node's does, has Deno reset whatever it has under way.
 */
export class Handover {
  /** Who has sent a request since clients by HTTP/1 are told to send one only. */
  #peers = new Set<string>();
  /** Whether one of them has sent another: that is HTTP/2. */
  #has_http2 = false;
  #is_keeping = false;
  /** How many requests by HTTP/2 are under way of which the response is not kept back. */
  #open = 0;
  /** Each lets go of a response that is kept back. */
  #kept: (() => void)[] = [];

  /** Whether a request comes by HTTP/2, as far as that can be told: it is not the first on its connection. */
  is_http2(peer: Deno.Addr): boolean {
    if (peer.transport !== "tcp") return false;
    const name = `${peer.hostname} ${peer.port}`;
    const is_known = this.#peers.has(name);
    if (is_known) this.#has_http2 = true;
    else this.#peers.add(name);
    return is_known;
  }

  /** Keeps the responses by HTTP/2 back; settles when that holds for all, or too few come, or too many. */
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

  /** Whether all responses are kept back, as many as before. */
  #is_quiet(before: number): boolean {
    return this.#open === 0 && before > 0 && this.#kept.length === before;
  }

  /** Takes the response to a request by HTTP/2, and keeps it back if that is wanted. */
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

  /** Lets go of the responses that are kept back, but for so many; no others are kept back from then on. */
  release(left = 0): void {
    this.#is_keeping = false;
    for (const let_go of this.#kept.splice(left)) let_go();
  }

  /** Lets go of the last one as well when everybody has heard that the server goes away. */
  release_later(): void {
    setTimeout(() => this.release(), FAREWELL);
  }
}
