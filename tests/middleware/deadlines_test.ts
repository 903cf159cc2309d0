/** Many that wait, and one timer. */

import { assertEquals } from "@std/assert";
import { Deadlines, type Waiting } from "../../middleware/deadlines.ts";
import { until } from "../support/support.ts";
import { sleep } from "./timed.ts";

Deno.test("Deadlines expire in their order, those alone that still wait", async () => {
  const expired: string[] = [];
  const deadlines = new Deadlines(20);
  const waiting = (name: string): Waiting => ({
    place: 0,
    deadline: 0,
    expire: () => void expired.push(name),
  });
  const [first, second, third, again] = ["first", "second", "third", "again"]
    .map(waiting);
  deadlines.add(first!);
  deadlines.add(second!);
  deadlines.add(again!);
  deadlines.delete(second!);
  await sleep(0.01);
  deadlines.add(third!);
  await until(() => expired.length === 3);
  assertEquals(expired, ["first", "again", "third"]);
  deadlines.add(again!);
  deadlines.delete(again!);
  deadlines.delete(again!);
  await sleep(0.04);
  deadlines.add(again!);
  await until(() => expired.length === 4);
  assertEquals(expired.at(-1), "again");
});
