import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  concat,
  decode_latin1,
  encode_latin1,
  put_parts,
  size_of,
} from "../../_internal/text/bytes.ts";
import { int, random } from "../support/random.ts";
import { bytes } from "../support/support.ts";

/** The character of each byte. */
function native(data: Uint8Array): string {
  return Array.from(data, (byte) => String.fromCharCode(byte)).join("");
}

Deno.test("decode_latin1() gives a character for each byte, and encode_latin1() the bytes again", () => {
  const next = random(1);
  const cases = [
    [],
    [0xef, 0xbb, 0xbf, 0x61], // A byte order mark.
    [0xef, 0xbf, 0xbd], // What stands for a byte that is no UTF-8.
    [0xff],
    [0x80, 0x80, 0x80],
    [0xc3, 0xa9, 0xff],
    [0xf0, 0x9f, 0x92, 0xa9],
    [0xc3],
    Array.from({ length: 256 }, (_, byte) => byte),
    ...Array.from(
      { length: 500 },
      () =>
        Array.from(
          { length: int(next, 0, 40) },
          () => int(next, 0, 3) ? int(next, 0, 127) : int(next, 128, 255),
        ),
    ),
    Array.from({ length: 20000 }, () => int(next, 0, 255)),
  ].map((data) => Uint8Array.from(data));
  for (const data of cases) {
    assertStrictEquals(decode_latin1(data), native(data));
    assertEquals(encode_latin1(native(data)), data);
  }
});

Deno.test("put_parts() puts bytes and ASCII text one behind the other, concat() into one", () => {
  const parts = ["ab", bytes("c"), "", new Uint8Array(), "d"];
  const target = new Uint8Array(8).fill(0x2e);
  assertEquals(size_of(parts), 4);
  assertEquals(put_parts(target, 2, parts), 6);
  assertEquals(native(target), "..abcd..");
  assertEquals(native(concat(parts)), "abcd");
  assertEquals(concat([]), new Uint8Array());
  const alone = bytes("x");
  assertStrictEquals(concat([alone]), alone);
});
