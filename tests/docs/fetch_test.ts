/** docs/fetch.md quotes what is there. */

import { assert } from "@std/assert";
import { root } from "../support/support.ts";

const page = Deno.readTextFileSync(new URL("docs/fetch.md", root));

Deno.test("docs/fetch.md quotes the examples that it names", () => {
  for (const name of ["static.ts", "middleware_both_ways.ts"]) {
    const example = Deno.readTextFileSync(new URL(`examples/${name}`, root));
    const [, behind = ""] = page.split(`(../examples/${name})`);
    const [, code] = behind.match(/^```ts ignore\n([^]*?)^```$/m)!;
    assert(example.includes(code!), name);
  }
});
