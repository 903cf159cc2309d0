/** The errors on the page of `--debug`: causes, nested errors, values that are not errors. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { bare, headlines, html_of } from "./pages.ts";

Deno.test("the chain of causes is shown, and ends where it repeats", () => {
  const last = bare("three", { cause: "four" });
  const first = bare("one", { cause: new TypeError("two", { cause: last }) });
  (first.cause as Error).stack = "";
  assertEquals(headlines(first), [
    "Error: one",
    "Caused by: TypeError: two",
    "Caused by: Error: three",
    "Caused by: Not an error, but a string: four",
  ]);
  last.cause = first;
  assertEquals(headlines(first), [
    "Error: one",
    "Caused by: TypeError: two",
    "Caused by: Error: three",
  ]);
});

Deno.test("the errors of an AggregateError are shown, each with its causes", () => {
  const inner = bare("inner", { cause: bare("why") });
  const error = new AggregateError([inner, 0, 0], "all", {
    cause: bare("cause"),
  });
  error.stack = "";
  assertEquals(headlines(error), [
    "AggregateError: all",
    "    Error 1 of 3: Error: inner",
    "    Caused by: Error: why",
    "    Error 2 of 3: Not an error, but a number: 0",
    "    Error 3 of 3: Not an error, but a number: 0",
    "Caused by: Error: cause",
  ]);
  assertStringIncludes(
    html_of(error),
    `<section class="depth-1">\n<h2>Error 1 of 3: <span>Error</span></h2>`,
  );
});

Deno.test("both errors of a SuppressedError are shown", () => {
  const error = new SuppressedError(bare("late"), bare("early"), "both");
  error.stack = "";
  assertEquals(headlines(error), [
    "SuppressedError: both",
    "    While something was disposed of: Error: late",
    "    Before that: Error: early",
  ]);
});

Deno.test("no more than twenty errors are shown", () => {
  const many = Array.from({ length: 100 }, (_, i) => bare(`${i}`));
  const error = new AggregateError(many, "many");
  error.stack = "";
  const shown = headlines(error);
  assertEquals(shown.length, 20);
  assertEquals(shown.at(-1), "    Error 19 of 100: Error: 18");
});

Deno.test("an error without a name of its own has that of its class", () => {
  class OutOfStock extends Error {}
  const error = new OutOfStock("x");
  error.stack = "";
  assertEquals(headlines(error), ["OutOfStock: x"]);
  error.name = "SoldOut";
  assertEquals(headlines(error), ["SoldOut: x"]);
  error.name = 7 as never;
  assertEquals(headlines(error), ["OutOfStock: x"]);
});

Deno.test("a value that is thrown need not be an error", () => {
  const unreadable = new Proxy({}, {
    get() {
      throw new Error("trap");
    },
    getPrototypeOf() {
      throw new Error("trap");
    },
    ownKeys() {
      throw new Error("trap");
    },
  });
  const expected: [unknown, string][] = [
    ["boom", "a string: boom"],
    ["", "a string: "],
    [42, "a number: 42"],
    [null, "null: null"],
    [undefined, "undefined: undefined"],
    [Symbol("s"), "a symbol: Symbol(s)"],
    [{ status: 404 }, "an object of class Object: { status: 404 }"],
    [{ message: "m" }, 'an object of class Object: { message: "m" }'],
    [[1, 2], "an array of 2: [ 1, 2 ]"],
    [() => 1, "a function: [Function (anonymous)]"],
  ];
  for (const [value, words] of expected) {
    assertEquals(headlines(value), [`Not an error, but ${words}`]);
  }
  assertMatch(headlines(unreadable)[0]!, /^Not an error, but an object/);
});
