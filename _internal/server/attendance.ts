/** Whether anybody waits for a server, or has come to it. */

import { WatchedPromise } from "../handler/watched_promise.ts";
import { stderr } from "../streams/error_stream.ts";

/**
 * What a server knows of those who serve by it. `serve_forever()` comes back at once, with a promise: a program that does
 * not wait for that comes to its end, where `await using` closes the server. Nothing is wrong with that in a test, which
 * sends its requests before; so it is told only where none has come.
 */
export class Attendance {
  /** Whether a request or a connection has come. */
  was_asked = false;

  #serving: WatchedPromise<void> | null = null;

  /** The promise of `serve_forever()`, which settles as `end` does. */
  serve_until(end: Promise<void>): Promise<void> {
    return this.#serving = WatchedPromise.of(end);
  }

  /** Tells that a server is left that nobody has come to, if it was to serve and nobody waits for it. */
  leave(server: string): void {
    if (!this.#serving || this.#serving.watched || this.was_asked) return;
    stderr.write(
      `${server} is closed at the end of its \`await using\` block, before a request has come: \`await\` serve_forever() to serve until it is shut down\n`,
    );
  }
}
