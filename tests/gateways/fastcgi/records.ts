/** The other side of FastCGI: the records that a web server sends, and those that come back. */

import type { Variables } from "../../../_internal/request/variables.ts";
import { decode_latin1 } from "../../../_internal/text/bytes.ts";
import {
  PROTOCOL_STATUS,
  RECORD_TYPE,
} from "../../../gateways/fastcgi/codec.ts";
import { bytes, join, text } from "../../support/support.ts";
import { type Answered, STATUS, without } from "../answered.ts";
import { type Pairs, request_pairs } from "../heads.ts";

/** A FastCGI record; its padding is of bytes that nobody may take for content. */
export function record(
  type: number,
  id: number,
  content: Uint8Array | string = "",
  padding = 0,
): Uint8Array<ArrayBuffer> {
  const data = typeof content === "string" ? bytes(content) : content;
  const whole = new Uint8Array(8 + data.length + padding).fill(0xaa);
  const view = new DataView(whole.buffer);
  whole.set([1, type]);
  view.setUint16(2, id);
  view.setUint16(4, data.length);
  whole.set([padding, 0], 6);
  whole.set(data, 8);
  return whole;
}

/** The length of a name or value: in four bytes where one does not do, or where that is asked. */
function length_bytes(length: number, wide: boolean): string {
  if (length < 128 && !wide) return String.fromCharCode(length);
  const data = new Uint8Array(4);
  new DataView(data.buffer).setUint32(0, length + 2 ** 31);
  return text(data);
}

/** Names and values as FastCGI has them. */
export function name_values(pairs: Pairs, wide = false): string {
  return pairs.map(([name, value]) =>
    length_bytes(name.length, wide) + length_bytes(value.length, wide) + name +
    value
  ).join("");
}

/** How a FastCGI request is begun. */
export interface Beginning {
  role?: number;
  /** Whether the web server closes the connection. */
  keep?: boolean;
}

/** The record that begins a request. */
export function begin_record(
  id: number,
  { role = 1, keep = true }: Beginning = {},
): Uint8Array<ArrayBuffer> {
  const content = `\0${String.fromCharCode(role, keep ? 1 : 0)}\0\0\0\0\0`;
  return record(RECORD_TYPE.BEGIN_REQUEST, id, content);
}

/** Some bytes of a FastCGI stream, in records of `size` bytes. */
export function stream_records(
  type: number,
  id: number,
  content: Uint8Array | string,
  size = 65535,
): Uint8Array<ArrayBuffer> {
  const data = typeof content === "string" ? bytes(content) : content;
  const records = [];
  for (let i = 0; i < data.length; i += size) {
    records.push(record(type, id, data.subarray(i, i + size)));
  }
  return join(records);
}

/** A FastCGI request up to its body. */
export function fastcgi_head(
  id: number,
  pairs: Pairs,
  beginning: Beginning = {},
): Uint8Array<ArrayBuffer> {
  return join([
    begin_record(id, beginning),
    stream_records(RECORD_TYPE.PARAMS, id, name_values(pairs)),
    record(RECORD_TYPE.PARAMS, id),
  ]);
}

/** A part of the body of a FastCGI request. */
export function stdin(
  id: number,
  content: Uint8Array | string,
): Uint8Array<ArrayBuffer> {
  return stream_records(RECORD_TYPE.STDIN, id, content);
}

/** A whole FastCGI request. */
export function fastcgi_request(
  id: number,
  variables: Variables = {},
  { body = "", ...beginning }: Beginning & { body?: string } = {},
): Uint8Array<ArrayBuffer> {
  const data = bytes(body);
  return join([
    fastcgi_head(id, request_pairs(variables, data), beginning),
    stdin(id, data),
    record(RECORD_TYPE.STDIN, id),
  ]);
}

/** A record that came. */
export interface ReceivedRecord {
  type: number;
  id: number;
  content: string;
}

/** The first record of some bytes, and how many it takes; null where it is not whole, or is the one without a version that breaks an answer off. */
function first_record(
  data: Uint8Array,
): [ReceivedRecord, length: number] | null {
  if (data.length < 8) return null;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  if (data.every((byte) => byte === 0)) return null;
  if (data[0] !== 1) throw new Error(`a record of version ${data[0]} came`);
  const end = 8 + view.getUint16(4);
  const length = end + data[6]!;
  if (data.length < length) return null;
  const content = decode_latin1(data.subarray(8, end));
  return [{ type: data[1]!, id: view.getUint16(2), content }, length];
}

/** All records of some bytes; the last of them may be cut. */
export function read_records(data: Uint8Array): ReceivedRecord[] {
  const records = [];
  for (let found; (found = first_record(data)) !== null;) {
    records.push(found[0]);
    data = data.subarray(found[1]);
  }
  return records;
}

/** The records of a connection, one by one. */
export class RecordReader {
  #conn: Deno.Conn;
  #data: Uint8Array = bytes("");
  /** What came while the answer to another request was waited for. */
  #kept: ReceivedRecord[] = [];

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** The next record; null at the end of the connection. */
  async next(): Promise<ReceivedRecord | null> {
    return this.#kept.shift() ?? await this.#receive();
  }

  /** The answer to a request, when it has ended; records of other requests are kept. */
  async answer(id: number): Promise<Answered> {
    const records: ReceivedRecord[] = [];
    const others: ReceivedRecord[] = [];
    for (let next; (next = await this.next()) !== null;) {
      (next.id === id ? records : others).push(next);
      if (next.id === id && next.type === RECORD_TYPE.END_REQUEST) break;
    }
    this.#kept.unshift(...others);
    return answer_of(records);
  }

  async #receive(): Promise<ReceivedRecord | null> {
    while (true) {
      const found = first_record(this.#data);
      if (found) {
        this.#data = this.#data.subarray(found[1]);
        return found[0];
      }
      const buffer = new Uint8Array(65536);
      const length = await this.#conn.read(buffer);
      if (length === null) return null;
      this.#data = join([this.#data, buffer.subarray(0, length)]);
    }
  }
}

/** The answer that some records of one request make. */
export function answer_of(records: ReceivedRecord[]): Answered {
  const content = (type: number) =>
    records.filter((record) => record.type === type)
      .map(({ content }) => content).join("");
  const end = content(RECORD_TYPE.END_REQUEST);
  return {
    text: without(STATUS, content(RECORD_TYPE.STDOUT)),
    errors: content(RECORD_TYPE.STDERR),
    ended: end.charCodeAt(4) === PROTOCOL_STATUS.REQUEST_COMPLETE,
    app_status: end ? end.charCodeAt(3) : null,
  };
}
