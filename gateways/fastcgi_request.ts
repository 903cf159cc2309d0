/** A request on a FastCGI connection, as it comes in. */

import { concat } from "../_internal/bytes.ts";
import type { PushedStream } from "../_internal/pushed_stream.ts";
import { parse_name_values } from "./fastcgi_codec.ts";
import type { GatewayHandler } from "./gateway_handler.ts";
import { check_size, type Variables } from "./variables.ts";

export class FastCGIRequest {
  /** Which request it is on its connection. */
  readonly id: number;
  /** Whether the connection stays open behind it. */
  readonly keep: boolean;
  /** The body, where there is one to be read. */
  stdin: PushedStream | null = null;
  /** Whether all of the body has come, wanted or not. */
  is_whole = false;
  /** What runs the application, once it is its turn. */
  handler: GatewayHandler | null = null;
  /** Whether something was sent for the log of the web server. */
  has_errors = false;
  /** Whether the web server takes no more for it. */
  ended = false;

  #params: Uint8Array[] | null = [];
  #params_size = 0;

  constructor(id: number, keep: boolean) {
    this.id = id;
    this.keep = keep;
  }

  /**
   * Keeps a part of the variables.
   *
   * @throws {RangeError} If there are more than `limit` bytes of them.
   * @throws {TypeError} If they were complete already.
   */
  add_params(content: Uint8Array, limit: number): void {
    this.#params_size += content.length;
    check_size(this.#params_size, limit);
    this.#open_params().push(content);
  }

  /**
   * The variables, which are complete now.
   *
   * @param own What stands beside them.
   * @throws {TypeError} If they are malformed, or were complete already.
   */
  take_params(own: Readonly<Variables>): Variables {
    const params = this.#open_params();
    this.#params = null;
    return parse_name_values(concat(params), own);
  }

  #open_params(): Uint8Array[] {
    if (this.#params) return this.#params;
    throw new TypeError(
      `expected no variables behind the last of request ${this.id}, got more`,
    );
  }
}
