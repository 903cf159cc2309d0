/** The head of a uwsgi request: four bytes, and names and values with their lengths before them. */

import { decode_latin1 } from "../_internal/bytes.ts";
import type { Parsed } from "../_internal/connection.ts";
import { check_size, type Variables, variables_of } from "./variables.ts";

/** Modifier, size (two bytes, the low one first), another modifier. */
const HEADER_SIZE = 4;

/** The modifier of a request for a WSGI application. */
const WSGI = 0;

/**
 * Parses the head of a uwsgi request.
 *
 * @param limit The most bytes that the variables may have.
 * @param own What stands among the variables beside them.
 * @returns Its variables; null where more bytes are needed.
 * @throws {RangeError} If there are more than `limit` bytes of them.
 * @throws {TypeError} If it is no head of a request for a WSGI application.
 */
export function parse_uwsgi_head(
  data: Uint8Array,
  limit: number,
  own: Readonly<Variables> = {},
): Parsed<Variables> | null {
  const modifier = data[0];
  if (modifier !== undefined && modifier !== WSGI) {
    throw new TypeError(`expected modifier ${WSGI}, got ${modifier}`);
  }
  if (data.length < HEADER_SIZE) return null;
  const size = uint16(data, 1);
  check_size(size, limit);
  const length = HEADER_SIZE + size;
  if (data.length < length) return null;
  return {
    value: parse_variables(data.subarray(HEADER_SIZE, length), own),
    length,
  };
}

function parse_variables(
  data: Uint8Array,
  own: Readonly<Variables>,
): Variables {
  const text = decode_latin1(data);
  const pairs: string[] = [];
  let offset = 0;
  const take = (): string => {
    const start = offset + 2;
    offset = start + uint16(data, offset);
    if (!(offset <= data.length)) {
      throw new TypeError(
        `expected names and values in ${data.length} bytes, got one that goes past them`,
      );
    }
    return text.slice(start, offset);
  };
  while (offset < data.length) pairs.push(take(), take());
  return variables_of(pairs, own);
}

/** A number of two bytes, the low one first; NaN past the end. */
function uint16(data: Uint8Array, offset: number): number {
  return data[offset]! + 256 * data[offset + 1]!;
}
