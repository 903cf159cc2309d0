/**
 * Finds the platform's own `Request` by its body, which middleware passes on even if it changes or copies the environ,
 * and the error that everything waiting for its client fails with once the client has disconnected.
 */

import { disconnected } from "./disconnect.ts";

const REQUEST = Symbol("request");

/** A body that knows its request: by a property, because adding to a `WeakMap` takes longer and delays its collection. */
type OwnedBody = ReadableStream<Uint8Array> & { [REQUEST]?: Request };

/** Records which request a body belongs to, and returns the body. */
export function note_request(
  body: ReadableStream<Uint8Array>,
  request: Request,
): ReadableStream<Uint8Array> {
  (body as OwnedBody)[REQUEST] = request;
  return body;
}

/** Records that a stream replaces another one as the body of the same request. */
export function stand_in(
  body: ReadableStream<Uint8Array>,
  for_body: ReadableStream<Uint8Array>,
): void {
  const request = request_of_body(for_body);
  if (request) note_request(body, request);
}

/** The request of a body; null if it is not known. */
export function request_of_body(
  body: ReadableStream<Uint8Array>,
): Request | null {
  return (body as OwnedBody)[REQUEST] ?? null;
}

const losses = new WeakMap<Request, Error>();

/** The error for everything that waits for the client of a request: always the same one. */
export function loss_of(request: Request): Error {
  const known = losses.get(request);
  if (known) return known;
  const loss = disconnected();
  losses.set(request, loss);
  return loss;
}

/** Whether an error is that of the request which a body belongs to. */
export function is_loss_of(
  body: ReadableStream<Uint8Array>,
  error: unknown,
): boolean {
  const request = request_of_body(body);
  const loss = request && losses.get(request);
  return !!loss && loss === error; // An application may throw undefined.
}
