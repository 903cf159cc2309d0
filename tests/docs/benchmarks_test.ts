/** What docs/benchmarks.md says of the benchmark. */

import { assertEquals } from "@std/assert";
import { read_results, rows_of, table } from "../../bench/report.ts";
import { plot, plot_file, THEMES } from "../../tools/plot.ts";
import { root } from "../support/support.ts";

Deno.test("docs/benchmarks.md has the table of the last results, their date and their machine", async () => {
  const results = read_results();
  const page = await Deno.readTextFile(new URL("docs/benchmarks.md", root));
  const rows = page.match(/^\|.*\n/gm) ?? [];
  assertEquals(rows.join(""), table(rows_of(results)));
  const { cpu, cpus, memory } = results.machine;
  for (const fact of [results.date.slice(0, 10), cpu, cpus, memory]) {
    assertEquals(page.includes(String(fact)), true, String(fact));
  }
});

Deno.test("the plot of README is that of the last results", async () => {
  const results = read_results();
  for (const theme of THEMES) {
    const drawn = await Deno.readTextFile(plot_file(theme));
    assertEquals(drawn, plot(results, theme));
  }
});
