/** The records of FastCGI 1.0, and the names and values in them. */

import { decode_latin1, encode_latin1 } from "../_internal/bytes.ts";
import type { Parsed } from "../_internal/connection.ts";
import { type Variables, variables_of } from "./variables.ts";

/** The types of records. */
export const RECORD_TYPE = {
  BEGIN_REQUEST: 1,
  ABORT_REQUEST: 2,
  END_REQUEST: 3,
  PARAMS: 4,
  STDIN: 5,
  STDOUT: 6,
  STDERR: 7,
  DATA: 8,
  GET_VALUES: 9,
  GET_VALUES_RESULT: 10,
  UNKNOWN_TYPE: 11,
} as const;

/** The role of an application that answers requests; a web server may ask for others. */
export const RESPONDER = 1;

/** How END_REQUEST says that a request came to its end. */
export const PROTOCOL_STATUS = {
  REQUEST_COMPLETE: 0,
  OVERLOADED: 2,
  UNKNOWN_ROLE: 3,
} as const;

const VERSION = 1;
const HEADER_SIZE = 8;

/** The size of what END_REQUEST says. */
const END_SIZE = 8;

const NOTHING = new Uint8Array();

/** The most that a record can hold, less what keeps every record but the last a multiple of eight. */
const BLOCK_SIZE = 65528;

/** A record, as it came. */
export interface FastCGIRecord {
  type: number;
  /** 0 for what concerns no request. */
  request_id: number;
  content: Uint8Array<ArrayBuffer>;
}

/**
 * Parses a record.
 *
 * @returns The record, with a copy of its content; null where more bytes are needed.
 * @throws {TypeError} If it is not of version 1.
 */
export function parse_record(data: Uint8Array): Parsed<FastCGIRecord> | null {
  if (data.length > 0 && data[0] !== VERSION) {
    throw new TypeError(
      `expected a record of FastCGI version ${VERSION}, got ${data[0]}`,
    );
  }
  if (data.length < HEADER_SIZE) return null;
  const end = HEADER_SIZE + uint16(data, 4);
  const length = end + data[6]!; // With its padding.
  if (data.length < length) return null;
  const content = end === HEADER_SIZE ? NOTHING : data.slice(HEADER_SIZE, end);
  return {
    value: { type: data[1]!, request_id: uint16(data, 2), content },
    length,
  };
}

/** A record; `content` has at most 65,535 bytes. */
export function encode_record(
  type: number,
  request_id: number,
  content: Uint8Array,
): Uint8Array {
  const records = new Records(request_id, HEADER_SIZE + content.length);
  records.put(type, content);
  return records.data;
}

/** The records of some bytes of a stream: none for no bytes, which would end the stream. */
export function encode_stream(
  type: number,
  request_id: number,
  content: Uint8Array,
): Uint8Array {
  const records = new Records(request_id, stream_size(content));
  records.put_stream(type, content);
  return records.data;
}

/** How many bytes the records of some bytes of a stream take. */
function stream_size({ length }: Uint8Array): number {
  return length + Math.ceil(length / BLOCK_SIZE) * HEADER_SIZE;
}

/** Records of a request, put one behind the other. */
class Records {
  readonly data: Uint8Array;
  #request_id: number;
  #offset = 0;

  constructor(request_id: number, size: number) {
    this.data = new Uint8Array(size);
    this.#request_id = request_id;
  }

  put(type: number, content: Uint8Array): void {
    const { length } = content;
    const { data } = this;
    let offset = this.#offset;
    data[offset++] = VERSION;
    data[offset++] = type;
    data[offset++] = this.#request_id >> 8;
    data[offset++] = this.#request_id;
    data[offset++] = length >> 8;
    data[offset++] = length;
    offset += 2; // No padding, and a byte without a meaning.
    if (length > 0) data.set(content, offset);
    this.#offset = offset + length;
  }

  put_stream(type: number, content: Uint8Array): void {
    for (let start = 0; start < content.length; start += BLOCK_SIZE) {
      this.put(type, content.subarray(start, start + BLOCK_SIZE));
    }
  }
}

/** How a request ends. */
export interface RequestEnd {
  /** The exit status that a program would have. */
  app_status: number;
  /** One of `PROTOCOL_STATUS`. */
  protocol_status: number;
  /** The last of the response; null where there was none. */
  rest: Uint8Array | null;
  /** Whether there was something for the log of the web server. */
  has_errors: boolean;
}

/** The records that end a request, with the last of its response. */
export function encode_end(request_id: number, end: RequestEnd): Uint8Array {
  const { app_status, protocol_status, rest, has_errors } = end;
  const { STDOUT, STDERR, END_REQUEST } = RECORD_TYPE;
  const ends = rest ? (has_errors ? 2 : 1) : 0;
  const size = stream_size(rest ?? NOTHING) + ends * HEADER_SIZE;
  const records = new Records(request_id, size + HEADER_SIZE + END_SIZE);
  if (rest) {
    records.put_stream(STDOUT, rest);
    if (has_errors) records.put(STDERR, NOTHING);
    records.put(STDOUT, NOTHING);
  }
  const body = new Uint8Array(END_SIZE);
  body[3] = app_status;
  body[4] = protocol_status;
  records.put(END_REQUEST, body);
  return records.data;
}

/**
 * Parses names and values.
 *
 * @param own What stands beside them.
 *
 * @throws {TypeError} If one of them goes past the end.
 */
export function parse_name_values(
  data: Uint8Array,
  own: Readonly<Variables> = {},
): Variables {
  const text = decode_latin1(data);
  const pairs: string[] = [];
  let offset = 0;
  const take_length = (): number => {
    const first = data[offset++]!;
    if (first < 128) return first;
    offset += 3;
    return (first & 127) * 2 ** 24 + data[offset - 3]! * 2 ** 16 +
      uint16(data, offset - 2);
  };
  while (offset < data.length) {
    const name_length = take_length();
    const value_length = take_length();
    const middle = offset + name_length;
    const end = middle + value_length;
    if (!(end <= data.length)) {
      throw new TypeError(
        `expected names and values in ${data.length} bytes, got one that goes past them`,
      );
    }
    pairs.push(text.slice(offset, middle), text.slice(middle, end));
    offset = end;
  }
  return variables_of(pairs, own);
}

/** Names and values as bytes; each of them shorter than 128. */
export function encode_name_values(variables: Variables): Uint8Array {
  const text = Object.entries(variables).map(([name, value]) =>
    String.fromCharCode(name.length, value.length) + name + value
  );
  return encode_latin1(text.join(""));
}

/** A number of two bytes, the high one first; NaN past the end. */
function uint16(data: Uint8Array, offset: number): number {
  return data[offset]! * 256 + data[offset + 1]!;
}
