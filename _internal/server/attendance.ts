/** Detects a server that is closed before anybody has used it. */

import { WatchedPromise } from "../handler/watched_promise.ts";
import { stderr } from "../streams/error_stream.ts";

/**
 * Tracks whether a server is awaited or used. `serve_forever()` returns a promise at once: if a program does not await
 * it, its `await using` block ends and closes the server. That is right in a test, which sends its requests before; so
 * a message is written only if no request has arrived.
 */
export class Attendance {
  /** Whether a request or a connection has arrived. */
  was_asked = false;

  #serving: WatchedPromise<void> | null = null;

  /** The promise of `serve_forever()`, which settles as `end` does. */
  serve_until(end: Promise<void>): Promise<void> {
    return this.#serving = WatchedPromise.of(end);
  }

  /** Writes a message if the server was to serve, but nobody has awaited or used it. */
  leave(server: string): void {
    if (!this.#serving || this.#serving.watched || this.was_asked) return;
    stderr.write(
      `${server} was closed at the end of its \`await using\` block before any request arrived: \`await\` serve_forever() to serve until it is shut down\n`,
    );
  }
}
