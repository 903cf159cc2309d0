/** The benchmark: `deno task bench [CASE...] [--rounds N] [--seconds S] [--pinned]`. */

import { parseArgs } from "node:util";
import type { Case, Run, Samples } from "./case.ts";
import { cases } from "./cases.ts";
import { describe_machine, watch_others } from "./machine.ts";
import {
  type Results,
  rows_of,
  summary,
  table,
  warn_of_noise,
  write_results,
} from "./report.ts";

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "7" },
    seconds: { type: "string", default: "2" },
    pinned: { type: "boolean", default: false },
  },
});

const results: Results = {
  date: new Date().toISOString(),
  machine: describe_machine(),
  rounds: positive("rounds"),
  seconds: positive("seconds"),
  pinned: values.pinned && await has_taskset(),
  others: 0,
  skipped: [],
  samples: {},
};
const chosen = choose(positionals);
const folder = await Deno.makeTempDir({ prefix: "bench_" });
const others = watch_others();
try {
  for (const one of chosen) results.samples[one.name] = await measure(one);
} finally {
  await Deno.remove(folder, { recursive: true });
  results.others = others();
  warn_of_noise(results);
  console.log(`\n${table(rows_of(results))}`);
}
if (chosen.length === cases.length) {
  console.log(`Written to ${await write_results(results)}.`);
}

function positive(name: "rounds" | "seconds"): number {
  const number = Number(values[name]);
  if (Number.isInteger(number) && number > 0) return number;
  throw new RangeError(
    `--${name} takes a positive integer, got ${values[name]}`,
  );
}

/** The cases of these names, every one if there are none. */
function choose(names: string[]): Case[] {
  const known = cases.map(({ name }) => name);
  for (const name of names) {
    if (known.includes(name)) continue;
    throw new RangeError(`the cases are ${known.join(", ")}, got ${name}`);
  }
  return cases.filter(({ name }) => !names.length || names.includes(name));
}

/** Whether servers and clients can have CPUs of their own. */
async function has_taskset(): Promise<boolean> {
  if (navigator.hardwareConcurrency < 2) return false;
  try {
    await new Deno.Command("taskset", { args: ["--version"] }).output();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function measure(one: Case): Promise<Samples> {
  console.error(`${one.name}: ${one.title}`);
  const { rounds, seconds, pinned, skipped } = results;
  const run: Run = {
    rounds,
    seconds,
    pinned,
    folder,
    skip(contender, reason) {
      skipped.push({ case: one.name, contender, reason });
      console.error(`  ${contender} is skipped: ${reason}`);
    },
  };
  const samples = await one.measure(one.contenders, run);
  console.error(summary(one, samples));
  return samples;
}
