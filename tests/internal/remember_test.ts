/** The caches of what is the same for every request. */

import { assertEquals, assertThrows } from "@std/assert";
import { remember, RememberedSeries } from "../../_internal/remember.ts";

const LONG = "k".repeat(65);

/** A function that returns its key in upper case, and the keys that it was called with. */
function upper(): { make: (key: string) => string; made: string[] } {
  const made: string[] = [];
  const make = (key: string) => {
    made.push(key);
    return key.toUpperCase();
  };
  return { make, made };
}

Deno.test("remember() makes a result once for each key", () => {
  const { make, made } = upper();
  const find = remember(make);
  for (const key of ["a", "a", "b", "a", "", "", "b"]) {
    assertEquals(find(key), key.toUpperCase());
  }
  assertEquals(made, ["a", "b", ""]);
});

Deno.test("remember() keeps no long key, and no more than 1,024", () => {
  const { make, made } = upper();
  const find = remember(make);
  for (let turn = 0; turn < 2; turn++) find(LONG);
  assertEquals(made.splice(0), [LONG, LONG]);
  for (let turn = 0; turn < 2; turn++) {
    for (let i = 0; i < 1025; i++) find(`${i}`);
  }
  assertEquals(made.splice(1025), ["1024"]);
});

Deno.test("remember() does not keep an error, nor what comes after it for it", () => {
  let calls = 0;
  const find = remember((key) => {
    if (calls++ === 0) throw new Error(key);
    return key;
  });
  assertThrows(() => find("a"), Error, "a");
  assertEquals([find("a"), find("a"), calls], ["a", "a", 2]);
});

/** What a series of keys results in. */
function results(
  series: RememberedSeries<string>,
  keys: readonly string[],
): string[] {
  let entry: ReturnType<typeof series.after> | null = null;
  return keys.map((key) => (entry = series.after(entry, key)).result);
}

Deno.test("RememberedSeries has the result of a key, whatever came before it", () => {
  const { make, made } = upper();
  const series = new RememberedSeries(make);
  const orders = ["abc", "abc", "ac", "cab", "b", "aab", "", "bca", "abc"];
  for (const order of orders) {
    const keys = [...order];
    assertEquals(results(series, keys).join(""), order.toUpperCase());
  }
  assertEquals(made, ["a", "b", "c"]);
});

Deno.test("RememberedSeries keeps no long key, and no more than 1,024", () => {
  const { make, made } = upper();
  const series = new RememberedSeries(make);
  for (let turn = 0; turn < 2; turn++) results(series, ["a", LONG, "b"]);
  assertEquals(made.splice(0), ["a", LONG, "b", LONG]);
  const keys = Array.from({ length: 1023 }, (_, i) => `${i}`);
  for (let turn = 0; turn < 2; turn++) results(series, keys);
  assertEquals(made.splice(1022), ["1022", "1022"]);
});
