/** `Headers`: made of a list, read, changed, and written out. */

import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
} from "@std/assert";
import { Headers } from "../../headers.ts";
import type { HeaderList } from "../../types.ts";
import { bytes } from "../support/support.ts";
import { refusal } from "./refusal.ts";

/** Headers with repeats and two spellings of one name. */
function cookies(): Headers {
  return new Headers([
    ["Set-Cookie", "a=1"],
    ["Content-Type", "text/plain"],
    ["set-cookie", "b=2"],
    ["X-Empty", ""],
  ]);
}

// --- Headers() ---

Deno.test("Headers() is empty when no list is given", () => {
  assertEquals(new Headers().items(), []);
});

Deno.test("Headers() shares no list when none is given", () => {
  new Headers().set("X", "y");
  assertEquals(new Headers().length, 0);
});

Deno.test("Headers() keeps order and spelling when a list is given", () => {
  assertEquals(cookies().items(), [
    ["Set-Cookie", "a=1"],
    ["Content-Type", "text/plain"],
    ["set-cookie", "b=2"],
    ["X-Empty", ""],
  ]);
});

Deno.test("Headers() shows what was added to its list when that happened outside", () => {
  const list: HeaderList = [];
  const headers = new Headers(list);
  list.push(["X", "y"]);
  assertEquals(headers.get("X"), "y");
});

for (
  const [headers, came] of [
    ["foo", '"foo"'],
    [null, "null: [] has none"],
    [5, "5"],
    [{}, "an object of class Object: Object.entries(headers) is one"],
    [new Map(), "an object of class Map: [...headers] is one"],
    [new Headers(), "an object of class Headers: [...headers] is one"],
    [() => [], "a function"],
  ] as [unknown, string][]
) {
  Deno.test(`Headers() throws when the list is ${came}`, () => {
    assertEquals(
      refusal(() => new Headers(headers as HeaderList)),
      `headers must be an array of [name, value], got ${came}`,
    );
  });
}

for (
  const [header, came] of [
    [[], "an array of 0"],
    [["X"], "an array of 1"],
    [["X", "y", "z"], "an array of 3"],
    // Two characters would do for a pair.
    ["Xy", '"Xy"'],
    [null, "null"],
    [{ 0: "X", 1: "y", length: 2 }, "an object of class Object"],
  ] as [unknown, string][]
) {
  Deno.test(`Headers() throws when a header is ${came}`, () => {
    assertEquals(
      refusal(() => new Headers([["A", "b"], header] as HeaderList)),
      `a header must be a pair [name, value], got ${came}`,
    );
  });
}

// --- length ---

Deno.test("Headers.length is 0 when there is no header", () => {
  assertEquals(new Headers().length, 0);
});

Deno.test("Headers.length counts every header when names repeat", () => {
  assertEquals(cookies().length, 4);
});

// --- get() ---

Deno.test("Headers.get() gives the first value when the name repeats", () => {
  assertEquals(cookies().get("Set-Cookie"), "a=1");
});

Deno.test("Headers.get() finds a header when the case is another", () => {
  const headers = cookies();
  for (const name of ["content-type", "CONTENT-TYPE", "cOnTeNt-TyPe"]) {
    assertEquals(headers.get(name), "text/plain", name);
  }
});

Deno.test("Headers.get() gives the empty value when that is the header's", () => {
  assertEquals(cookies().get("X-Empty", "default"), "");
});

Deno.test("Headers.get() gives null when there is no such header", () => {
  assertEquals(cookies().get("Content"), null);
});

Deno.test("Headers.get() gives the default when there is no such header", () => {
  const fallback = {};
  assertStrictEquals(cookies().get("X-Missing", fallback), fallback);
});

// --- get_all() ---

Deno.test("Headers.get_all() gives all values in order when the name repeats", () => {
  assertEquals(cookies().get_all("SET-COOKIE"), ["a=1", "b=2"]);
});

Deno.test("Headers.get_all() gives an empty array when there is no such header", () => {
  assertEquals(cookies().get_all("X-Missing"), []);
});

// --- has() ---

Deno.test("Headers.has() is true when the header is there in another case", () => {
  assert(cookies().has("CONTENT-type"));
});

Deno.test("Headers.has() is true when the value is empty", () => {
  assert(cookies().has("X-Empty"));
});

Deno.test("Headers.has() is false when there is no such header", () => {
  assertFalse(cookies().has("Cookie"));
});

// --- set() ---

Deno.test("Headers.set() adds the header at the end when there is none", () => {
  const headers = new Headers([["A", "1"]]);
  headers.set("B", "2");
  assertEquals(headers.items(), [["A", "1"], ["B", "2"]]);
});

Deno.test("Headers.set() puts one header at the end when there were several", () => {
  const headers = cookies();
  headers.set("SET-cookie", "c=3");
  assertEquals(headers.items(), [
    ["Content-Type", "text/plain"],
    ["X-Empty", ""],
    ["SET-cookie", "c=3"],
  ]);
});

Deno.test("Headers.set() changes the list that was given when it replaces a header", () => {
  const list: HeaderList = [["A", "1"], ["B", "2"]];
  new Headers(list).set("a", "3");
  assertEquals(list, [["B", "2"], ["a", "3"]]);
});

Deno.test("Headers.set() leaves the headers as they are when it refuses a value", () => {
  const headers = new Headers([["A", "1"]]);
  refusal(() => headers.set("A", "\n"));
  assertEquals(headers.items(), [["A", "1"]]);
});

// --- delete() ---

Deno.test("Headers.delete() removes every header of the name when it repeats", () => {
  const headers = cookies();
  headers.delete("SET-COOKIE");
  assertEquals(headers.items(), [
    ["Content-Type", "text/plain"],
    ["X-Empty", ""],
  ]);
});

Deno.test("Headers.delete() does nothing when there is no such header", () => {
  const headers = cookies();
  headers.delete("X-Missing");
  assertEquals(headers.items(), cookies().items());
});

Deno.test("Headers.delete() changes the list that was given when it removes a header", () => {
  const list: HeaderList = [["A", "1"], ["B", "2"], ["a", "3"]];
  new Headers(list).delete("A");
  assertEquals(list, [["B", "2"]]);
});

// --- setdefault() ---

Deno.test("Headers.setdefault() gives the present value when there is one", () => {
  assertEquals(cookies().setdefault("SET-COOKIE", "c=3"), "a=1");
});

Deno.test("Headers.setdefault() leaves the headers as they are when there is a value", () => {
  const headers = cookies();
  headers.setdefault("X-EMPTY", "full");
  assertEquals(headers.items(), cookies().items());
});

Deno.test("Headers.setdefault() gives the empty value when that is the header's", () => {
  assertEquals(cookies().setdefault("X-Empty", "full"), "");
});

Deno.test("Headers.setdefault() gives the default when there is no such header", () => {
  assertEquals(new Headers().setdefault("Zoo", "whee"), "whee");
});

Deno.test("Headers.setdefault() adds to the list that was given when there is no such header", () => {
  const list: HeaderList = [["A", "1"]];
  new Headers(list).setdefault("Zoo", "whee");
  assertEquals(list, [["A", "1"], ["Zoo", "whee"]]);
});

// --- keys(), values(), items(), iteration ---

Deno.test("Headers.keys() gives the names in order when they repeat", () => {
  assertEquals(cookies().keys(), [
    "Set-Cookie",
    "Content-Type",
    "set-cookie",
    "X-Empty",
  ]);
});

Deno.test("Headers.values() gives the values in order when names repeat", () => {
  assertEquals(cookies().values(), ["a=1", "text/plain", "b=2", ""]);
});

Deno.test("Headers.items() gives a list of its own when it is called", () => {
  const headers = cookies();
  headers.items().length = 0;
  assertEquals(headers.length, 4);
});

Deno.test("Headers.items() gives pairs of its own when it is called", () => {
  const headers = cookies();
  headers.items()[0]![1] = "changed\r\n";
  assertEquals(headers.get("Set-Cookie"), "a=1");
});

Deno.test("Headers gives its pairs in order when it is iterated", () => {
  assertEquals([...cookies()], cookies().items());
});

Deno.test("Headers gives all pairs when some are deleted during the iteration", () => {
  const headers = cookies();
  const names = [];
  for (const [name] of headers) {
    names.push(name);
    headers.delete(name);
  }
  assertEquals(names, cookies().keys());
});

// --- toString(), to_bytes() ---

Deno.test("Headers.toString() is an empty line when there is no header", () => {
  assertEquals(new Headers().toString(), "\r\n");
});

Deno.test("Headers.toString() gives a line for each header and an empty one when there are some", () => {
  assertEquals(
    cookies().toString(),
    "Set-Cookie: a=1\r\nContent-Type: text/plain\r\nset-cookie: b=2\r\nX-Empty: \r\n\r\n",
  );
});

Deno.test("Headers.toString() is what String() gives when it is called on them", () => {
  assertEquals(String(cookies()), cookies().toString());
});

Deno.test("Headers.to_bytes() is an empty line when there is no header", () => {
  assertEquals(new Headers().to_bytes(), bytes("\r\n"));
});

Deno.test("Headers.to_bytes() gives a Uint8Array when there are headers", () => {
  assertInstanceOf(cookies().to_bytes(), Uint8Array);
});

Deno.test("Headers.to_bytes() gives one byte per character when a value is above ASCII", () => {
  const headers = new Headers([["X", "\u0080\u00e4\u00ff"]]);
  assertEquals(
    headers.to_bytes(),
    new Uint8Array([
      ...[0x58, 0x3a, 0x20], // "X: "
      ...[0x80, 0xe4, 0xff],
      ...[0x0d, 0x0a, 0x0d, 0x0a],
    ]),
  );
});

for (
  const [value, came] of [
    ["\u0100", '"\u0100"'],
    ["a\u20acb", '"\u20ac"'],
    // Half a character is all that is looked at, and half a character is written as an escape.
    ["\u{1f600}", '"\\ud83d"'],
  ] as const
) {
  Deno.test(`Headers.to_bytes() throws when a value holds ${came}`, () => {
    const headers = new Headers([["X", value]]);
    assertEquals(
      refusal(() => headers.to_bytes()),
      `expected characters up to U+00FF, got ${came}`,
    );
  });
}

Deno.test("Headers.toString() gives a character above U+00FF when a value holds it", () => {
  assertEquals(new Headers([["X", "\u20ac"]]).toString(), "X: \u20ac\r\n\r\n");
});
