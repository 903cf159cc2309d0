/** A stream that data is pushed into. */

import type { MaybePromise } from "../promise.ts";

/** The number of buffered bytes from which `push()` has to wait. */
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

  /** Adds data to the stream; the returned promise resolves when there is room for more. */
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

  /** Makes the stream fail. */
  fail(reason: () => Error): void {
    if (!this.#over) this.#controller.error(reason());
    this.drop();
  }

  /** Drops further data, and lets pending pushes continue. */
  drop(): void {
    this.#over = true;
    this.#make_room();
  }

  #make_room(): void {
    this.#room?.resolve();
    this.#room = null;
  }
}
