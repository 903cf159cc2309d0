/** `Headers.add_header()`, and its parameters. */

import { assertEquals } from "@std/assert";
import { Headers } from "../../headers.ts";
import type { HeaderList } from "../../types.ts";
import { CONTROLS, refusal } from "./refusal.ts";

/** The value that `add_header` makes of its arguments. */
function added(
  value: string | null,
  params?: Record<string, string | null>,
): string | null {
  const headers = new Headers();
  headers.add_header("X", value, params);
  return headers.get("X");
}

Deno.test("Headers.add_header() adds the value alone when there are no params", () => {
  assertEquals(added("bar"), "bar");
});

Deno.test("Headers.add_header() adds params in order when there are some", () => {
  assertEquals(added("bar", { z: "1", a: "2" }), 'bar; z="1"; a="2"');
});

Deno.test("Headers.add_header() begins with the params when the value is null", () => {
  assertEquals(added(null, { a: "1", b: "2" }), 'a="1"; b="2"');
});

Deno.test("Headers.add_header() adds an empty value when there is neither value nor param", () => {
  assertEquals(added(null), "");
});

Deno.test("Headers.add_header() keeps the separator when the value is empty", () => {
  assertEquals(added("", { a: "1" }), '; a="1"');
});

Deno.test("Headers.add_header() writes the key alone when a param is null", () => {
  assertEquals(added("bar", { cheese: null }), "bar; cheese");
});

Deno.test("Headers.add_header() writes the key alone when a param is empty", () => {
  assertEquals(added("bar", { cheese: "" }), "bar; cheese");
});

Deno.test("Headers.add_header() makes hyphens of all underscores when a key has some", () => {
  assertEquals(added("bar", { _a_b_: "c_d" }), 'bar; -a-b-="c_d"');
});

Deno.test("Headers.add_header() makes a hyphen of an underscore when the param is null", () => {
  assertEquals(added("bar", { a_b: null }), "bar; a-b");
});

Deno.test("Headers.add_header() escapes quotes when a param has some", () => {
  assertEquals(added("bar", { a: 'b"c"' }), 'bar; a="b\\"c\\""');
});

Deno.test("Headers.add_header() escapes backslashes when a param has some", () => {
  assertEquals(added("bar", { a: "b\\c\\" }), 'bar; a="b\\\\c\\\\"');
});

Deno.test("Headers.add_header() escapes each character once when a backslash stands before a quote", () => {
  assertEquals(added("bar", { a: '\\"' }), 'bar; a="\\\\\\""');
});

Deno.test("Headers.add_header() leaves quotes in the value when it has some", () => {
  assertEquals(added('a"b\\'), 'a"b\\');
});

Deno.test("Headers.add_header() keeps headers of the same name when there are some", () => {
  const headers = new Headers([["foo", "1"], ["A", "b"]]);
  headers.add_header("Foo", "2");
  assertEquals(headers.items(), [["foo", "1"], ["A", "b"], ["Foo", "2"]]);
});

Deno.test("Headers.add_header() adds to the list that was given when it adds", () => {
  const list: HeaderList = [];
  new Headers(list).add_header("X", "y", { a: "b" });
  assertEquals(list, [["X", 'y; a="b"']]);
});

Deno.test("Headers.add_header() throws when a param holds a control character", () => {
  for (const control of CONTROLS) {
    assertEquals(
      refusal(() => added("v", { a: control })),
      `the value of header X must not contain control characters, got ${
        JSON.stringify(`v; a="${control}"`)
      }`,
    );
  }
});

Deno.test("Headers.add_header() throws when the key of a param holds a control character", () => {
  for (const control of CONTROLS) {
    assertEquals(
      refusal(() => added("v", { [control]: null })),
      `the value of header X must not contain control characters, got ${
        JSON.stringify(`v; ${control}`)
      }`,
    );
  }
});

for (
  const [param, came] of [
    [5, "5"],
    [undefined, "undefined"],
    [["y"], "an array of 1"],
    // It has a replace() as strings do.
    [new String("y"), "an object of class String"],
  ] as const
) {
  Deno.test(`Headers.add_header() throws when a param is ${came}`, () => {
    assertEquals(
      refusal(() => added("v", { a_b: param as unknown as string })),
      `the parameter a-b of header X must be a string or null, got ${came}`,
    );
  });
}
