/** docs/cli.md says of the options what the parser knows of them. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { OTHERS } from "../cli/help.ts";
import { flag_of, OPTIONS } from "../cli/options.ts";
import { markdown_table } from "./markdown.ts";
import { root } from "./support.ts";

const manual = await Deno.readTextFile(new URL("docs/cli.md", root));

/** A row for each option: how it is written, and what it is when it is not said. */
function options_table(): string {
  const rows = [...Object.entries(OPTIONS), ...OTHERS].map((
    [name, { short, value, default: fallback }],
  ) => {
    const long = `\`${flag_of(name)}${value ? ` ${value}` : ""}\``;
    return [
      short ? `${long}, \`-${short}\`` : long,
      fallback === undefined ? "" : `\`${fallback}\``,
    ];
  });
  return markdown_table([["Option", "Default"], ...rows]);
}

Deno.test("docs/cli.md has a table of all options, as the parser has them", () => {
  assertEquals(manual.match(/^\| Option .*\n(\|.*\n)+/m)?.[0], options_table());
});

Deno.test("docs/cli.md tells about each option under a heading of its own", () => {
  for (
    const name of [
      ...Object.keys(OPTIONS),
      ...OTHERS.map(([name]) => name),
    ]
  ) {
    assertStringIncludes(manual, `\n### \`${flag_of(name)}`);
  }
});
