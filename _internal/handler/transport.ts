/** Sends the bytes of a response, and notes disconnects: the base of `ResponseWriter`. */

import type { MaybePromise } from "../promise.ts";
import { is_lost } from "../streams/disconnect.ts";
import { encode_latin1 } from "../text/bytes.ts";
import { copy_of } from "./block.ts";

/**
 * The methods that send bytes. A subclass of `BaseHandler` overrides them for its transport.
 *
 * @category Handlers
 */
export abstract class Transport {
  /** The block being sent, if it is not reused by anyone. */
  #given: unknown = null;
  /** The errors of the connection to the client; created with the first. */
  #losses: WeakSet<Error> | null = null;

  /**
   * Sends part of the head, a native string, with `_write`. Override if text is more efficient than bytes.
   *
   * @throws {TypeError} If a character is above U+00FF.
   */
  _write_head(text: string): MaybePromise {
    return this._write(encode_latin1(text));
  }

  /** Sends bytes, or buffers them until `_flush`. Must be overridden. */
  _write(_data: Uint8Array): MaybePromise {
    throw not_overridden("_write");
  }

  /** Sends what `_write` has buffered; resolves when the client can take more. Must be overridden. */
  _flush(): MaybePromise {
    throw not_overridden("_flush");
  }

  /**
   * Returns a block that stays valid although the application may reuse the original after writing it: a copy. Override
   * if `_write` and `_flush` no longer need a block when they settle.
   *
   * @ignore
   */
  protected keep_block(block: Uint8Array): Uint8Array {
    return copy_of(block);
  }

  /**
   * Notes and returns a block that nobody reuses.
   *
   * @ignore
   */
  protected note_given(block: Uint8Array): Uint8Array {
    this.#given = block;
    return block;
  }

  /**
   * Returns data that `_write` may keep beyond `_flush`: a copy, if an overridden step may reuse the original.
   *
   * @ignore
   */
  protected own(data: Uint8Array): Uint8Array {
    return data === this.#given ? data : copy_of(data);
  }

  /**
   * Sends what hooks have passed to `_write` and not flushed, and ends the body.
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
   * Sends what `_write` has buffered without a `_flush`. Called when the body is complete, and again at the end of
   * `run`, because an overridden step may have left something. Override to end the body as well.
   *
   * @ignore
   */
  protected _end(): MaybePromise {
    return this._flush();
  }

  /**
   * Returns an error of the transport, and notes it if it means a disconnect.
   *
   * @ignore
   */
  protected note_failure(error: unknown): unknown {
    return is_lost(error) ? this.note_loss(error) : error;
  }

  /**
   * Notes and returns an error that means that the client has disconnected.
   *
   * @ignore
   */
  protected note_loss(error: Error): Error {
    (this.#losses ??= new WeakSet()).add(error);
    return error;
  }

  /**
   * Whether an error was noted as a disconnect.
   *
   * @ignore
   */
  protected is_loss(error: unknown): boolean {
    return this.#losses?.has(error as Error) ?? false;
  }

  /**
   * Awaits what a hook sends, and notes a disconnect.
   *
   * @ignore
   */
  protected follow<Result>(sending: Promise<Result>): Promise<Result> {
    return sending.catch((error) => {
      throw this.note_failure(error);
    });
  }
}

/** The error of a method that must be overridden. */
export function not_overridden(method: string): Error {
  return new Error(`a subclass of BaseHandler must override ${method}()`);
}
