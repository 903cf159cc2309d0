/** How messages show the values that they are about. */

import { assertEquals } from "@std/assert";
import { describe } from "../../_internal/text/check.ts";

Deno.test("describe() quotes a string when it is short", () => {
  assertEquals(describe('a "b"\n'), '"a \\"b\\"\\n"');
  assertEquals(describe("x".repeat(200)), `"${"x".repeat(200)}"`);
});

Deno.test("describe() quotes only the beginning of a string when it is long", () => {
  assertEquals(
    describe("x".repeat(5000)),
    `"${"x".repeat(200)}" ... (5000 characters)`,
  );
});
