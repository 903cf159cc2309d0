/**
 * Finds the platform's own `Request` by its body, which middleware passes on even if it changes or copies the environ.
 */

const requests = new WeakMap<ReadableStream, Request>();

/** Records which request a body belongs to. */
export function note_request(body: ReadableStream, request: Request): void {
  requests.set(body, request);
}

/** Records that a stream replaces another one as the body of the same request. */
export function stand_in(body: ReadableStream, for_body: ReadableStream): void {
  const request = requests.get(for_body);
  if (request) requests.set(body, request);
}

/** The request of a body; null if it is not known. */
export function request_of_body(body: ReadableStream): Request | null {
  return requests.get(body) ?? null;
}
