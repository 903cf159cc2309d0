/** The codecs of SCGI and uwsgi alone: bytes in, variables out. */

import { assertEquals, assertThrows } from "@std/assert";
import type { Variables } from "../../_internal/request/variables.ts";
import type { Parsed } from "../../_internal/streams/connection.ts";
import { parse_scgi_head } from "../../gateways/scgi/codec.ts";
import { parse_uwsgi_head } from "../../gateways/uwsgi/codec.ts";
import { bytes, join, text } from "../support/support.ts";
import { netstring, type Pairs, scgi_head, uwsgi_head } from "./heads.ts";

const LIMIT = 65536;

/** Every character that is a byte. */
const ALL_BYTES = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i))
  .join("");

/** The same without NUL, which ends a name or value of SCGI. */
const NOT_NUL = ALL_BYTES.slice(1);

type HeadParser = (
  data: Uint8Array,
  limit: number,
  own?: Readonly<Variables>,
) => Parsed<Variables> | null;

interface HeadCodec {
  name: string;
  parse: HeadParser;
  encode(pairs: Pairs): Uint8Array;
  /** Characters that a value may have. */
  characters: string;
}

const heads: HeadCodec[] = [
  {
    name: "parse_scgi_head",
    parse: parse_scgi_head,
    encode: scgi_head,
    characters: NOT_NUL,
  },
  {
    name: "parse_uwsgi_head",
    parse: parse_uwsgi_head,
    encode: uwsgi_head,
    characters: ALL_BYTES,
  },
];

const PAIRS: Pairs = [
  ["CONTENT_LENGTH", "27"],
  ["REQUEST_METHOD", "POST"],
  ["HTTP_X_NAME", ""],
  ["PATH_INFO", "/caf\xc3\xa9"],
];

/** The variables of a head, less what SCGI has for itself. */
function variables_of(found: Parsed<Variables> | null): Variables | undefined {
  const { SCGI: _, ...variables } = found?.value ?? {};
  return found ? variables : undefined;
}

for (const { name, parse, encode, characters } of heads) {
  Deno.test(`${name}() gives the variables and where they end`, () => {
    const head = encode(PAIRS);
    const found = parse(
      join([head, bytes("What is the answer to life?")]),
      LIMIT,
    );
    assertEquals(variables_of(found), Object.fromEntries(PAIRS));
    assertEquals(found!.length, head.length);
  });

  Deno.test(`${name}() asks for more as long as the head is not whole`, () => {
    const head = encode(PAIRS);
    for (let length = 0; length < head.length; length++) {
      assertEquals(parse(head.subarray(0, length), LIMIT), null, `${length}`);
    }
    assertEquals(parse(head, LIMIT)!.length, head.length);
  });

  Deno.test(`${name}() keeps bytes as characters`, () => {
    const pairs: Pairs = [
      ["CONTENT_LENGTH", "0"],
      ["X_ALL", characters],
      [`X_\xe9`, "\xef\xbb\xbf\xff"],
    ];
    const found = parse(encode(pairs), LIMIT);
    assertEquals(variables_of(found), Object.fromEntries(pairs));
  });

  Deno.test(`${name}() takes the last value of a name that is repeated`, () => {
    const found = parse(
      encode([["CONTENT_LENGTH", "0"], ["A", "1"], ["B", "2"], ["A", "3"]]),
      LIMIT,
    );
    assertEquals(variables_of(found), { CONTENT_LENGTH: "0", A: "3", B: "2" });
  });

  Deno.test(`${name}() joins a repeated header`, () => {
    const found = parse(
      encode([
        ["CONTENT_LENGTH", "0"],
        ["HTTP_X_A", "1"],
        ["HTTP_COOKIE", "a=1"],
        ["HTTP_X_A", ""],
        ["HTTP_COOKIE", "b=2"],
        ["HTTP_X_A", "2"],
      ]),
      LIMIT,
    );
    assertEquals(variables_of(found), {
      CONTENT_LENGTH: "0",
      HTTP_X_A: "1, , 2",
      HTTP_COOKIE: "a=1; b=2",
    });
  });

  Deno.test(`${name}() leaves out what is not to be taken for CGI's own`, () => {
    const found = parse(
      encode([
        ["CONTENT_LENGTH", "0"],
        ["HTTP_CONTENT_LENGTH", "5"],
        ["HTTP_CONTENT_TYPE", "text/plain"],
        ["HTTP_PROXY", "http://evil"],
      ]),
      LIMIT,
    );
    assertEquals(variables_of(found), { CONTENT_LENGTH: "0" });
  });

  Deno.test(`${name}() puts the variables on top of the server's own`, () => {
    const own = Object.freeze({ A: "own", B: "own" });
    const head = encode([["CONTENT_LENGTH", "0"], ["A", "1"]]);
    const found = parse(head, LIMIT, own);
    assertEquals(variables_of(found), {
      A: "1",
      B: "own",
      CONTENT_LENGTH: "0",
    });
    assertEquals(own, { A: "own", B: "own" });
  });

  Deno.test(`${name}() takes names that every object has`, () => {
    const pairs: Pairs = [
      ["CONTENT_LENGTH", "0"],
      ["__proto__", "evil"],
      ["constructor", "a"],
      ["toString", "b"],
    ];
    const { value } = parse(encode(pairs), LIMIT)!;
    assertEquals(value.constructor as unknown, "a");
    assertEquals(value.toString as unknown, "b");
    assertEquals(Object.getPrototypeOf(value), Object.prototype);
  });

  Deno.test(`${name}() keeps nothing of the data`, () => {
    const head = encode(PAIRS);
    const found = parse(head, LIMIT);
    head.fill(0);
    assertEquals(variables_of(found), Object.fromEntries(PAIRS));
  });

  Deno.test(`${name}() takes no more than the limit`, () => {
    for (const limit of [100, 1000, 65535]) {
      const empty = encode([["CONTENT_LENGTH", "0"], ["A", ""]]);
      const overhead = content_size(empty, name);
      const of_size = (size: number) =>
        encode([["CONTENT_LENGTH", "0"], ["A", "x".repeat(size - overhead)]]);
      const found = parse(of_size(limit), limit)!;
      assertEquals(found.value.A!.length, limit - overhead);
      if (limit === 65535) continue; // The most that uwsgi can say.
      // As soon as the size is there, without the rest of it.
      const beginning = of_size(limit + 1).subarray(0, 6);
      const error = assertThrows(() => parse(beginning, limit), RangeError);
      assertEquals(
        error.message,
        `expected a head of at most ${limit} bytes, got one of ${limit + 1}`,
      );
    }
  });
}

/** The size that a head says it has. */
function content_size(head: Uint8Array, name: string): number {
  if (name === "parse_scgi_head") return parseInt(text(head));
  return head[1]! + 256 * head[2]!;
}

/** Checks that `parse` refuses every one of `inputs`, by these messages. */
function assert_refused(
  parse: HeadParser,
  inputs: [input: string, message: string][],
): void {
  for (const [input, message] of inputs) {
    const error = assertThrows(() => parse(bytes(input), LIMIT), TypeError);
    assertEquals(error.message, message, JSON.stringify(input));
  }
}

Deno.test("parse_scgi_head() takes the example of the specification", () => {
  const data =
    "70:CONTENT_LENGTH\x0027\0SCGI\x001\0REQUEST_METHOD\0POST\0REQUEST_URI\0/deepthought\0,What is the answer to life?";
  assertEquals(parse_scgi_head(bytes(data), LIMIT), {
    value: {
      CONTENT_LENGTH: "27",
      SCGI: "1",
      REQUEST_METHOD: "POST",
      REQUEST_URI: "/deepthought",
    },
    length: 74,
  });
});

Deno.test("parse_scgi_head() takes 65,536 bytes, and no more", () => {
  const rest = "CONTENT_LENGTH\x000\0SCGI\x001\0A\0";
  const head = (size: number) =>
    netstring(`${rest}${"x".repeat(size - rest.length - 1)}\0`);
  assertEquals(parse_scgi_head(head(65536), LIMIT)!.length, 65536 + 7);
  assertThrows(() => parse_scgi_head(head(65537), LIMIT), RangeError);
});

Deno.test("parse_scgi_head() refuses a length that is none", () => {
  const message = (input: string) =>
    `expected the length of the head and a colon, got ${JSON.stringify(input)}`;
  assert_refused(
    parse_scgi_head,
    [
      ":",
      ":,",
      "x",
      "-1:",
      "+1:",
      " 70:",
      "70 :",
      "70,",
      "00",
      "00:,",
      "070:",
      "7\n",
      "0x10:",
      "1e3:",
      "1.5:",
      "\xff",
      "\0",
      "GET\r\n",
    ].map((input) => [input, message(input)]),
  );
});

Deno.test("parse_scgi_head() shows no more than 20 bytes of what is no length", () => {
  const data = bytes("x".repeat(1000));
  const error = assertThrows(() => parse_scgi_head(data, LIMIT), TypeError);
  assertEquals(
    error.message,
    `expected the length of the head and a colon, got "${"x".repeat(20)}"`,
  );
});

Deno.test("parse_scgi_head() refuses a huge length", () => {
  for (
    const digits of ["65537", "4294967297", "9".repeat(20), "9".repeat(400)]
  ) {
    assertThrows(
      () => parse_scgi_head(bytes(digits), LIMIT),
      RangeError,
      "expected a head of at most 65536 bytes, got one of ",
    );
  }
});

Deno.test("parse_scgi_head() refuses a head that is none", () => {
  const list = "expected names and values, each followed by a NUL";
  const scgi = (value: string) => `SCGI must be 1, got ${value}`;
  const content_length = (value: string) =>
    `CONTENT_LENGTH must be a number, got ${value}`;
  const head = (content: string) => text(netstring(content));
  assert_refused(parse_scgi_head, [
    ["1:ab", "expected a comma after a head of 1 bytes, got byte 98"],
    ["1:a\0", "expected a comma after a head of 1 bytes, got byte 0"],
    ["0::", "expected a comma after a head of 0 bytes, got byte 58"],
    ["0:,", scgi("none")],
    [head("a"), list],
    [head("a\0"), list],
    [head("a\0b"), list],
    [head("a\0b\0c\0"), list],
    [head("CONTENT_LENGTH\x000\0"), scgi("none")],
    [head("CONTENT_LENGTH\x000\0SCGI\x002\0"), scgi('"2"')],
    [head("CONTENT_LENGTH\x000\0SCGI\x001\n\0"), scgi('"1\\n"')],
    [head("SCGI\x001\0"), content_length("none")],
    [
      head("CONTENT_LENGTH\0\0SCGI\x001\0"),
      content_length(
        '"": if nginx has a line scgi_param CONTENT_LENGTH, remove it',
      ),
    ],
    [head("CONTENT_LENGTH\0-1\0SCGI\x001\0"), content_length('"-1"')],
    [head("CONTENT_LENGTH\x001 \0SCGI\x001\0"), content_length('"1 "')],
    [head("CONTENT_LENGTH\x001\n\0SCGI\x001\0"), content_length('"1\\n"')],
    [head("CONTENT_LENGTH\x000x1\0SCGI\x001\0"), content_length('"0x1"')],
    // No more than the beginning is shown.
    [
      head(`CONTENT_LENGTH\0${"x".repeat(1000)}\0SCGI\x001\0`),
      content_length(`"${"x".repeat(20)}"`),
    ],
  ]);
});

Deno.test("parse_uwsgi_head() takes a head without variables", () => {
  assertEquals(parse_uwsgi_head(bytes("\0\0\0\0"), LIMIT), {
    value: {},
    length: 4,
  });
});

Deno.test("parse_uwsgi_head() takes empty names and values", () => {
  const head = uwsgi_head([["", ""], ["A", ""], ["", "b"]]);
  assertEquals(parse_uwsgi_head(head, LIMIT)!.value, { "": "b", A: "" });
});

Deno.test("parse_uwsgi_head() reads the low byte of a size first", () => {
  const head = bytes(`\0\x04\x01\0\x01\0A\xff\0${"x".repeat(255)}`);
  assertEquals(parse_uwsgi_head(head, LIMIT), {
    value: { A: "x".repeat(255) },
    length: 264,
  });
  assertEquals(parse_uwsgi_head(head.subarray(0, 263), LIMIT), null);
});

Deno.test("parse_uwsgi_head() refuses any modifier but 0, at once", () => {
  const refused = [1, 5, 7, 14, 30, 71, 255].map((modifier) =>
    [
      String.fromCharCode(modifier),
      `expected modifier 0, got ${modifier}`,
    ] as [string, string]
  );
  assert_refused(parse_uwsgi_head, refused);
});

Deno.test("parse_uwsgi_head() takes any second modifier", () => {
  assertEquals(parse_uwsgi_head(bytes("\0\0\0\x09"), LIMIT)?.length, 4);
});

Deno.test("parse_uwsgi_head() refuses variables that go past their size", () => {
  const of_size = (content: string): [string, string] => [
    `\0${String.fromCharCode(content.length)}\0\0${content}`,
    `expected names and values in ${content.length} bytes, got one that exceeds them`,
  ];
  assert_refused(
    parse_uwsgi_head,
    [
      "\x01",
      "\x01\0",
      "\x01\0A",
      "\x01\0A\x01",
      "\x01\0A\x01\0",
      "\x01\0A\x02\0b",
      "\x01\0A\xff\xffb",
      "\xff\xffA",
      "\x01\0A\x01\0b\0",
      "\x01\0A\x01\0b\0\0",
      "\x01\0A\x01\0b\0\0\x01",
    ].map(of_size),
  );
});
