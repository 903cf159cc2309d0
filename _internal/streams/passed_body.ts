/** Request bodies that stand before another. */

import { BodySource } from "./body_source.ts";

/** Hands on what is read of a body, of which nothing is read before it is wanted. */
export abstract class PassedBody extends BodySource {
  #source: ReadableStream<Uint8Array>;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;

  constructor(source: ReadableStream<Uint8Array>) {
    super();
    this.#source = source;
  }

  override async cancel(reason: unknown): Promise<void> {
    await (this.#reader ?? this.#source).cancel(reason);
  }

  /** Locks the source only during a read, because a handler drops the rest of a body only if that is not locked. */
  protected async read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    const reader = this.#reader = this.#source.getReader();
    try {
      return await reader.read();
    } finally {
      reader.releaseLock();
      this.#reader = null;
    }
  }
}
