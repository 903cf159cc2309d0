/** Which functions are known to look at nothing that they are given. */

import { assertEquals } from "@std/assert";
import { takes_nothing } from "../../_internal/takes_nothing.ts";

Deno.test("takes_nothing() tells a function without parameters", () => {
  class Logging {
    silent() {}
    counting() {
      return (() => 1)();
    }
    with_default(_size: number | string = "-") {}
    with_rest(..._args: unknown[]) {}
    with_one(_size: number) {}
    with_arguments() {
      return arguments.length;
    }
  }
  const it = new Logging();
  const found = Object.getOwnPropertyNames(Logging.prototype).slice(1)
    .map((name) => [name, takes_nothing(it[name as keyof Logging])]);
  assertEquals(Object.fromEntries(found), {
    silent: true,
    counting: true,
    with_default: false,
    with_rest: false,
    with_one: false,
    with_arguments: false,
  });
  assertEquals(takes_nothing(() => {}), true);
  assertEquals(takes_nothing((a = 1) => void a), false);
  assertEquals(takes_nothing(it.with_default.bind(it)), false);
});
