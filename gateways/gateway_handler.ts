/** The handler behind SCGI, FastCGI and uwsgi. */

import type { MaybePromise } from "../_internal/promise.ts";
import { BaseCGIHandler } from "../handlers.ts";

/** A class that runs the application for one request of a gateway. */
export type GatewayHandlerClass = new (
  ...args: ConstructorParameters<typeof BaseCGIHandler>
) => GatewayHandler;

/** A `BaseCGIHandler` that tells its server how the request ended. */
export class GatewayHandler extends BaseCGIHandler {
  /** Whether the response was begun and could not be completed. */
  broken = false;

  #begun = false;

  /** Sends what was kept: from now on the response has begun. */
  override _flush(): Promise<void> {
    this.#begun = true;
    return super._flush();
  }

  /** Notes that the response is not whole: its connection ends without a sign of its end, where the protocol has one. */
  override break_off(_reason: unknown): MaybePromise {
    this.broken = true;
  }

  /** Answers with a bare 500 where not even the error page could be made; too late for that, the response is broken. */
  async fail(): Promise<void> {
    this.broken = this.#begun;
    if (this.#begun) return;
    this.status = "500 Internal Server Error";
    const preamble = this.send_preamble();
    if (preamble) await preamble;
    await this._write(LINE_END);
    await this._flush();
  }
}

const LINE_END = new Uint8Array([13, 10]);
