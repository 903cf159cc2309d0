/** The body of a `Response`, written block by block. */

import { disconnected } from "../streams/disconnect.ts";
import { deferred, type MaybePromise } from "../promise.ts";

/** A stream that is written no faster than its reader takes it. */
export class BodyStream {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #wanted = false;
  #left = false;
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
        this.#left = true;
        this.#room?.reject(disconnected());
        on_cancel();
      },
    }, { highWaterMark: 0 });
  }

  send(data: Uint8Array): void {
    if (this.#left) throw disconnected();
    if (data.length === 0) return;
    this.#wanted = false;
    this.#controller.enqueue(data);
  }

  /** Settles when the client wants more. */
  flush(): MaybePromise {
    if (this.#wanted) return;
    if (this.#left) throw disconnected();
    this.#room ??= deferred<void>();
    return this.#room.promise;
  }

  end(): void {
    if (!this.#left) this.#controller.close();
  }

  fail(): void {
    if (!this.#left) this.#controller.error(new BrokenOff());
  }
}

/** How the body of a response fails that its application could not complete; the reason has been logged. */
export class BrokenOff extends Error {
  override name = "BrokenOff";
  constructor() {
    super("the response was broken off: the application failed");
  }
}
