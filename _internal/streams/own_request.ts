/**
 * The platform's own `Request`, as it is found by its body: that is what a middleware hands on, however it changes the
 * environ or copies it.
 */

const requests = new WeakMap<ReadableStream, Request>();

/** Says which request a body is of. */
export function note_request(body: ReadableStream, request: Request): void {
  requests.set(body, request);
}

/** Says that a stream stands in the place of another, as the body of the same request. */
export function stand_in(body: ReadableStream, for_body: ReadableStream): void {
  const request = requests.get(for_body);
  if (request) requests.set(body, request);
}

/** The request of a body; null where nobody has said it. */
export function request_of_body(body: ReadableStream): Request | null {
  return requests.get(body) ?? null;
}
