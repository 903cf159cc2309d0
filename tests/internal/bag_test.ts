import { assertEquals, assertStrictEquals } from "@std/assert";
import { Bag } from "../../_internal/bag.ts";

const make = (name: string) => ({ name, place: 0 });

/** The names of what is in a bag, sorted. */
function names(bag: Bag<ReturnType<typeof make>>): string {
  return Array.from(bag, ({ name }) => name).sort().join("");
}

Deno.test("a bag holds what was put in, until it is taken out", () => {
  const bag = new Bag<ReturnType<typeof make>>();
  const [a, b, c, d] = ["a", "b", "c", "d"].map(make);
  for (const item of [a!, b!, c!]) bag.add(item);
  assertEquals([names(bag), bag.size], ["abc", 3]);
  assertEquals(bag.delete(a!), true);
  assertEquals([names(bag), bag.size], ["bc", 2]);
  for (const item of [a!, d!]) assertEquals(bag.delete(item), false);
  assertStrictEquals(bag.find(({ name }) => name === "c"), c);
  assertEquals(bag.find(({ name }) => name === "a"), undefined);
  assertEquals([names(bag), bag.size], ["bc", 2]);
  bag.add(a!);
  for (const item of [b!, c!, a!]) assertEquals(bag.delete(item), true);
  assertEquals([names(bag), bag.size], ["", 0]);
  assertEquals(bag.delete(a!), false);
});

Deno.test("a bag is iterated as it was at the beginning", () => {
  const bag = new Bag<ReturnType<typeof make>>();
  for (const name of "abc") bag.add(make(name));
  let seen = "";
  for (const item of bag) {
    seen += item.name;
    bag.delete(item);
    bag.add(make("d"));
  }
  assertEquals([seen, names(bag)], ["abc", "ddd"]);
  bag.clear();
  assertEquals([names(bag), bag.size], ["", 0]);
});
