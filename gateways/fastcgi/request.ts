/** A request on a FastCGI connection, as it comes in. */

import type { Variables } from "../../_internal/request/variables.ts";
import type { Bagged } from "../../_internal/bag.ts";
import { decode_latin1 } from "../../_internal/text/bytes.ts";
import type { PushedStream } from "../../_internal/streams/pushed_stream.ts";
import { parse_name_values } from "./codec.ts";
import type { GatewayHandler } from "../gateway_handler.ts";
import { check_size } from "../variables.ts";

export class FastCGIRequest implements Bagged {
  place = 0;
  /** Which request it is on its connection. */
  readonly id: number;
  /** Whether the connection stays open behind it. */
  readonly keep: boolean;
  /** The body, where there is one to be read. */
  stdin: PushedStream | null = null;
  /** Whether all of the body has come, wanted or not. */
  is_whole = false;
  /** The variables, from when they are complete until the application is run. */
  variables: Variables | null = null;
  /** What runs the application, once it is its turn. */
  handler: GatewayHandler | null = null;
  /** Whether something was sent for the log of the web server. */
  has_errors = false;
  /** Whether the web server takes no more for it. */
  ended = false;

  /** What has come of the variables; null when they are complete. */
  #params: string | null = "";

  constructor(id: number, keep: boolean) {
    this.id = id;
    this.keep = keep;
  }

  /** Whether there are variables still to come. */
  get needs_params(): boolean {
    return this.#params !== null;
  }

  /**
   * Keeps a part of the variables.
   *
   * @throws {RangeError} If there are more than `limit` bytes of them.
   * @throws {TypeError} If they were complete already.
   */
  add_params(content: Uint8Array, limit: number): void {
    const params = this.#open_params();
    check_size(params.length + content.length, limit);
    this.#params = params + decode_latin1(content);
  }

  /**
   * Makes the variables, which are complete now.
   *
   * @param own What stands beside them.
   * @throws {TypeError} If they are malformed, or were complete already.
   */
  take_params(own: Readonly<Variables>): void {
    const params = this.#open_params();
    this.#params = null;
    this.variables = parse_name_values(params, own);
  }

  #open_params(): string {
    if (this.#params !== null) return this.#params;
    throw new TypeError(
      `expected no variables behind the last of request ${this.id}, got more`,
    );
  }
}
