/** The code in the pages: what does not run by itself is quoted from an example. */

import { assertEquals } from "@std/assert";
import { all_files, read } from "../support/project.ts";

/** The lines without the blanks that they begin with: a quote stands further to the left than what it quotes. */
function unindented(text: string): string {
  return text.replace(/^ +/gm, "");
}

const examples = all_files
  .filter((path) => path.startsWith("examples/"))
  .map((path) => unindented(read(path)));

/** The code in a page that `deno test --doc` is told to ignore; the rest it checks and runs. */
function ignored_code(page: string): string[] {
  const blocks = read(page)
    .matchAll(/^```(?:ts|js|typescript|javascript) ignore\n([^]*?)^```$/gm);
  return Array.from(blocks, ([, code]) => unindented(code!));
}

for (
  const page of [
    "README.md",
    "docs/deploy.md",
    "docs/middleware.md",
    "docs/protocols.md",
    "docs/python.md",
    "docs/wsgi.md",
  ]
) {
  Deno.test(`${page} quotes the examples where its code does not run by itself`, () => {
    const strange = ignored_code(page)
      .filter((code) => !code.includes("jsr:")) // For a project of one's own: tests/fronts/deployments runs it.
      .filter((code) => !examples.some((example) => example.includes(code)));
    assertEquals(strange, []);
  });
}
