/** A request body of unknown length, counted while it is read. */

import { PassedBody } from "../_internal/streams/passed_body.ts";
import { stand_in } from "../_internal/streams/own_request.ts";
import { limit_leftover } from "../_internal/streams/leftover.ts";

/** Replaces a `wsgi.input`, and fails when it exceeds a number of bytes. */
export class CountedBody extends PassedBody {
  /** The error that the stream failed with because the body is too long; null otherwise. */
  too_long: RangeError | null = null;

  #source: ReadableStream<Uint8Array>;
  #most: number;
  #length = 0;

  /** Wraps `source`. Nothing is read from it before it is requested. */
  constructor(source: ReadableStream<Uint8Array>, most: number) {
    super(source);
    this.#source = source;
    this.#most = most;
    limit_leftover(source, most);
    stand_in(this.stream, source);
  }

  protected override async give(
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): Promise<void> {
    const step = await this.read();
    if (step.done) return controller.close();
    this.#length += step.value.length;
    limit_leftover(this.#source, this.#most - this.#length);
    if (this.#length <= this.#most) return controller.enqueue(step.value);
    this.too_long = new RangeError(
      `the request body must not be longer than ${this.#most} bytes`,
    );
    throw this.too_long;
  }
}
