/**
 * Applications of Python: this package against gunicorn with one worker on CPython, which start takes how long, and what
 * a process needs. `deno task bench:python [ROUNDS]`.
 */

import { PACKAGES } from "../tests/python/support.ts";
import { type Contender, median, type Sample } from "./case.ts";
import { measure_load } from "./load.ts";
import { describe_machine, watch_others } from "./machine.ts";
import { cpu_time, memory, output, start } from "./process.ts";

/** What is measured: a module in `contenders/`, its application, and the floor and the goal of its rate. */
const APPLICATIONS = [
  { module: "application", name: "small", floor: 1.5, goal: 2 },
  { module: "flask_app", name: "application", floor: 0.5, goal: 0.8 },
  { module: "django_app", name: "application", floor: 0.5, goal: 0.8 },
];

const HERE = "bench/contenders";
const OURS = "ours";
const GUNICORN = "gunicorn";
const PYTHONPATH = `--pythonpath=${PACKAGES}`;

function ours(application: string, ...options: string[]): string[] {
  return [
    ...["deno", "run", "-A", "mod.ts", "--bind", "127.0.0.1:0"],
    ...["--access-logfile", "none", PYTHONPATH, "--chdir", HERE, ...options],
    application,
  ];
}

function contenders(application: string): Contender[] {
  const gunicorn = [
    ...["gunicorn", "--chdir", HERE, "--bind", "127.0.0.1:0", PYTHONPATH],
    application,
  ];
  return [
    { name: OURS, command: () => ours(application) },
    { name: GUNICORN, command: () => gunicorn },
  ];
}

/** How often each contender takes its turn. */
const ROUNDS = 5;

const PARTS: Record<string, () => Promise<void>> = {
  rates: measure_rates,
  start: measure_start,
  memory: measure_memory,
};
const chosen = Deno.args.length ? Deno.args : Object.keys(PARTS);
const deno_folder: string =
  JSON.parse(await output(["deno", "info", "--json"])).denoDir;
const folder = await Deno.makeTempDir({ prefix: "bench_" });
const others = watch_others();
try {
  for (const name of chosen) await PARTS[name]!();
} finally {
  await Deno.remove(folder, { recursive: true });
  const { cpus, cpu, versions } = describe_machine();
  console.log(
    `\n${cpus} CPUs (${cpu}), of which others kept ${
      others().toFixed(2)
    } busy; CPython ${versions.python}, gunicorn ${versions.gunicorn}.`,
  );
}

async function measure_rates(): Promise<void> {
  console.log(
    "| application | ours / gunicorn | CPU of ours | CPU of gunicorn | CPU | floor | goal |\n" +
      "| ----------- | --------------- | ----------- | --------------- | --- | ----- | ---- |",
  );
  for (const { module, name, floor, goal } of APPLICATIONS) {
    const samples = await measure_load(contenders(`${module}:${name}`), {
      rounds: ROUNDS,
      seconds: 4,
      connections: 8,
      // V8 compiles WebAssembly a second time while it runs.
      warm_up: 4,
      pinned: false,
      folder,
      skip(contender, reason) {
        throw new Error(`${contender}: ${reason}`);
      },
    });
    const of = (get: (ours: Sample, theirs: Sample) => number) =>
      median(
        samples[OURS]!.map((sample, i) => get(sample, samples[GUNICORN]![i]!)),
      );
    const cells = [
      module,
      times(of((ours, theirs) => ours.value / theirs.value)),
      `${of((ours) => ours.cpu!).toFixed(0)} µs`,
      `${of((_, theirs) => theirs.cpu!).toFixed(0)} µs`,
      // How many times as many requests the same CPU time is enough for.
      times(of((ours, theirs) => theirs.cpu! / ours.cpu!)),
      times(floor),
      times(goal),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}

function times(factor: number): string {
  return `${factor.toFixed(2)}x`;
}

/** A command with a cache of its own, of Python and not of Deno. */
function with_cache(cache: string, command: string[]): string[] {
  return [
    "env",
    `XDG_CACHE_HOME=${cache}`,
    `DENO_DIR=${deno_folder}`,
    ...command,
  ];
}

/** The time and the CPU time until a server has answered its first request. */
async function first_answer(cache: string, module: string) {
  const before = performance.now();
  await using server = await start(with_cache(cache, ours(module)));
  await (await fetch(`http://${server.address}/`)).text();
  return {
    milliseconds: performance.now() - before,
    cpu: cpu_time(server.pid) * 1000,
  };
}

async function measure_start(): Promise<void> {
  console.log("\n| first answer | cache | time | CPU time |");
  console.log("| ------------ | ----- | ---- | -------- |");
  for (const { module, name } of APPLICATIONS) {
    const application = `${module}:${name}`;
    const cache = `${folder}/${module}`;
    const show = (kind: string, one: { milliseconds: number; cpu: number }) =>
      console.log(
        `| ${module} | ${kind} | ${(one.milliseconds / 1000).toFixed(2)} s | ${
          (one.cpu / 1000).toFixed(2)
        } s |`,
      );
    // While nothing is there the cache is made at the same time, which costs more than the start.
    show("none", await first_answer("/proc/nowhere", application));
    await fill(cache);
    await first_answer(cache, application);
    const samples = [];
    for (let i = 0; i < ROUNDS; i++) {
      samples.push(await first_answer(cache, application));
    }
    show("warm", {
      milliseconds: median(samples.map(({ milliseconds }) => milliseconds)),
      cpu: median(samples.map(({ cpu }) => cpu)),
    });
  }
}

/** Waits until a process has filled the cache. */
async function fill(cache: string): Promise<void> {
  await using _server = await start(
    with_cache(cache, ours("application:small")),
  );
  const is_full = () =>
    Array.from(Deno.readDirSync(`${cache}/tsgi`)).some(({ name }) =>
      Array.from(Deno.readDirSync(`${cache}/tsgi/${name}`))
        .some(({ name }) => name === "snapshot.bin")
    );
  while (!is_full()) await new Promise((resolve) => setTimeout(resolve, 200));
}

async function measure_memory(): Promise<void> {
  console.log("\n| memory, idle | one process | each of two workers |");
  console.log("| ------------ | ----------- | ------------------- |");
  for (const { module, name } of APPLICATIONS) {
    const application = `${module}:${name}`;
    await using server = await start(ours(application));
    await (await fetch(`http://${server.address}/`)).text();
    const alone = memory(server.pid).now;
    await using supervisor = await start(ours(application, "--workers", "2"));
    const children = Deno.readTextFileSync(
      `/proc/${supervisor.pid}/task/${supervisor.pid}/children`,
    ).trim().split(" ").map(Number);
    await (await fetch(`http://${supervisor.address}/`)).text();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const workers = children.map((pid) => memory(pid).now);
    console.log(
      `| ${module} | ${alone.toFixed(0)} MiB | ${
        median(workers).toFixed(0)
      } MiB |`,
    );
  }
}
