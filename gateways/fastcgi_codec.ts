/** The records of FastCGI 1.0, and the names and values in them. */

import { concat, decode_latin1, encode_latin1 } from "../_internal/bytes.ts";
import type { Parsed } from "../_internal/connection.ts";
import { add_variable, type Variables } from "./variables.ts";

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
  const content = data.slice(HEADER_SIZE, end);
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
  const data = new Uint8Array(HEADER_SIZE + content.length);
  put_record(data, 0, type, request_id, content);
  return data;
}

/** The records of some bytes of a stream: none for no bytes, which would end the stream. */
export function encode_stream(
  type: number,
  request_id: number,
  content: Uint8Array,
): Uint8Array {
  const count = Math.ceil(content.length / BLOCK_SIZE);
  const data = new Uint8Array(content.length + count * HEADER_SIZE);
  for (let i = 0, offset = 0; i < count; i++) {
    const block = content.subarray(i * BLOCK_SIZE, (i + 1) * BLOCK_SIZE);
    offset = put_record(data, offset, type, request_id, block);
  }
  return data;
}

/** Puts a record into `data` at `offset`; gives the offset behind it. */
function put_record(
  data: Uint8Array,
  offset: number,
  type: number,
  request_id: number,
  content: Uint8Array,
): number {
  data[offset] = VERSION;
  data[offset + 1] = type;
  data[offset + 2] = request_id >> 8;
  data[offset + 3] = request_id;
  data[offset + 4] = content.length >> 8;
  data[offset + 5] = content.length;
  data.set(content, offset + HEADER_SIZE);
  return offset + HEADER_SIZE + content.length;
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
  const records = [];
  if (rest) {
    if (rest.length > 0) records.push(encode_stream(STDOUT, request_id, rest));
    if (has_errors) records.push(encode_record(STDERR, request_id, NOTHING));
    records.push(encode_record(STDOUT, request_id, NOTHING));
  }
  const body = new Uint8Array(8);
  body[3] = app_status;
  body[4] = protocol_status;
  records.push(encode_record(END_REQUEST, request_id, body));
  return concat(records);
}

const NOTHING = new Uint8Array();

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
  const variables = { ...own };
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
    add_variable(
      variables,
      text.slice(offset, middle),
      text.slice(middle, end),
    );
    offset = end;
  }
  return variables;
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
