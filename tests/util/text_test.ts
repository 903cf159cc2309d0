/** `decode_native()` and `encode_text()`: between bytes and text. */

import { assertEquals, assertThrows } from "@std/assert";
import { decode_native, encode_text } from "../../util.ts";

/** The native string of some bytes. */
const native = (...bytes: number[]) => String.fromCharCode(...bytes);

const NATIVE: [what: string, native: string, text: string][] = [
  ["nothing", "", ""],
  ["ASCII", "/a b%20\x00\x7f", "/a b%20\x00\x7f"],
  ["two bytes", native(0xc3, 0xa9), "é"],
  ["three bytes", native(0xe2, 0x82, 0xac), "€"],
  ["four bytes", native(0xf0, 0x9f, 0x98, 0x80), "😀"],
  ["a byte order mark", native(0xef, 0xbb, 0xbf, 0x61), "\ufeffa"],
  ["ISO-8859-1", native(0x63, 0xe9, 0x64), "c\ufffdd"],
  ["a character cut short", native(0xe2, 0x82), "\ufffd"],
  ["an overlong slash", native(0xc0, 0xaf), "\ufffd\ufffd"],
  ["a surrogate", native(0xed, 0xa0, 0x80), "\ufffd\ufffd\ufffd"],
];

for (const [what, from, text] of NATIVE) {
  Deno.test(`decode_native() gives the text when the string holds ${what}`, () => {
    assertEquals(decode_native(from), text);
  });
}

Deno.test("decode_native() forgets a character cut short when it is called again", () => {
  decode_native(native(0xe2, 0x82));
  assertEquals(decode_native(native(0xac)), "\ufffd");
});

Deno.test("decode_native() throws when the string holds what is no byte", () => {
  assertThrows(
    () => decode_native("/€"),
    TypeError,
    'expected characters up to U+00FF, got "€"',
  );
});

Deno.test("decode_native() throws when it is given no string", () => {
  assertThrows(
    () => decode_native(undefined as unknown as string),
    TypeError,
    "a native string must be a string, got undefined",
  );
});

const TEXT: [text: string, bytes: number[]][] = [
  ["", []],
  ["a\r\n", [0x61, 0x0d, 0x0a]],
  ["é€", [0xc3, 0xa9, 0xe2, 0x82, 0xac]],
  ["😀", [0xf0, 0x9f, 0x98, 0x80]],
  ["\ufeff", [0xef, 0xbb, 0xbf]],
  ["\ud83d", [0xef, 0xbf, 0xbd]],
];

for (const [text, bytes] of TEXT) {
  Deno.test(`encode_text() gives UTF-8 when the text is ${JSON.stringify(text)}`, () => {
    assertEquals(encode_text(text), new Uint8Array(bytes));
  });
}

Deno.test("encode_text() throws when it is given no string", () => {
  const wrong: [value: unknown, got: string][] = [
    [undefined, "undefined"],
    [null, "null"],
    [1, "1"],
    [new Uint8Array(), "an object of class Uint8Array"],
  ];
  for (const [value, got] of wrong) {
    assertThrows(
      () => encode_text(value as string),
      TypeError,
      `text must be a string, got ${got}`,
    );
  }
});
