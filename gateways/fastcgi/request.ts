/** A request on a FastCGI connection. */

import type { Variables } from "../../_internal/request/variables.ts";
import type { Bagged } from "../../_internal/bag.ts";
import { decode_latin1 } from "../../_internal/text/bytes.ts";
import type { PushedStream } from "../../_internal/streams/pushed_stream.ts";
import { parse_name_values } from "./codec.ts";
import type { GatewayHandler } from "../gateway_handler.ts";
import { check_size } from "../variables.ts";

export class FastCGIRequest implements Bagged {
  place = 0;
  /** Its id on the connection. */
  readonly id: number;
  /** Whether the connection stays open after it. */
  readonly keep: boolean;
  /** The body, if there is one to read. */
  stdin: PushedStream | null = null;
  /** Whether the whole body has arrived, read or not. */
  is_whole = false;
  /** The variables, while they are complete and the application has not been called. */
  variables: Variables | null = null;
  /** The handler that runs the application, once it has started. */
  handler: GatewayHandler | null = null;
  /** Whether anything was sent to the log of the web server. */
  has_errors = false;
  /** Whether nothing more may be sent for it. */
  ended = false;

  /** The variables received so far; null when they are complete. */
  #params: string | null = "";

  constructor(id: number, keep: boolean) {
    this.id = id;
    this.keep = keep;
  }

  /** Whether variables are still incomplete. */
  get needs_params(): boolean {
    return this.#params !== null;
  }

  /**
   * Adds a part of the variables.
   *
   * @throws {RangeError} If they are larger than `limit` bytes.
   * @throws {TypeError} If they were already complete.
   */
  add_params(content: Uint8Array, limit: number): void {
    const params = this.#open_params();
    check_size(params.length + content.length, limit);
    this.#params = params + decode_latin1(content);
  }

  /**
   * Parses the variables, which are now complete.
   *
   * @param own The variables to merge them over.
   * @throws {TypeError} If they are malformed, or were already complete.
   */
  take_params(own: Readonly<Variables>): void {
    const params = this.#open_params();
    this.#params = null;
    this.variables = parse_name_values(params, own);
  }

  #open_params(): string {
    if (this.#params !== null) return this.#params;
    throw new TypeError(
      `expected no variables after the last of request ${this.id}, got more`,
    );
  }
}
