/** The body of a `Response`, written block by block. */

import { disconnected } from "../streams/disconnect.ts";
import { deferred, type MaybePromise } from "../promise.ts";

/** A stream that is written no faster than its reader reads. */
export class BodyStream {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #wanted = false;
  /** The error for `send()` after the reader has cancelled; null until then. */
  #gone: Error | null = null;
  /** Whether the body has ended. */
  #over = false;
  /** Settled when the reader wants more or has cancelled; shared by all that wait. */
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

  /** Resolves when the client wants more. */
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

  /** Ends the body; returns whether it had already ended. */
  #is_over(): boolean {
    const was_over = this.#over || this.#gone !== null;
    this.#over = true;
    return was_over;
  }

  /** Whether `error` is the one for a reader that has cancelled. */
  has_failed_with(error: unknown): boolean {
    return this.#gone !== null && error === this.#gone;
  }
}

/** The error of a response body that its application could not complete; the reason has been logged. */
export class BrokenOff extends Error {
  override name = "BrokenOff";
  constructor() {
    super("the response was aborted: the application failed");
  }
}
