/** The body of a `Response`, written block by block. */

import { disconnected } from "../streams/disconnect.ts";
import { deferred, type MaybePromise } from "../promise.ts";

/** A stream that is written no faster than its reader takes it. */
export class BodyStream {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #wanted = false;
  /** What whoever sends is told when the reader has gone; null as long as it is there. */
  #gone: Error | null = null;
  /** Whether nothing more comes. */
  #over = false;
  /** Settled when the reader wants more, or has gone; all that wait share it. */
  #room: PromiseWithResolvers<void> | null = null;

  constructor(on_cancel: () => void) {
    this.readable = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => {
        this.#wanted = true;
        this.#room?.resolve();
        this.#room = null;
      },
      cancel: () => {
        this.#gone = disconnected();
        this.#room?.reject(this.#gone);
        on_cancel();
      },
    }, { highWaterMark: 0 });
  }

  send(data: Uint8Array): void {
    if (this.#gone) throw this.#gone;
    if (data.length === 0) return;
    if (this.#over) throw new Error("the body has been ended");
    this.#wanted = false;
    this.#controller.enqueue(data);
  }

  /** Settles when the client wants more. */
  flush(): MaybePromise {
    if (this.#wanted) return;
    if (this.#gone) throw this.#gone;
    this.#room ??= deferred<void>();
    return this.#room.promise;
  }

  end(): void {
    if (this.#is_over()) return;
    this.#controller.close();
  }

  fail(): void {
    if (this.#is_over()) return;
    this.#controller.error(new BrokenOff());
  }

  /** Whether it was over before; it is from now on. */
  #is_over(): boolean {
    const was_over = this.#over || this.#gone !== null;
    this.#over = true;
    return was_over;
  }

  /** Whether `error` is what it failed with, as its reader has gone. */
  has_failed_with(error: unknown): boolean {
    return this.#gone !== null && error === this.#gone;
  }
}

/** How the body of a response fails that its application could not complete; the reason has been logged. */
export class BrokenOff extends Error {
  override name = "BrokenOff";
  constructor() {
    super("the response was broken off: the application failed");
  }
}
