/**
 * Tells whether the body of a `Response` is complete, and how long it is, without making a stream of it.
 *
 * The Fetch standard calls what a body was made of its source; that of a stream is null. No public name leads to it, so
 * the way to it is looked for and tested once. Where there is none, all bodies are read as streams.
 */

import { is_ascii } from "../../_internal/text/bytes.ts";

/** The body of the response for which a `Response` stands. */
type InnerBody = Readonly<Record<string, unknown>>;

/** What may be behind a key. */
type Behind = Readonly<
  Record<symbol, { body?: InnerBody | null } | undefined>
>;

/** The key of the property that leads to the source; null if there is none, undefined until that is known. */
let way: symbol | null | undefined;

/** Whether the body of a response is complete: made of text or bytes, and not a stream. */
export function is_whole(response: Response): boolean {
  return source_of(response) !== null;
}

/** The number of bytes in the body of a response; null if it is not complete. */
export function whole_size(response: Response): number | null {
  const source = source_of(response);
  if (source === null) return null;
  return typeof source === "string" ? utf8_length(source) : source.length;
}

function source_of(response: Response): string | Uint8Array | null {
  way ??= find_way();
  if (way === null) return null;
  const body = (response as unknown as Behind)[way]?.body;
  if (!body || has_stream(body)) return null;
  const { source } = body;
  return typeof source === "string" || source instanceof Uint8Array
    ? source
    : null;
}

/** Whether somebody has made a stream of a body, by asking for `body`, and may be reading it. */
function has_stream(body: InnerBody): boolean {
  for (const name in body) {
    if (body[name] instanceof ReadableStream) return true;
  }
  return false;
}

function find_way(): symbol | null {
  const headers = { "X-Test": "1" };
  const text = new Response("test", { headers });
  const stream = new Response(new ReadableStream(), { headers });
  for (const key of Object.getOwnPropertySymbols(text)) {
    const [of_text, of_stream] = [text, stream]
      .map((response) => (response as unknown as Behind)[key]?.body?.source);
    if (of_text === "test" && of_stream === null) return key;
  }
  return null;
}

function utf8_length(text: string): number {
  return is_ascii(text) ? text.length : new TextEncoder().encode(text).length;
}
