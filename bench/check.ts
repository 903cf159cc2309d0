/** Compares the last results with the floors: `deno task bench:check` fails where one is missed in every round. */

import type { Verdict } from "./case.ts";
import {
  read_results,
  rows_of,
  table,
  unmeasured,
  warn_of_noise,
} from "./report.ts";

const results = read_results();
warn_of_noise(results);
const rows = rows_of(results);
console.log(`Results of ${results.date}\n\n${table(rows)}`);
for (const name of unmeasured(results)) console.log(`Not measured: ${name}`);
const having = (verdict: Verdict) =>
  rows.filter((row) => row.verdict === verdict).length;
console.log(
  `Floors missed: ${having("missed")}, within the noise: ${having("noise")}`,
);
Deno.exit(having("missed") > 0 ? 1 : 0);
