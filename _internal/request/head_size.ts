/** The size of the head of a request: noted when its headers are read, because finding them in the environ again is slow. */

import type { WSGIEnvironment } from "../../types.ts";
import { is_of_proxy } from "./forwarded.ts";
import { process_environ } from "./process_environ.ts";

/** The header fields of a request, as far as they are in its environ. */
export interface HeadSize {
  fields: number;
  /** The number of bytes in the largest: name, colon, space and value. */
  largest: number;
}

/** The last note of the fields that are `HTTP_...`, and its environ: it is only needed until the next request is read. */
const newest: HeadSize & {
  environ: object | null;
  is_forwarded: boolean | null;
} = {
  environ: null,
  fields: 0,
  largest: 0,
  is_forwarded: null,
};

const PREFIX = "HTTP_";
/** Its first character: most names begin with another one, so comparing that is a fast check. */
const H = PREFIX.charCodeAt(0);
const SEPARATOR = ": ";

/**
 * Notes the size of the head from which an environ was made.
 *
 * @param largest The number of bytes in the largest key and its value, in environ.
 * @param is_forwarded Whether a proxy reports its client in one of the fields; null if nobody has looked.
 */
export function note_head_size(
  environ: object,
  fields: number,
  largest: number,
  is_forwarded: boolean | null = null,
): void {
  newest.is_forwarded = is_forwarded;
  newest.environ = environ;
  newest.fields = fields;
  newest.largest = Math.max(0, largest + SEPARATOR.length - PREFIX.length);
}

/** Has a note count for a copy of its environ. */
export function move_note(environ: object, copy: object): void {
  if (newest.environ === environ) newest.environ = copy;
}

/** The size of the head from which `environ` was made, or looks as if it had been made. */
export function head_size(environ: WSGIEnvironment): HeadSize {
  const size: HeadSize = { fields: 0, largest: 0 };
  if (newest.environ === environ) {
    size.fields = newest.fields;
    size.largest = newest.largest;
  } else add_headers(size, environ);
  const { CONTENT_TYPE, CONTENT_LENGTH } = environ;
  // The default of wsgiref's servers.
  if (CONTENT_TYPE && CONTENT_TYPE !== "text/plain") {
    add_field(size, "Content-Type".length, CONTENT_TYPE);
  }
  if (CONTENT_LENGTH) {
    add_field(size, "Content-Length".length, CONTENT_LENGTH);
  }
  return size;
}

/** Whether a proxy reports its client in a header of an environ. */
export function is_forwarded(environ: WSGIEnvironment): boolean {
  const noted = newest.environ === environ ? newest.is_forwarded : null;
  return noted ?? Object.keys(environ).some(is_of_proxy);
}

function add_headers(size: HeadSize, environ: WSGIEnvironment): void {
  own ??= own_variables();
  for (const key in environ) {
    if (key.charCodeAt(0) !== H || !key.startsWith(PREFIX)) continue;
    const value = environ[key as `HTTP_${string}`]!;
    if (own[key] !== value) add_field(size, key.length - PREFIX.length, value);
  }
}

function add_field(size: HeadSize, name_length: number, value: string): void {
  size.fields++;
  const length = name_length + SEPARATOR.length + value.length;
  size.largest = Math.max(size.largest, length);
}

let own: Record<string, string> | null = null;

/** The variables of this process that look like a header (`HTTP_PROXY`), which are in every environ. */
function own_variables(): Record<string, string> {
  const variables = process_environ();
  if (variables.REQUEST_METHOD !== undefined) return {}; // In a CGI script, they are headers.
  return Object.fromEntries(
    Object.entries(variables).filter(([name]) => name.startsWith(PREFIX)),
  );
}
