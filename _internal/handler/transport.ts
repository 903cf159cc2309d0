/** Where the bytes of a response go, and what is heard of the client by that: what `ResponseWriter` stands on. */

import type { MaybePromise } from "../promise.ts";
import { is_lost } from "../streams/disconnect.ts";
import { encode_latin1 } from "../text/bytes.ts";
import { copy_of } from "./block.ts";

/** How a handler sends bytes: the methods that a subclass of `BaseHandler` overrides for a transport of its own. */
export abstract class Transport {
  /** The block that is being sent, which nobody uses again. */
  #given: unknown = null;
  /** What the connection to the client failed with; made with the first. */
  #losses: WeakSet<Error> | null = null;

  /**
   * Sends a part of the head, a native string, by `_write`. Override where text does better than bytes.
   *
   * @throws {TypeError} If a character is above U+00FF.
   */
  _write_head(text: string): MaybePromise {
    return this._write(encode_latin1(text));
  }

  /** Sends bytes, or keeps them until `_flush`. To be overridden. */
  _write(_data: Uint8Array): MaybePromise {
    throw not_overridden("_write");
  }

  /** Sends what `_write` kept; settles when the client can take more. To be overridden. */
  _flush(): MaybePromise {
    throw not_overridden("_flush");
  }

  /**
   * A block for as long as anybody needs it, of one that the application may use again when it has been written: a copy.
   * Override where `_write` and `_flush` have done with a block when they settle.
   *
   * @ignore
   */
  protected keep_block(block: Uint8Array): Uint8Array {
    return copy_of(block);
  }

  /**
   * Notes a block that nobody uses again; gives it back.
   *
   * @ignore
   */
  protected note_given(block: Uint8Array): Uint8Array {
    this.#given = block;
    return block;
  }

  /**
   * What `_write` may keep beyond `_flush`, of what it was given: a copy of what an overridden step may use again.
   *
   * @ignore
   */
  protected own(data: Uint8Array): Uint8Array {
    return data === this.#given ? data : copy_of(data);
  }

  /**
   * Sends what is left of what hooks gave to `_write`, and ends the body.
   *
   * @ignore
   */
  protected end_body(): MaybePromise {
    try {
      const ended = this._end();
      return ended && this.follow(ended);
    } catch (error) {
      throw this.note_failure(error);
    }
  }

  /**
   * Sends what `_write` kept and `_flush` was not called for. Called when the body is complete, and again at the end of
   * `run`, as a step that was overridden may have left something. Override to end the body as well.
   *
   * @ignore
   */
  protected _end(): MaybePromise {
    return this._flush();
  }

  /**
   * Notes what the transport failed with, should that be the client's leaving; gives it back.
   *
   * @ignore
   */
  protected note_failure(error: unknown): unknown {
    return is_lost(error) ? this.note_loss(error) : error;
  }

  /**
   * Notes an error that says that the client has gone; gives it back.
   *
   * @ignore
   */
  protected note_loss(error: Error): Error {
    (this.#losses ??= new WeakSet()).add(error);
    return error;
  }

  /**
   * Whether an error is one of those that said that the client has gone.
   *
   * @ignore
   */
  protected is_loss(error: unknown): boolean {
    return this.#losses?.has(error as Error) ?? false;
  }

  /**
   * Waits for what a hook sends.
   *
   * @ignore
   */
  protected follow(sending: Promise<void>): Promise<void> {
    return sending.catch((error) => {
      throw this.note_failure(error);
    });
  }
}

/** What a method throws that has to be overridden. */
export function not_overridden(method: string): Error {
  return new Error(`a subclass of BaseHandler must override ${method}()`);
}
