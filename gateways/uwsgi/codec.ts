/** Parses the head of a uwsgi request: four bytes, then names and values, each preceded by its length. */

import type { Variables } from "../../_internal/request/variables.ts";
import { decode_latin1 } from "../../_internal/text/bytes.ts";
import type { Parsed } from "../../_internal/streams/connection.ts";
import { other_protocol } from "../other_protocol.ts";
import { Fields } from "../fields.ts";
import { check_size, variables_of } from "../variables.ts";

const fields = new Fields();

/** Modifier, size (two bytes, little-endian), second modifier. */
const HEADER_SIZE = 4;

/** The modifier of a request for a WSGI application. */
const WSGI = 0;

/**
 * Parses the head of a uwsgi request.
 *
 * @param limit The maximum size of the variables, in bytes.
 * @param own The variables to merge them over.
 * @returns Its variables; null if more bytes are needed.
 * @throws {RangeError} If the variables are larger than `limit`.
 * @throws {TypeError} If it is malformed, or not a request for a WSGI application.
 */
export function parse_uwsgi_head(
  data: Uint8Array,
  limit: number,
  own: Readonly<Variables> = {},
): Parsed<Variables> | null {
  const modifier = data[0];
  if (modifier !== undefined && modifier !== WSGI) {
    throw new TypeError(
      `expected modifier ${WSGI}, got ${modifier}${
        other_protocol(data, "uwsgi")
      }`,
    );
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
  fields.begin(text);
  for (let name = 2; name - 2 < data.length;) {
    const name_end = name + uint16(data, name - 2);
    const value = name_end + 2;
    const value_end = value + uint16(data, name_end);
    if (!(value_end <= data.length)) {
      throw new TypeError(
        `expected names and values in ${data.length} bytes, got one that exceeds them`,
      );
    }
    fields.add(name, name_end, value, value_end);
    name = value_end + 2;
  }
  return variables_of(fields, own);
}

/** A little-endian number of two bytes; NaN past the end. */
function uint16(data: Uint8Array, offset: number): number {
  return data[offset]! + 256 * data[offset + 1]!;
}
