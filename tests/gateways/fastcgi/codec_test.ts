/** The codec of FastCGI alone: bytes in, values out. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  encode_name_values,
  encode_record,
  encode_stream,
  end_size,
  type FastCGIRecord,
  parse_name_values,
  parse_records,
  PROTOCOL_STATUS,
  put_end,
  RECORD_TYPE,
  RESPONDER,
} from "../../../gateways/fastcgi/codec.ts";
import { bytes, join, text } from "../../support/support.ts";
import type { Pairs } from "../heads.ts";
import { name_values, record } from "./records.ts";

/** Every character that is a byte. */
const ALL_BYTES = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i))
  .join("");

Deno.test("the constants of FastCGI are those of the specification, appendix A", () => {
  assertEquals(Object.values(RECORD_TYPE), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  assertEquals(PROTOCOL_STATUS, {
    REQUEST_COMPLETE: 0,
    OVERLOADED: 2,
    UNKNOWN_ROLE: 3,
  });
  assertEquals(RESPONDER, 1);
});

Deno.test("parse_records() gives a record and where it ends", () => {
  for (const padding of [0, 1, 7, 255]) {
    for (const size of [0, 1, 255, 256, 65535]) {
      const content = new Uint8Array(size).fill(0x5a);
      const data = join([
        record(RECORD_TYPE.STDIN, 0x1234, content, padding),
        bytes("rest"),
      ]);
      assertEquals(parse_records(data), {
        value: [{ type: RECORD_TYPE.STDIN, request_id: 0x1234, content }],
        length: 8 + size + padding,
      });
    }
  }
});

Deno.test("parse_records() asks for more as long as no record is whole", () => {
  const data = record(4, 1, "Hello", 3);
  for (let length = 0; length < data.length; length++) {
    assertEquals(parse_records(data.subarray(0, length)), null, `${length}`);
  }
  assertEquals(parse_records(data)!.length, 16);
});

Deno.test("parse_records() gives those that are whole", () => {
  const parts = [
    record(4, 1, "first", 3),
    record(4, 2),
    record(200, 65535, "last"),
  ];
  const expected = [[4, 1, "first"], [4, 2, ""], [200, 65535, "last"]];
  const ends = [0, 16, 24, 36];
  const data = join(parts);
  for (let length = 16; length <= data.length; length++) {
    const { value, ...found } = parse_records(data.subarray(0, length))!;
    const whole = ends.findLastIndex((end) => end <= length);
    assertEquals(found.length, ends[whole]);
    assertEquals(
      value.map((it) => [it.type, it.request_id, text(it.content)]),
      expected.slice(0, whole),
    );
  }
});

Deno.test("parse_records() copies nothing", () => {
  const data = record(5, 1, "Hello");
  const [{ content }] = parse_records(data)!.value as [FastCGIRecord];
  assert(content.buffer === data.buffer);
});

Deno.test("parse_records() refuses any version but 1, at once", () => {
  for (const version of [0, 2, 71, 255]) {
    const data = new Uint8Array([version]);
    const error = assertThrows(() => parse_records(data), TypeError);
    assertEquals(
      error.message,
      `expected a record of FastCGI version 1, got ${version}`,
    );
  }
});

Deno.test("parse_records() gives what comes before a version that it refuses", () => {
  const data = join([record(4, 1, "good"), new Uint8Array([2])]);
  const { value, length } = parse_records(data)!;
  assertEquals(value.map(({ content }) => text(content)), ["good"]);
  assertThrows(() => parse_records(data.subarray(length)), TypeError);
});

Deno.test("parse_name_values() gives names and values with lengths of one byte and of four", () => {
  const sizes = [0, 1, 127, 128, 255, 256, 65535, 65536, 100000];
  for (const name_size of sizes) {
    for (const value_size of sizes) {
      const pairs: Pairs = [
        ["n".repeat(name_size), "v".repeat(value_size)],
        ["B", "2"],
      ];
      const data = name_values(pairs);
      assertEquals(parse_name_values(data), Object.fromEntries(pairs));
    }
  }
});

Deno.test("parse_name_values() takes a length of four bytes where one would do", () => {
  const pairs: Pairs = [["A", "1"], ["EMPTY", ""]];
  const data = name_values(pairs, true);
  assertEquals(parse_name_values(data), { A: "1", EMPTY: "" });
});

Deno.test("parse_name_values() keeps bytes as characters", () => {
  const pairs: Pairs = [["X_\xe9", ALL_BYTES], ["UTF_8", "\xef\xbb\xbf\xff"]];
  const data = name_values(pairs);
  assertEquals(parse_name_values(data), Object.fromEntries(pairs));
});

Deno.test("parse_name_values() takes the last value of a name that is repeated", () => {
  const data = name_values([["A", "1"], ["B", "2"], ["A", "3"]]);
  assertEquals(parse_name_values(data), { A: "3", B: "2" });
});

Deno.test("parse_name_values() treats headers as the other codecs do, and puts all on top of the server's own", () => {
  const data = name_values([
    ["HTTP_COOKIE", "a=1"],
    ["HTTP_X_A", "1"],
    ["HTTP_PROXY", "http://evil"],
    ["HTTP_X_A", "2"],
    ["HTTP_COOKIE", "b=2"],
    ["A", "1"],
  ]);
  assertEquals(parse_name_values(data, { A: "own", B: "own" }), {
    A: "1",
    B: "own",
    HTTP_COOKIE: "a=1; b=2",
    HTTP_X_A: "1, 2",
  });
});

Deno.test("parse_name_values() takes names that every object has", () => {
  const data = name_values([["__proto__", "evil"], ["valueOf", "a"]]);
  const variables = parse_name_values(data);
  assertEquals(variables.valueOf as unknown, "a");
  assertEquals(Object.getPrototypeOf(variables), Object.prototype);
});

Deno.test("parse_name_values() takes no bytes at all", () => {
  assertEquals(parse_name_values(""), {});
});

Deno.test("parse_name_values() refuses what is cut anywhere", () => {
  for (const wide of [false, true]) {
    const first = name_values([["A", "1"]], wide);
    const data = first + name_values([["NAME", "value"]], wide);
    for (let length = 1; length < data.length; length++) {
      if (length === first.length) continue;
      const error = assertThrows(
        () => parse_name_values(data.slice(0, length)),
        TypeError,
      );
      assertEquals(
        error.message,
        `expected names and values in ${length} bytes, got one that exceeds them`,
      );
    }
  }
});

Deno.test("parse_name_values() refuses lengths beyond what there is", () => {
  for (
    const input of [
      "\x7f\0",
      "\0\x7f",
      "\xff\xff\xff\xff\0",
      "\xff\xff\xff\xff\xff\xff\xff\xffA",
      "\0\xff\xff\xff\xffA",
      "\x80\0\0\x02\0A",
    ]
  ) {
    assertThrows(() => parse_name_values(input), TypeError);
  }
});

Deno.test("encode_record() gives the bytes of a record", () => {
  assertEquals(
    text(encode_record(RECORD_TYPE.STDOUT, 0x0102, bytes("abc"))),
    "\x01\x06\x01\x02\0\x03\0\0abc",
  );
  assertEquals(text(encode_record(11, 0, bytes(""))), "\x01\x0b\0\0\0\0\0\0");
  const largest = new Uint8Array(65535).fill(1);
  const { value, length } = parse_records(encode_record(6, 65535, largest))!;
  assertEquals(value, [{ type: 6, request_id: 65535, content: largest }]);
  assertEquals(length, 65543);
});

Deno.test("encode_stream() gives the records of some bytes", () => {
  for (
    const [size, sizes] of [
      [0, []],
      [1, [1]],
      [65528, [65528]],
      [65529, [65528, 1]],
      [200000, [65528, 65528, 65528, 3416]],
    ] as [number, number[]][]
  ) {
    const content = Uint8Array.from({ length: size }, (_, i) => i % 251);
    const data = encode_stream(7, 300, content);
    const { value, length } = parse_records(data) ?? { value: [], length: 0 };
    assertEquals(length, data.length);
    for (const it of value) assertEquals([it.type, it.request_id], [7, 300]);
    const parts = value.map(({ content }) => content);
    assertEquals(parts.map(({ length }) => length), sizes);
    if (parts.length > 0) assertEquals(join(parts), content);
  }
});

Deno.test("put_end() puts the records that end a request, whatever was there", () => {
  const end = (rest: string | null, has_errors: boolean) => {
    const parts = ["a", bytes("b"), "c"].slice(0, rest?.length);
    const request_end = {
      app_status: 1,
      protocol_status: PROTOCOL_STATUS.OVERLOADED,
      rest: rest === null ? null : parts,
      has_errors,
    };
    const target = new Uint8Array(100).fill(0xff);
    const size = end_size(request_end);
    put_end(target, 0x0102, request_end);
    assertEquals(target.subarray(size), new Uint8Array(100 - size).fill(0xff));
    return text(target.subarray(0, size));
  };
  const last = "\x01\x03\x01\x02\0\x08\0\0\0\0\0\x01\x02\0\0\0";
  const stdout = "\x01\x06\x01\x02\0\0\0\0";
  const stderr = "\x01\x07\x01\x02\0\0\0\0";
  assertEquals(end(null, false), last);
  assertEquals(end("", false), stdout + last);
  assertEquals(end("", true), stderr + stdout + last);
  assertEquals(
    end("abc", true),
    `\x01\x06\x01\x02\0\x03\0\0abc${stderr}${stdout}${last}`,
  );
});

Deno.test("encode_name_values() gives what parse_name_values() takes", () => {
  const variables = { FCGI_MPXS_CONNS: "1", FCGI_MAX_CONNS: "1024" };
  const data = encode_name_values(variables);
  assertEquals(
    text(data),
    "\x0f\x01FCGI_MPXS_CONNS1\x0e\x04FCGI_MAX_CONNS1024",
  );
  assertEquals(parse_name_values(text(data)), variables);
  assertEquals(text(encode_name_values({})), "");
});
