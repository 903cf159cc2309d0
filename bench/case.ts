/** What a case of the benchmark is made of, and how its rounds are judged. */

/** What was measured of one contender in one round. */
export interface Sample {
  /** In the unit of the case. */
  value: number;
  /** CPU time of the contender for each request, transfer or run, in the CPU unit of the case. */
  cpu?: number;
  /** How much the peak of its memory was above what it had before, in MiB. */
  growth?: number;
}

/** The samples of each contender, round by round. */
export type Samples = Record<string, Sample[]>;

/** A program that is measured. */
export interface Contender {
  name: string;
  /** The command line that starts it, run in the project's folder; `folder` is a temporary one. */
  command(folder: string): string[];
  /** The command line that makes what is started, where it has to be made first. */
  build?(folder: string): string[];
  /** Whether the case goes on without it where it cannot be started. */
  optional?: boolean;
}

/** How a benchmark is run. */
export interface Run {
  rounds: number;
  /** How long a contender is under load in each round. */
  seconds: number;
  /** How long a contender is under load before it is measured, in seconds; 1 where it is not said. */
  warm_up?: number;
  /** How many connections `wrk` has open; 64 where it is not said. */
  connections?: number;
  /** Whether servers and clients have CPUs of their own. */
  pinned: boolean;
  /** A temporary folder. */
  folder: string;
  /** Says which contender is left out of a case, and why. */
  skip(contender: string, reason: string): void;
}

/** How two samples of a round become one number. */
export interface Relation {
  better: "higher" | "lower";
  /** How the two stand in the table. */
  sign: "/" | "-";
  /** What the number is in: `x` for a ratio. */
  unit: string;
  of(sample: Sample, baseline: Sample): number;
}

const quotient = (sample: Sample, baseline: Sample) =>
  sample.value / baseline.value;

/** How many times as fast. */
export const speed: Relation = {
  better: "higher",
  sign: "/",
  unit: "x",
  of: quotient,
};
/** How many times as long. */
export const time: Relation = {
  better: "lower",
  sign: "/",
  unit: "x",
  of: quotient,
};
/** How much longer. */
export const added_time: Relation = {
  better: "lower",
  sign: "-",
  unit: " ms",
  of: (sample, baseline) => sample.value - baseline.value,
};
/** How much more memory. */
export const added_growth: Relation = {
  better: "lower",
  sign: "-",
  unit: " MiB",
  of: (sample, baseline) => sample.growth! - baseline.growth!,
};

/** A row of the table: a contender against another one. */
export interface Comparison {
  contender: string;
  baseline: string;
  relation: Relation;
  /** What is due; a function of the baseline's samples where it depends on them. */
  floor?: number | ((baseline: Sample[]) => number);
  /** What to aim for. */
  goal?: number;
}

/** One thing to measure. */
export interface Case {
  /** What the command line calls it. */
  name: string;
  title: string;
  unit: string;
  cpu_unit?: string;
  contenders: Contender[];
  measure(contenders: Contender[], run: Run): Promise<Samples>;
  comparisons: Comparison[];
}

/** Whether a row reaches its goal or its floor; `noise` if only its best rounds reach the floor. */
export type Verdict = "goal" | "floor" | "noise" | "missed" | "";

/** A row of the table, judged. */
export interface Row {
  case: string;
  /** What is compared: `ours / reader`. */
  compared: string;
  unit: string;
  median: number;
  min: number;
  max: number;
  /** CPU time of the contender by that of the baseline, the median of the rounds. */
  cpu?: number;
  floor?: number;
  goal?: number;
  verdict: Verdict;
}

export function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2
    ? sorted[middle]!
    : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The rows of a case, without those that have a contender that was not measured. */
export function judge(
  { name, comparisons }: Pick<Case, "name" | "comparisons">,
  samples: Samples,
): Row[] {
  return comparisons.flatMap((comparison) => {
    const measured = samples[comparison.contender];
    const baseline = samples[comparison.baseline];
    return measured && baseline
      ? [{ case: name, ...judge_rounds(comparison, measured, baseline) }]
      : [];
  });
}

function judge_rounds(
  comparison: Comparison,
  measured: Sample[],
  baseline: Sample[],
): Omit<Row, "case"> {
  const { relation, floor, goal } = comparison;
  const rounds = measured.map((sample, i) => relation.of(sample, baseline[i]!));
  const cpu = measured.map(({ cpu }, i) => cpu! / baseline[i]!.cpu!);
  const summary = {
    median: median(rounds),
    min: Math.min(...rounds),
    max: Math.max(...rounds),
  };
  const due = typeof floor === "function" ? floor(baseline) : floor;
  return {
    compared: name_of(comparison),
    unit: relation.unit,
    ...summary,
    ...relation === speed && { cpu: median(cpu) },
    ...due !== undefined && { floor: due },
    ...goal !== undefined && { goal },
    verdict: verdict(summary, relation.better, due, goal),
  };
}

/** How the table names a comparison. */
export function name_of({ contender, baseline, relation }: Comparison): string {
  return `${contender} ${relation.sign} ${baseline}`;
}

/** A floor is missed when the best round misses it as well: the spread of the rounds is the noise. */
function verdict(
  { median, min, max }: Pick<Row, "median" | "min" | "max">,
  better: Relation["better"],
  floor: number | undefined,
  goal: number | undefined,
): Verdict {
  const reaches = (value: number, mark: number) =>
    better === "higher" ? value >= mark : value <= mark;
  if (floor === undefined) return "";
  if (goal !== undefined && reaches(median, goal)) return "goal";
  if (reaches(median, floor)) return "floor";
  return reaches(better === "higher" ? max : min, floor) ? "noise" : "missed";
}

/**
 * Measures all contenders once a round, so that what slows the machine down for a while slows each of them down. Each
 * round begins with another one.
 */
export async function alternate(
  contenders: string[],
  rounds: number,
  measure: (contender: string) => Promise<Sample>,
): Promise<Samples> {
  const samples: Samples = Object.fromEntries(
    contenders.map((name) => [name, []]),
  );
  for (let round = 0; round < rounds; round++) {
    const first = round % contenders.length;
    const order = [...contenders.slice(first), ...contenders.slice(0, first)];
    for (const name of order) samples[name]!.push(await measure(name));
  }
  return samples;
}
