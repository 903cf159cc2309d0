/** What README.md says of the benchmark. */

import { assertEquals } from "@std/assert";
import { read_results, rows_of, table } from "../bench/report.ts";
import { root } from "./support/support.ts";

Deno.test("README.md has the table of the last results, their date and their machine", async () => {
  const results = read_results();
  const readme = await Deno.readTextFile(new URL("README.md", root));
  const [section] = readme.match(/^## Speed\n[^]*?(?=^## )/m)!;
  const rows = section!.match(/^\|.*\n/gm) ?? [];
  assertEquals(rows.join(""), table(rows_of(results)));
  const { cpu, cpus, memory } = results.machine;
  for (const fact of [results.date.slice(0, 10), cpu, cpus, memory]) {
    assertEquals(section!.includes(String(fact)), true, String(fact));
  }
});
