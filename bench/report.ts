/** The results of a benchmark: as a table, and as a file. */

import {
  type Case,
  judge,
  median,
  name_of,
  type Row,
  type Samples,
  type Verdict,
} from "./case.ts";
import { cases } from "./cases.ts";
import type { Machine } from "./machine.ts";

/** What a file in `results/` holds. */
export interface Results {
  /** When it was begun, as ISO 8601 has it. */
  date: string;
  machine: Machine;
  rounds: number;
  seconds: number;
  pinned: boolean;
  /** How many CPUs others kept busy meanwhile, on average. */
  others: number;
  /** The contenders that could not be measured, by case. */
  skipped: { case: string; contender: string; reason: string }[];
  /** What was measured, by case. */
  samples: Record<string, Samples>;
}

const FOLDER = new URL("results/", import.meta.url);

/** The rows of the table, judged by the floors as they are now. */
export function rows_of({ samples }: Pick<Results, "samples">): Row[] {
  return cases.flatMap((one) => judge(one, samples[one.name] ?? {}));
}

/** The comparisons that have a floor and were not measured. */
export function unmeasured({ samples }: Pick<Results, "samples">): string[] {
  return cases.flatMap(({ name, comparisons }) =>
    comparisons.filter(({ contender, baseline, floor }) =>
      floor !== undefined &&
      !(samples[name]?.[contender] && samples[name][baseline])
    ).map((comparison) => `${name}: ${name_of(comparison)}`)
  );
}

/** Writes the file of the day, over an earlier one. */
export async function write_results(results: Results): Promise<string> {
  await Deno.mkdir(FOLDER, { recursive: true });
  const name = `${results.date.slice(0, "2026-11-21".length)}.json`;
  const rows = rows_of(results);
  await Deno.writeTextFile(
    new URL(name, FOLDER),
    `${JSON.stringify({ ...results, rows }, round, 2)}\n`,
  );
  return `bench/results/${name}`;
}

/** Four digits say more than such a measurement can. */
function round(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value)
    ? Number(value.toPrecision(4))
    : value;
}

/** The last results. */
export function read_results(): Results {
  const names = Array.from(Deno.readDirSync(FOLDER), ({ name }) => name)
    .filter((name) => name.endsWith(".json")).sort();
  const last = names.at(-1);
  if (!last) throw new Error("there are no results: run deno task bench");
  return JSON.parse(Deno.readTextFileSync(new URL(last, FOLDER)));
}

/** Says so if others were at work on the machine: they make more noise than the rounds can show. */
export function warn_of_noise({ others }: Results): void {
  if (others < 0.1) return;
  console.error(`Others kept ${digits(others)} CPUs busy meanwhile.`);
}

const VERDICTS: Record<Verdict, string> = {
  goal: "goal",
  floor: "floor",
  noise: "floor within noise",
  missed: "MISSED",
  "": "",
};

/** The table of ratios: median, minimum and maximum over the rounds. */
export function table(rows: Row[]): string {
  const header = [
    "case",
    "compared",
    "median",
    "min - max",
    "CPU",
    "floor",
    "goal",
    "reached",
  ];
  const cells = rows.map((row) => {
    const format = (value?: number) =>
      value === undefined ? "" : `${digits(value)}${row.unit}`;
    return [
      row.case,
      row.compared,
      format(row.median),
      `${digits(row.min)} - ${digits(row.max)}`,
      row.cpu === undefined ? "" : `${digits(row.cpu)}x`,
      format(row.floor),
      format(row.goal),
      VERDICTS[row.verdict],
    ];
  });
  return align([header, header.map(() => ""), ...cells]);
}

function align(rows: string[][]): string {
  const widths = rows[0]!.map((_, column) =>
    Math.max(...rows.map((row) => row[column]!.length))
  );
  return rows.map((row, i) =>
    `| ${
      row.map((cell, column) =>
        cell.padEnd(widths[column]!, i === 1 ? "-" : " ")
      ).join(" | ")
    } |\n`
  ).join("");
}

/** What each contender of a case did, the median of its rounds. */
export function summary({ unit, cpu_unit }: Case, samples: Samples): string {
  return Object.entries(samples).map(([name, rounds]) => {
    const value = median(rounds.map(({ value }) => value));
    const cpu = median(rounds.map(({ cpu }) => cpu ?? 0));
    const growth = median(rounds.map(({ growth }) => growth ?? 0));
    return `  ${name.padEnd(20)}${digits(value).padStart(8)} ${unit}` +
      (cpu ? `${digits(cpu).padStart(8)} ${cpu_unit} of CPU` : "") +
      (growth ? `${digits(growth).padStart(8)} MiB of growth` : "");
  }).join("\n");
}

/** Two decimals below ten, one below a hundred, none above. */
function digits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0);
}
