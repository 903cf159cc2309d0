/** Parses and encodes the records of FastCGI 1.0, and the names and values in them. */

import type { Variables } from "../../_internal/request/variables.ts";
import {
  concat,
  encode_latin1,
  type Part,
  put_parts,
  size_of,
} from "../../_internal/text/bytes.ts";
import type { Parsed } from "../../_internal/streams/connection.ts";
import { other_protocol } from "../other_protocol.ts";
import { Fields } from "../fields.ts";
import { variables_of } from "../variables.ts";

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

/** The role of an application that responds to requests; a web server may request other roles. */
export const RESPONDER = 1;

/** How a request ended, in END_REQUEST. */
export const PROTOCOL_STATUS = {
  REQUEST_COMPLETE: 0,
  OVERLOADED: 2,
  UNKNOWN_ROLE: 3,
} as const;

const VERSION = 1;
const HEADER_SIZE = 8;

/** The size of the content of END_REQUEST. */
const END_SIZE = 8;

const NOTHING = new Uint8Array();

/** The maximum content of a record, rounded down to a multiple of eight. */
const BLOCK_SIZE = 65528;

/** A received record. */
export interface FastCGIRecord {
  type: number;
  /** 0 for a record that belongs to no request. */
  request_id: number;
  /** A view of the parsed data, not a copy. */
  content: Uint8Array;
}

/**
 * Parses the records at the beginning of the data.
 *
 * @returns All complete records; null if the first one is incomplete.
 * @throws {TypeError} If the first is not of version 1.
 */
export function parse_records(
  data: Uint8Array,
): Parsed<FastCGIRecord[]> | null {
  const records: FastCGIRecord[] = [];
  let start = 0;
  // An invalid record after others is reported when it comes first.
  while (start < data.length && (start === 0 || data[start] === VERSION)) {
    const length = record_length(data, start);
    if (start + length > data.length) break;
    records.push(record_at(data, start));
    start += length;
  }
  return start === 0 ? null : { value: records, length: start };
}

/** The length of the record at `start`, with its padding; the length of the header if that is incomplete. */
function record_length(data: Uint8Array, start: number): number {
  if (data[start] !== VERSION) {
    throw new TypeError(
      `expected a record of FastCGI version ${VERSION}, got ${data[start]}${
        other_protocol(data, "fastcgi")
      }`,
    );
  }
  if (start + HEADER_SIZE > data.length) return HEADER_SIZE;
  return HEADER_SIZE + uint16(data, start + 4) + data[start + 6]!;
}

function record_at(data: Uint8Array, start: number): FastCGIRecord {
  const size = uint16(data, start + 4);
  const first = start + HEADER_SIZE;
  return {
    type: data[start + 1]!,
    request_id: uint16(data, start + 2),
    content: size === 0 ? NOTHING : data.subarray(first, first + size),
  };
}

/** A record; `content` has at most 65,535 bytes. */
export function encode_record(
  type: number,
  request_id: number,
  content: Uint8Array,
): Uint8Array {
  const data = new Uint8Array(HEADER_SIZE + content.length);
  new Records(request_id, data).put(type, [content]);
  return data;
}

/** Encodes bytes of a stream as records: no record for no bytes, because that would end the stream. */
export function encode_stream(
  type: number,
  request_id: number,
  content: Uint8Array,
): Uint8Array {
  const data = new Uint8Array(stream_size(content.length));
  new Records(request_id, data).put_stream(type, [content]);
  return data;
}

/** The size of the records for a number of bytes of a stream. */
function stream_size(length: number): number {
  return length + Math.ceil(length / BLOCK_SIZE) * HEADER_SIZE;
}

/** Writes the records of a request one after the other. */
class Records {
  #request_id: number;
  #target: Uint8Array;
  #offset = 0;

  /** @param target The buffer to write to; its content is overwritten. */
  constructor(request_id: number, target: Uint8Array) {
    this.#request_id = request_id;
    this.#target = target;
  }

  /** Writes one record with its content in parts, of at most 65,535 bytes. */
  put(type: number, parts: Part[]): void {
    this.#put_header(type, size_of(parts));
    this.#offset = put_parts(this.#target, this.#offset, parts);
  }

  /** Writes END_REQUEST. */
  put_end(app_status: number, protocol_status: number): void {
    this.#put_header(RECORD_TYPE.END_REQUEST, END_SIZE);
    const target = this.#target;
    const start = this.#offset;
    this.#offset += END_SIZE;
    target.fill(0, start, this.#offset);
    target[start + 3] = app_status;
    target[start + 4] = protocol_status;
  }

  #put_header(type: number, length: number): void {
    const target = this.#target;
    const start = this.#offset;
    this.#offset += HEADER_SIZE;
    target[start] = VERSION;
    target[start + 1] = type;
    target[start + 2] = this.#request_id >> 8;
    target[start + 3] = this.#request_id;
    target[start + 4] = length >> 8;
    target[start + 5] = length;
    target[start + 6] = 0; // No padding.
    target[start + 7] = 0; // Reserved.
  }

  /** Writes bytes of a stream as one or more records. */
  put_stream(type: number, parts: Part[]): void {
    const length = size_of(parts);
    if (length > 0 && length <= BLOCK_SIZE) return this.put(type, parts);
    const content = concat(parts);
    for (let start = 0; start < length; start += BLOCK_SIZE) {
      this.put(type, [content.subarray(start, start + BLOCK_SIZE)]);
    }
  }
}

/** How a request ends. */
export interface RequestEnd {
  /** The exit status, as of a program. */
  app_status: number;
  /** One of `PROTOCOL_STATUS`. */
  protocol_status: number;
  /** The rest of the response, in parts; null if there is no response. */
  rest: Part[] | null;
  /** Whether anything was sent to the log of the web server. */
  has_errors: boolean;
}

/** The size of the records that end a request, including the rest of its response. */
export function end_size({ rest, has_errors }: RequestEnd): number {
  const end = HEADER_SIZE + END_SIZE;
  if (!rest) return end;
  const stream_ends = has_errors ? 2 : 1;
  return stream_size(size_of(rest)) + stream_ends * HEADER_SIZE + end;
}

/** Writes these records to the beginning of `target`. */
export function put_end(
  target: Uint8Array,
  request_id: number,
  { app_status, protocol_status, rest, has_errors }: RequestEnd,
): void {
  const records = new Records(request_id, target);
  if (rest) {
    records.put_stream(RECORD_TYPE.STDOUT, rest);
    if (has_errors) records.put(RECORD_TYPE.STDERR, []);
    records.put(RECORD_TYPE.STDOUT, []);
  }
  records.put_end(app_status, protocol_status);
}

const fields = new Fields();

/**
 * Parses names and values.
 *
 * @param text The names and values, as a native string.
 * @param own The variables to merge them over.
 *
 * @throws {TypeError} If one of them exceeds the text.
 */
export function parse_name_values(
  text: string,
  own: Readonly<Variables> = {},
): Variables {
  fields.begin(text);
  let offset = 0;
  const take_length = (): number => {
    const first = text.charCodeAt(offset++);
    if (first < 128) return first;
    offset += 3;
    return (first & 127) * 2 ** 24 + text.charCodeAt(offset - 3) * 2 ** 16 +
      text.charCodeAt(offset - 2) * 2 ** 8 + text.charCodeAt(offset - 1);
  };
  while (offset < text.length) {
    const name_length = take_length();
    const value_length = take_length();
    const middle = offset + name_length;
    const end = middle + value_length;
    if (!(end <= text.length)) {
      throw new TypeError(
        `expected names and values in ${text.length} bytes, got one that exceeds them`,
      );
    }
    fields.add(offset, middle, middle, end);
    offset = end;
  }
  return variables_of(fields, own);
}

/** Encodes names and values, each shorter than 128 bytes. */
export function encode_name_values(variables: Variables): Uint8Array {
  const text = Object.entries(variables).map(([name, value]) =>
    String.fromCharCode(name.length, value.length) + name + value
  );
  return encode_latin1(text.join(""));
}

/** A big-endian number of two bytes; NaN past the end. */
function uint16(data: Uint8Array, offset: number): number {
  return data[offset]! * 256 + data[offset + 1]!;
}
