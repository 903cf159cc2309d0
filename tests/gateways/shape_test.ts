/** The variables of a request, made from the template of those before or name by name: the same either way. */

import {
  head_size,
  type HeadSize,
  is_forwarded,
} from "../../_internal/request/head_size.ts";
import type { WSGIEnvironment } from "../../types.ts";
import type { Variables } from "../../_internal/request/variables.ts";
import { assertEquals } from "@std/assert";
import { Fields } from "../../gateways/fields.ts";
import { variables_of } from "../../gateways/variables.ts";
import { int, pick, random } from "../support/random.ts";

const OWN: Readonly<Variables> = { HOME: "/root", DOCUMENT_ROOT: "/" };

/** Variables in their order. */
type Entries = [name: string, value: string][];

/** The fields of a text that has names and values in turn. */
function fields_of(pairs: string[]): Fields {
  const fields = new Fields();
  fields.begin(pairs.join(""));
  let name = 0;
  for (let i = 0; i < pairs.length; i += 2) {
    const value = name + pairs[i]!.length;
    const end = value + pairs[i + 1]!.length;
    fields.add(name, value, value, end);
    name = end;
  }
  return fields;
}

/** What limits and proxies look for in the variables. */
function head_of(variables: Variables): [HeadSize, is_forwarded: boolean] {
  const environ = variables as unknown as WSGIEnvironment;
  return [head_size(environ), is_forwarded(environ)];
}

/** What becomes of `pairs`: the same the first time that they come and when they have come before. */
function entries_of(...pairs: string[]): Entries {
  const own = { ...OWN };
  const first = Object.entries(variables_of(fields_of(pairs), own));
  for (let time = 0; time < 4; time++) {
    const again = variables_of(fields_of(pairs), own);
    assertEquals(Object.entries(again), first);
    assertEquals(head_of(again), head_of({ ...again })); // One is noted, the other one is looked for.
    again.HOME = "changed";
    delete again.DOCUMENT_ROOT;
  }
  assertEquals(own, OWN);
  return first;
}

const CASES: Record<string, [pairs: string[], expected: Entries]> = {
  "no variables": [[], [["HOME", "/root"], ["DOCUMENT_ROOT", "/"]]],
  "variables of their own": [
    ["REQUEST_METHOD", "GET", "HTTP_HOST", "h", "HTTP_X", ""],
    [
      ...[["HOME", "/root"], ["DOCUMENT_ROOT", "/"]] as Entries,
      ...[["REQUEST_METHOD", "GET"], ["HTTP_HOST", "h"], [
        "HTTP_X",
        "",
      ]] as Entries,
    ],
  ],
  "headers of a proxy": [
    ["HTTP_X_FORWARDED_FOR", "a", "CONTENT_TYPE", "a/b", "HTTP_ACCEPT", "*"],
    [
      ["HOME", "/root"],
      ["DOCUMENT_ROOT", "/"],
      ["HTTP_X_FORWARDED_FOR", "a"],
      ["CONTENT_TYPE", "a/b"],
      ["HTTP_ACCEPT", "*"],
    ],
  ],
  "variables that the process has too": [
    ["DOCUMENT_ROOT", "/srv", "REQUEST_METHOD", "GET"],
    [["HOME", "/root"], ["DOCUMENT_ROOT", "/srv"], ["REQUEST_METHOD", "GET"]],
  ],
  "names that come twice": [
    ["A", "1", "HTTP_A", "1", "HTTP_COOKIE", "a", "A", "2", "HTTP_A", "2"]
      .concat("HTTP_COOKIE", "b"),
    [
      ...[["HOME", "/root"], ["DOCUMENT_ROOT", "/"], ["A", "2"]] as Entries,
      ...[["HTTP_A", "1, 2"], ["HTTP_COOKIE", "a; b"]] as Entries,
    ],
  ],
  "names that are not wanted": [
    ["HTTP_PROXY", "x", "HTTP_CONTENT_LENGTH", "1", "A", "1"],
    [["HOME", "/root"], ["DOCUMENT_ROOT", "/"], ["A", "1"]],
  ],
  "names that mean something to JavaScript": [
    ["constructor", "1", "toString", "2", "1", "3"],
    [
      ...[["1", "3"], ["HOME", "/root"], ["DOCUMENT_ROOT", "/"]] as Entries,
      ...[["constructor", "1"], ["toString", "2"]] as Entries,
    ],
  ],
};

for (const [what, [pairs, expected]] of Object.entries(CASES)) {
  Deno.test(`variables_of() takes ${what}, whatever came before`, () => {
    assertEquals(entries_of(...pairs), expected);
  });
}

Deno.test("variables_of() makes the same of names in any order, however often they come", () => {
  const next = random(3875);
  const own = { ...OWN };
  const names = ["A", "B", "HTTP_A", "HTTP_B", "HTTP_PROXY", "HOME", "b"]; // More ways to order three than shapes are kept.
  for (let i = 0; i < 20_000; i++) {
    const pairs = Array.from(
      { length: int(next, 0, 3) },
      () => [pick(next, names), String(i)],
    ).flat();
    // What is beside them is new, so that nothing has come before.
    const expected = Object.entries(variables_of(fields_of(pairs), { ...OWN }));
    assertEquals(Object.entries(variables_of(fields_of(pairs), own)), expected);
  }
});

Deno.test("Fields has room for as many as come, and none of those before", () => {
  const fields = new Fields();
  for (const count of [300, 0, 65]) {
    const names = Array.from({ length: count }, (_, i) => `N${i}`);
    const pairs = names.flatMap((name, i) => [name, `${i}`.repeat(i % 3)]);
    fields.begin(pairs.join("="));
    let start = 0;
    for (let i = 0; i < pairs.length; i += 2) {
      const name_end = start + pairs[i]!.length;
      const value_end = name_end + 1 + pairs[i + 1]!.length;
      fields.add(start, name_end, name_end + 1, value_end);
      start = value_end + 1;
    }
    assertEquals(fields.size, count);
    for (const [i, name] of names.entries()) {
      assertEquals(fields.name(i), name);
      assertEquals(fields.value(i), pairs[2 * i + 1]);
      assertEquals(fields.is_named(i, name), true);
      assertEquals(fields.is_named(i, `${name}0`), false);
      assertEquals(fields.is_named(i, name.slice(1)), false);
    }
  }
});
