/** The unread rest of a request body after its response. */

import { platform } from "../platform.ts";
import { type BodySource, source_of } from "./body_source.ts";

/** The minimum number of bytes to read, so that a client that sends before it reads gets its response. */
const LEAST = 1024 * 1024;

/** How long a client has to read its response before the connection is closed, in milliseconds. */
const LINGER = 2000;

/** The maximum number of bytes to read from an unread body, if that is not all of it. */
const limits = new WeakMap<ReadableStream<Uint8Array>, number>();

/**
 * Sets the maximum number of bytes to read from a body after its response, at least a MiB. Without a limit, the whole
 * body is read.
 *
 * @param most The number of bytes.
 * @param length The number of remaining bytes, if the client has declared it.
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
 * Drops the rest of a body that is not locked.
 *
 * Deno reads a cancelled body to its end, whatever its length, and keeps the connection of a body with a reader until
 * the reader cancels it. So a body that may be too long is read here, and cancelled when it is: that closes the
 * connection.
 */
export function drop_leftover(body: ReadableStream<Uint8Array>): void {
  const limit = limits.get(body);
  const dropping = limit === undefined
    ? body.cancel()
    : take(body.getReader(), limit);
  dropping.catch(() => {}); // It fails if the client has disconnected.
}

/**
 * Makes a body that is being read fail with `error`, and cancels its source. Call this before the response is sent: Deno
 * closes the connection then, but not if the body is cancelled after the response.
 */
export function take_away(
  body: ReadableStream<Uint8Array>,
  error: Error,
): void {
  const source = source_of(body);
  if (!source || !body.locked) return;
  source.fail(error);
  cancel(source, error);
}

async function cancel(source: BodySource, reason: Error): Promise<void> {
  try {
    await source.cancel(reason);
  } catch {
    // The client has disconnected.
  }
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

/** Waits until a time, without keeping the process alive. */
function until(moment: number): Promise<void> {
  const time = Math.max(moment - performance.now(), 0);
  return new Promise((resolve) =>
    platform.set_vital(setTimeout(resolve, time), false)
  );
}
