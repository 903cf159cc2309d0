/** docs/fetch.md quotes what is there, and links to it. */

import { assert } from "@std/assert";
import { root } from "./support/support.ts";

const page = Deno.readTextFileSync(new URL("docs/fetch.md", root));

Deno.test("docs/fetch.md quotes the examples that it names", () => {
  for (const name of ["static.ts", "middleware_both_ways.ts"]) {
    const example = Deno.readTextFileSync(new URL(`examples/${name}`, root));
    const [, behind = ""] = page.split(`(../examples/${name})`);
    const [, code] = behind.match(/^```ts ignore\n([^]*?)^```$/m)!;
    assert(example.includes(code!), name);
  }
});

Deno.test("docs/fetch.md links to what is there", () => {
  for (const [, target] of page.matchAll(/\]\(([^)]+)\)/g)) {
    if (target!.startsWith("https:")) continue;
    const [path, anchor] = target!.split("#");
    const url = new URL(path || "fetch.md", `${root}docs/`);
    Deno.statSync(url);
    if (!anchor) continue;
    const headings = Deno.readTextFileSync(url).matchAll(/^#+ (.+)$/gm);
    const anchors = Array.from(
      headings,
      ([, heading]) =>
        heading!.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-"),
    );
    assert(anchors.includes(anchor), target);
  }
});
