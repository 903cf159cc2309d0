/** Requests in a row from `wrk`: how many a second a server answers. */

import { assertEquals } from "@std/assert";
import {
  alternate,
  type Contender,
  type Run,
  type Sample,
  type Samples,
} from "./case.ts";
import {
  cpu_time,
  output,
  placed,
  type Server,
  start,
  StartError,
} from "./process.ts";

const CONNECTIONS = 64;

/** How long a server is under load before it is measured, in seconds: V8 drops much of what it has compiled from a process that rests. */
const WARM_UP = 1;

/** A server under load. */
export interface Target {
  url: string;
  /** The process whose CPU time counts. */
  pid: number;
}

/** The servers of a case, ended together by `await using`. */
export interface Servers extends AsyncDisposable {
  started: Record<string, Server>;
}

/** Measures the servers that print their URL, side by side. */
export async function measure_load(
  contenders: Contender[],
  run: Run,
): Promise<Samples> {
  await using servers = await start_all(contenders, run);
  const targets = Object.entries(servers.started).map(
    ([name, { pid, address }]) =>
      [name, { pid, url: `http://${address}/` }] as const,
  );
  return await measure_targets(Object.fromEntries(targets), run);
}

/** Starts all servers; those that are optional are skipped where they cannot be started. */
export async function start_all(
  contenders: Contender[],
  run: Run,
): Promise<Servers> {
  const stack = new AsyncDisposableStack();
  const started: Record<string, Server> = {};
  try {
    for (const { name, command, optional } of contenders) {
      try {
        const placed_command = placed(
          command(run.folder),
          "server",
          run.pinned,
        );
        started[name] = stack.use(await start(placed_command));
      } catch (error) {
        if (!optional || !(error instanceof StartError)) throw error;
        run.skip(name, error.message);
      }
    }
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
  return { started, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Asserts that all answer the same, has each warm up for a round, then measures. */
export async function measure_targets(
  targets: Record<string, Target>,
  run: Run,
): Promise<Samples> {
  const names = Object.keys(targets);
  await assert_same_answers(targets);
  const measure = async (name: string) => {
    await load(targets[name]!, { ...run, seconds: run.warm_up ?? WARM_UP });
    return await load(targets[name]!, run);
  };
  await alternate(names, 1, measure);
  return await alternate(names, run.rounds, measure);
}

async function assert_same_answers(
  targets: Record<string, Target>,
): Promise<void> {
  let first: unknown;
  for (const [name, { url }] of Object.entries(targets)) {
    const response = await fetch(url);
    const answer = [response.status, await response.bytes()];
    assertEquals(answer, first ??= answer, `${name} answers something else`);
  }
}

/** What load.lua prints at the end. */
interface Summary {
  requests: number;
  microseconds: number;
  /** Answers with a status that is an error. */
  statuses: number;
  timeouts: number;
  /** Connections that could not be made or broke. */
  broken: number;
}

/** Puts a server under load for some seconds. */
async function load({ url, pid }: Target, run: Run): Promise<Sample> {
  const command = [
    ...["wrk", "-t", "1", "-c", String(run.connections ?? CONNECTIONS)],
    ...["-d", String(run.seconds), "-s", "bench/load.lua", url],
  ];
  const before = cpu_time(pid);
  const printed = await output(placed(command, "client", run.pinned));
  const cpu = cpu_time(pid) - before;
  const summary: Summary = JSON.parse(printed.match(/^\{.*\}$/m)![0]);
  const { requests, microseconds, statuses, timeouts, broken } = summary;
  if (requests === 0 || statuses + timeouts + broken > 0) {
    throw new Error(`${url} did not answer all requests:\n${printed}`);
  }
  return {
    value: requests / microseconds * 1e6,
    cpu: cpu / requests * 1e6,
  };
}
