/** A handler whose hooks return no promise. */

import { BaseHandler } from "../../handlers.ts";
import { Log, stream_of, text } from "../support/support.ts";

/** Writes at once. */
export class SynchronousHandler extends BaseHandler {
  output = "";
  override origin_server = false;
  override _write(data: Uint8Array) {
    this.output += text(data);
  }
  override _flush() {}
  override get_stdin() {
    return stream_of();
  }
  override get_stderr() {
    return new Log();
  }
  override add_cgi_vars() {}
}
