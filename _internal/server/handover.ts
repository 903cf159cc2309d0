/** The last moments of a server at whose port others listen. */

/** For how long it is tried to have a request of HTTP/2 under way at the end, in milliseconds. */
const SEARCH = 500;

/** How long a client by HTTP/2 may take to hear that the server goes away, in milliseconds. */
const FAREWELL = 250;

/** Who the clients of such a server are, and a response that is kept back: so a request is under way when it shuts down. */
export class Handover {
  /** Who has sent a request since clients by HTTP/1 are told to send one only. */
  #peers = new Set<string>();
  /** Whether one of them has sent another: that is HTTP/2. */
  #has_http2 = false;
  /** Called when a response is kept back; null where none is wanted. */
  #on_kept: (() => void) | null = null;
  /** Lets go of that response. */
  #let_go: (() => void) | null = null;

  /** Whether a request comes by HTTP/2, as far as that can be told: it is not the first on its connection. */
  is_http2(peer: Deno.Addr): boolean {
    if (peer.transport !== "tcp") return false;
    const name = `${peer.hostname} ${peer.port}`;
    const is_known = this.#peers.has(name);
    if (is_known) this.#has_http2 = true;
    else this.#peers.add(name);
    return is_known;
  }

  /** Settles when a response by HTTP/2 is kept back, or none comes. */
  async find(): Promise<void> {
    if (!this.#has_http2) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#on_kept = resolve;
    const timer = setTimeout(resolve, SEARCH);
    await promise;
    clearTimeout(timer);
    this.#on_kept = null;
  }

  /** Keeps a response back, if that is wanted. */
  async keep(response: Response | Promise<Response>): Promise<Response> {
    const whole = await response;
    const on_kept = this.#on_kept;
    if (!on_kept) return whole;
    this.#on_kept = null; // One is enough.
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#let_go = resolve;
    on_kept();
    await promise;
    return whole;
  }

  /** Lets go of the response that is kept back. */
  release(): void {
    this.#let_go?.();
  }

  /** The same when everybody has heard that the server goes away. */
  release_later(): void {
    setTimeout(() => this.release(), FAREWELL);
  }
}
