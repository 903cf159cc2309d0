/** README.md: one page, and true. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { read_results, rows_of } from "../../bench/report.ts";
import { start } from "../support/command.ts";
import { read } from "../support/project.ts";
import { bytes } from "../support/support.ts";

const readme = read("README.md");

Deno.test("README.md is one page: it has at most 8 KB", () => {
  assert(bytes(readme).length <= 8192);
});

Deno.test("README.md shows what the command prints", async () => {
  await using command = await start([]);
  const printed = command.printed.stdout.replaceAll(
    `:${command.port}`,
    ":8000",
  );
  assertStringIncludes(readme, `\`\`\`\n${printed}\`\`\`\n`);
});

Deno.test("README.md has the figures of the last results", () => {
  const rows = rows_of(read_results());
  const times = (compared: string, digits: number): string => {
    const row = rows.find((row) =>
      row.case === "small" && row.compared === compared
    );
    return row!.median.toFixed(digits);
  };
  const sentence = readme.replaceAll("\n", " ");
  for (
    const [figure, behind] of [
      [times("ours / CPython wsgiref", 1), "times wsgiref"],
      [times("ours / uwsgi", 1), "times uWSGI"],
      [times("ours / bare Deno.serve", 2), "of a `Deno.serve`"],
    ]
  ) {
    assertEquals(sentence.match(`[\\d.]+(?= ${behind})`)?.[0], figure);
  }
});
