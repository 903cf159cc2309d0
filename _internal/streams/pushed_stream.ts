/** A stream that is given its data as they come. */

import type { MaybePromise } from "../promise.ts";

/** How much is kept before whoever pushes has to wait. */
const HIGH_WATER_MARK = 65536;

export class PushedStream {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  #over = false;
  #room: PromiseWithResolvers<void> | null = null;

  constructor() {
    this.readable = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#make_room(),
        cancel: () => this.drop(),
      },
      { highWaterMark: HIGH_WATER_MARK, size: ({ length }) => length },
    );
  }

  /** Adds to the stream; what it returns settles when there is room for more. */
  push(data: Uint8Array<ArrayBuffer>): MaybePromise {
    if (this.#over) return;
    this.#controller.enqueue(data);
    if (this.#controller.desiredSize! > 0) return;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** Ends the stream. */
  end(): void {
    if (!this.#over) this.#controller.close();
    this.drop();
  }

  /** Has the stream fail. */
  fail(reason: () => Error): void {
    if (!this.#over) this.#controller.error(reason());
    this.drop();
  }

  /** Takes no more data: whoever pushes need not wait any longer. */
  drop(): void {
    this.#over = true;
    this.#make_room();
  }

  #make_room(): void {
    this.#room?.resolve();
    this.#room = null;
  }
}
