/** What is left of a request body when its response is complete. */

import { platform } from "../platform.ts";

/** How many bytes are taken in any case, so that a client that sends before it reads gets its answer. */
const LEAST = 1024 * 1024;

/** How long a client has to read its answer before the connection is closed, in milliseconds. */
const LINGER = 2000;

/** How many bytes are taken at most of a body that is left, where that is not all of it. */
const limits = new WeakMap<ReadableStream<Uint8Array>, number>();

/**
 * Says how much of a body is taken at most when nobody reads it any more, if that is more than a MiB. A body of which
 * nobody says so is taken as a whole.
 *
 * @param most The number of bytes.
 * @param length How many are left, where the client has said so.
 */
export function limit_leftover(
  body: ReadableStream<Uint8Array>,
  most: number,
  length = Infinity,
): void {
  const limit = Math.max(most, LEAST);
  if (length > limit) limits.set(body, limit);
}

/**
 * Drops what is left of a body that is not locked.
 *
 * Deno reads a body that is cancelled to its end, however long it is, and leaves the connection of one that has a
 * reader to that. So what may be too long is read here, and cancelled when it is: that closes the connection.
 */
export function drop_leftover(body: ReadableStream<Uint8Array>): void {
  const limit = limits.get(body);
  const dropping = limit === undefined
    ? body.cancel()
    : take(body.getReader(), limit);
  dropping.catch(() => {}); // It fails where the client has gone.
}

async function take(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  limit: number,
): Promise<void> {
  const end = performance.now() + LINGER;
  for (let left = limit; left >= 0;) {
    const { done, value } = await reader.read();
    if (done) return;
    left -= value.length;
  }
  await until(end);
  await reader.cancel();
}

/** Waits for a moment, without keeping the process from its end. */
function until(moment: number): Promise<void> {
  const time = Math.max(moment - performance.now(), 0);
  return new Promise((resolve) =>
    platform.set_vital(setTimeout(resolve, time), false)
  );
}
