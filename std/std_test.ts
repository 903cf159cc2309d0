import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  AssertionError,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  equal,
  fail,
} from "./assert/mod.ts";
import { STATUS_CODE, STATUS_TEXT } from "./http/mod.ts";
import { TextLineStream, toBytes, toText } from "./streams/mod.ts";

/** The message of the failure that `run` ends in; not by assertThrows(), which is under test itself. */
function failure_of(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof AssertionError) return error.message;
    throw error;
  }
  throw new Error("Expected a failure, but there was none");
}

async function failure_of_async(run: () => Promise<unknown>): Promise<string> {
  const [outcome] = await Promise.allSettled([run()]);
  return failure_of(() => {
    if (outcome.status === "rejected") throw outcome.reason;
  });
}

Deno.test("equal() is true when two values have the same structure", () => {
  const pairs: [unknown, unknown][] = [
    [NaN, NaN],
    [0, -0],
    [{ a: 1, b: [2] }, { b: [2], a: 1 }],
    [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    [new Date(5), new Date(5)],
    [new Date(NaN), new Date(NaN)],
    [/a/gi, /a/gi],
    [new URL("http://a/b"), new URL("http://a/b")],
    [new Uint8Array([1, 2]), new Uint8Array([0, 1, 2]).subarray(1)],
    [new Float64Array([NaN, 0]), new Float64Array([NaN, -0])],
    [new Uint8Array([1]).buffer, new Uint8Array([1]).buffer],
    [new Set([1, { a: 1 }]), new Set([{ a: 1 }, 1])],
    [new Map([[{ k: 1 }, [1]]]), new Map([[{ k: 1 }, [1]]])],
    [{ [Symbol.iterator]: 1 }, { [Symbol.iterator]: 1 }],
  ];
  for (const [a, b] of pairs) {
    if (!equal(a, b)) throw new Error(`${Deno.inspect(a)}, ${Deno.inspect(b)}`);
  }
});

Deno.test("equal() is false when structure, content or class differ", () => {
  class A {
    a = 1;
  }
  const pairs: [unknown, unknown][] = [
    [1, "1"],
    [null, undefined],
    [{ a: undefined }, {}],
    [{ a: undefined }, { b: undefined }],
    [[1, 2], [2, 1]],
    [[undefined], new Array(1)],
    [new A(), { a: 1 }],
    [() => 1, () => 1],
    [new Date(5), new Date(6)],
    [/a/g, /a/i],
    [new URL("http://a/b"), new URL("http://a/c")],
    [new Uint8Array([1]), new Uint8Array([2])],
    [new Uint8Array([1]), new Int8Array([1])],
    [new Set([1, 2]), new Set([1, 3])],
    [new Set([{ a: 1 }]), new Set([{ a: 2 }])],
    [new Map([["a", 1]]), new Map([["a", 2]])],
    [new Map([["a", undefined]]), new Map([["b", undefined]])],
    [new Error("a"), new Error("b")],
  ];
  for (const [a, b] of pairs) {
    if (equal(a, b)) throw new Error(`${Deno.inspect(a)}, ${Deno.inspect(b)}`);
  }
});

Deno.test("equal() ends when a value contains itself", () => {
  interface Ring {
    next?: Ring;
    end?: number;
  }
  const one: Ring = {};
  one.next = one;
  const two: Ring = { next: {} };
  two.next!.next = two;
  const other: Ring = { next: { next: {}, end: 1 } };
  other.next!.next!.next = other;
  assertEquals(equal(one, two), true);
  assertEquals(equal(one, other), false);
});

Deno.test("equal() forgets an assumption when it turned out wrong", () => {
  const x = { v: 1 };
  const y = { v: 2 };
  assertEquals(
    equal([new Set([x, { v: 2 }]), x], [new Set([y, { v: 1 }]), y]),
    false,
  );
});

Deno.test("equal() throws when it cannot see inside", () => {
  assertThrows(() => equal(new WeakMap(), new WeakMap()), TypeError);
});

Deno.test("assertEquals() shows a line diff when values differ", () => {
  assertEquals(
    failure_of(() => assertEquals({ a: 1, b: [2] }, { a: 1, b: [3] }, "why")),
    `The values are not equal: why

    - actual, + expected:

      {
        a: 1,
        b: [
    -     2,
    +     3,
        ],
      }
`,
  );
});

Deno.test("assertEquals() quotes each line when both values are strings", () => {
  assertEquals(
    failure_of(() => assertEquals("a\r\nb\nc", "a\nb\n")),
    String.raw`The values are not equal.

    - actual, + expected:

    - "a\r\n"
    + "a\n"
      "b\n"
    - "c"
`,
  );
});

Deno.test("assertEquals() leaves equal lines out when they are far from a difference", () => {
  const actual = Array.from({ length: 20 }, (_, i) => i);
  assertEquals(
    failure_of(() => assertEquals(actual, actual.with(9, -9))),
    `The values are not equal.

    - actual, + expected:

      ... 7 equal lines ...
        6,
        7,
        8,
    -   9,
    +   -9,
        10,
        11,
        12,
      ... 8 equal lines ...
`,
  );
});

Deno.test("assertStrictEquals() fails when two objects merely look the same", () => {
  const value = {};
  assertStrictEquals(value, value);
  assertEquals(
    failure_of(() => assertStrictEquals({}, value)),
    "The values are not strictly equal.\n\n    Both look the same:\n\n      {}\n",
  );
});

Deno.test("assert() and its kin fail when their condition does not hold", () => {
  assert(1);
  assertFalse(0);
  assertInstanceOf(new TypeError(), Error);
  assertMatch("abc", /b/);
  assertStringIncludes("abc", "bc");
  const failures = [
    () => assert(0, "no"),
    () => assertFalse(1, "yes"),
    () => assertInstanceOf([], Map),
    () => assertMatch("abc", /x/, "why"),
    () => assertStringIncludes("abc", "x"),
    () => fail("here"),
  ];
  assertEquals(failures.map(failure_of), [
    "no",
    "yes",
    'Expected an instance of "Map", but got "Array".',
    'Expected a match for /x/, but got "abc": why',
    'Expected a string with "x" in it, but got "abc".',
    "Failed: here",
  ]);
});

Deno.test("assertThrows() returns what was thrown", () => {
  const error = new RangeError("\x1b[31mred\x1b[0m apple");
  const raise = () => {
    throw error;
  };
  assertStrictEquals(assertThrows(raise), error);
  assertStrictEquals(assertThrows(raise, Error, "red apple"), error);
  assertStrictEquals(assertThrows(() => fail(), "msg") instanceof Error, true);
});

Deno.test("assertThrows() fails when nothing is thrown", () => {
  assertEquals(
    failure_of(() => assertThrows(() => 1, "why")),
    "Expected the function to throw, but it returned: why",
  );
});

Deno.test("assertThrows() fails when something else is thrown", () => {
  const raise = (thrown: unknown) => () => {
    throw thrown;
  };
  const thrown = new TypeError("no");
  const failures = [
    () => assertThrows(raise("text"), Error),
    () => assertThrows(raise(thrown), RangeError),
    () => assertThrows(raise(thrown), TypeError, "yes", "why"),
  ];
  assertEquals(failures.map(failure_of), [
    'Expected an Error, but got "text".',
    'Expected an error of class "RangeError", but got "TypeError".',
    'Expected an error message with "yes" in it, but got "no": why',
  ]);
});

Deno.test("assertRejects() resolves to the reason", async () => {
  const error = new RangeError("far away");
  const reject = () => Promise.reject(error);
  assertStrictEquals(await assertRejects(reject), error);
  assertStrictEquals(await assertRejects(reject, Error, "away"), error);
});

Deno.test("assertRejects() fails when there is no rejection or another", async () => {
  const not_async = (run: () => unknown) => run as () => Promise<unknown>;
  const failures = await Promise.all([
    () => assertRejects(() => Promise.resolve(), "why"),
    () => assertRejects(not_async(() => fail())),
    () => assertRejects(not_async(() => 1)),
    () => assertRejects(() => Promise.reject(1), Error),
    () => assertRejects(() => Promise.reject(new Error("no")), TypeError),
  ].map(failure_of_async));
  assertEquals(failures, [
    "Expected the promise to reject, but it resolved: why",
    "Expected a promise that rejects, but the function threw.",
    'Expected a promise that rejects, but the function returned "number".',
    "Expected an Error, but got 1.",
    'Expected an error of class "TypeError", but got "Error".',
  ]);
});

Deno.test("STATUS_TEXT has a phrase for each number in STATUS_CODE", () => {
  assertEquals(
    Object.values(STATUS_CODE).map(String),
    Object.keys(STATUS_TEXT),
  );
  assertEquals(STATUS_TEXT[STATUS_CODE.Teapot], "I'm a teapot");
});

Deno.test("toText() joins text and bytes when a character is cut in two", async () => {
  const bytes = [[0xef, 0xbb, 0xbf, 0x61, 0xe2], [0x82], [0xac, 0xc3]];
  const stream = ReadableStream.from(bytes.map((it) => new Uint8Array(it)));
  assertEquals(await toText(stream), "a€\ufffd");
  assertEquals(stream.locked, true);
  assertEquals(await toText(ReadableStream.from(["a", "", "b"])), "ab");
});

Deno.test("toBytes() joins chunks and hands an error on", async () => {
  const chunks = [new Uint8Array([1]), new Uint8Array([2, 3])];
  assertEquals(
    await toBytes(ReadableStream.from(chunks)),
    new Uint8Array([1, 2, 3]),
  );
  const broken = new ReadableStream<Uint8Array>({
    start: (controller) => controller.error(new RangeError("broken")),
  });
  await assertRejects(() => toBytes(broken), RangeError, "broken");
});

/** What `TextLineStream` makes of the chunks. */
function lines_of(chunks: string[], allowCR?: boolean): Promise<string[]> {
  const options = allowCR === undefined ? undefined : { allowCR };
  return Array.fromAsync(
    ReadableStream.from(chunks).pipeThrough(new TextLineStream(options)),
  );
}

Deno.test("TextLineStream cuts at LF and CRLF, also across chunks", async () => {
  assertEquals(await lines_of(["a", "b\r", "\n\nc\rd\n", "", "e\r"]), [
    "ab",
    "",
    "c\rd",
    "e\r",
  ]);
  assertEquals(await lines_of(["", "a\n"]), ["a"]);
});

Deno.test("TextLineStream cuts at CR when allowCR is set", async () => {
  assertEquals(await lines_of(["a\rb\r", "\nc\r", "", "d\n\r"], true), [
    "a",
    "b",
    "c",
    "d",
    "",
  ]);
});
