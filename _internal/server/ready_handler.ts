/** The handler of requests whose environ is complete. */

import type { ErrorStream, WSGIEnvironment } from "../../types.ts";
import { ServerHandler } from "../handler/server_handler.ts";

/**
 * A `ServerHandler` whose variables already include those of the process: merging them for each request takes longer
 * than everything else that a handler does.
 */
export class ReadyHandler extends ServerHandler {
  /** As that of `ServerHandler`: V8 looks for a constructor at each call where a class has none of its own. */
  constructor(
    stdin: ReadableStream<Uint8Array>,
    stderr: ErrorStream,
    environ: Readonly<Record<string, unknown>>,
    multithread: boolean,
    multiprocess: boolean,
  ) {
    super(stdin, stderr, environ, multithread, multiprocess);
  }

  override new_environ(): WSGIEnvironment {
    return this.base_env as WSGIEnvironment;
  }

  override add_cgi_vars(): void {}
}
