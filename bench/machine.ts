/** What the numbers depend on: the machine and the versions. */

import config from "../deno.json" with { type: "json" };
import { stat_fields, TICKS } from "./process.ts";

/** Where and with what a benchmark was run. */
export interface Machine {
  cpu: string;
  cpus: number;
  memory: string;
  kernel: string;
  versions: Record<string, string>;
}

/** How each program says its version. */
const PROGRAMS: Record<string, string[]> = {
  python: ["/usr/bin/python3", "--version"],
  uwsgi: ["uwsgi", "--version"],
  gunicorn: ["gunicorn", "--version"],
  waitress: version_of_module("waitress"),
  cheroot: version_of_module("cheroot"),
  nginx: ["nginx", "-v"],
  wrk: ["wrk", "-v"],
  curl: ["curl", "--version"],
};

function version_of_module(name: string): string[] {
  const program = `import importlib.metadata as m; print(m.version("${name}"))`;
  return ["/usr/bin/python3", "-c", program];
}

/** Describes this machine. */
export function describe_machine(): Machine {
  const { total } = Deno.systemMemoryInfo();
  return {
    cpu: Deno.readTextFileSync("/proc/cpuinfo")
      .match(/^model name\s*: (.+)$/m)?.[1] ?? Deno.build.arch,
    cpus: navigator.hardwareConcurrency,
    memory: `${Math.round(total / 2 ** 30)} GiB`,
    kernel: `Linux ${Deno.osRelease()}`,
    versions: versions(),
  };
}

function versions(): Record<string, string> {
  const found: Record<string, string> = {
    [config.name]: config.version,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
  };
  for (const [name, command] of Object.entries(PROGRAMS)) {
    const version = printed_version(command);
    if (version) found[name] = version;
  }
  return found;
}

/** The first number with a dot in what a program prints; null where there is no such program. */
function printed_version([program, ...args]: string[]): string | null {
  try {
    const { stdout, stderr } = new Deno.Command(program!, { args })
      .outputSync();
    const decoder = new TextDecoder();
    const text = decoder.decode(stdout) + decoder.decode(stderr);
    return text.match(/\d+(\.\d+)+/)?.[0] ?? null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/**
 * Begins to watch what others do on this machine.
 *
 * @returns A function that says how many CPUs they kept busy since, on average: all work less that of this process and
 * of its children that have ended.
 */
export function watch_others(): () => number {
  const start = performance.now();
  const before = ticks_of_others();
  return () => {
    const seconds = (performance.now() - start) / 1000;
    return Math.max(0, (ticks_of_others() - before) / TICKS / seconds);
  };
}

function ticks_of_others(): number {
  const sum = (ticks: string[]) => ticks.map(Number).reduce((a, b) => a + b);
  // User, nice and system. What the kernel does beside, for the network for one, is no process's.
  const all = Deno.readTextFileSync("/proc/stat").split(/ +/, 4).slice(1);
  return sum(all) - sum(stat_fields("self").slice(11, 15));
}
