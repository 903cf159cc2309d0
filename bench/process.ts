/** Child processes: started, measured by what `/proc` says of them, stopped by their own id. */

import { root } from "../tests/support/support.ts";

/** Where a process runs when the CPUs are shared out: clients on the last, servers on all others. */
export type Role = "server" | "client";

/** A command line that keeps a process to the CPUs of its role. */
export function placed(
  command: string[],
  role: Role,
  pinned: boolean,
): string[] {
  if (!pinned) return command;
  const last = navigator.hardwareConcurrency - 1;
  const cpus = role === "server" ? `0-${last - 1}` : String(last);
  return ["taskset", "-c", cpus, ...command];
}

/** No colours to be matched, no files beside the scripts. */
const ENVIRON = { NO_COLOR: "1", PYTHONDONTWRITEBYTECODE: "1" };

/** A process that cannot be started. */
export class StartError extends Error {
  override name = "StartError";
}

/** A server that runs as a child process; ended by `await using`. */
export interface Server extends AsyncDisposable {
  pid: number;
  /** What `ready` found in its output: its address. */
  address: string;
}

/** What servers print when they listen: a URL, or, as uWSGI does, an address alone; the path of a Unix socket. */
const ADDRESS = /(?:http:\/\/|TCP address )(127\.0\.0\.1:\d+)|at unix:(\S+)/;

/** How long a server may take to end, in milliseconds. */
const PATIENCE = 5000;

/** How long it may take to listen. */
const START_PATIENCE = 60_000;

/**
 * Starts a server and waits until it has printed what `ready` matches.
 *
 * @throws {StartError} If it ends before that or takes too long, or if there is no such program.
 */
export async function start(
  command: string[],
  ready: RegExp = ADDRESS,
): Promise<Server> {
  const child = spawn(command);
  const output = new Output();
  const read = Promise.all(
    [child.stdout, child.stderr].map((stream) => output.take(stream)),
  );
  const timer = setTimeout(() => child.kill("SIGKILL"), START_PATIENCE);
  const match = await Promise.race([output.find(ready), read.then(() => null)]);
  clearTimeout(timer);
  if (!match) {
    await child.status;
    throw new StartError(`${command.join(" ")}: ${output.text.trim()}`);
  }
  return {
    pid: child.pid,
    address: match.slice(1).find((group) => group !== undefined) ?? "",
    async [Symbol.asyncDispose]() {
      await stop(child);
      await read;
    },
  };
}

/** Servers with children of their own end those when they are asked to end, and only then. */
async function stop(child: Deno.ChildProcess): Promise<void> {
  let ended = false;
  const status = child.status.finally(() => ended = true);
  const signal = (name: Deno.Signal) => {
    if (!ended) child.kill(name);
  };
  signal("SIGTERM");
  const timer = setTimeout(() => signal("SIGKILL"), PATIENCE);
  await status;
  clearTimeout(timer);
}

function spawn(command: string[]) {
  const [program, ...args] = command as [string, ...string[]];
  try {
    return new Deno.Command(program, {
      args,
      cwd: root,
      env: ENVIRON,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    throw new StartError((error as Error).message);
  }
}

/** What a process prints. */
class Output {
  text = "";
  #changed = () => {};

  async take(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      this.text += part;
      this.#changed();
    }
  }

  find(pattern: RegExp): Promise<RegExpMatchArray> {
    return new Promise((resolve) => {
      this.#changed = () => {
        const match = this.text.match(pattern);
        if (match) resolve(match);
      };
    });
  }
}

/**
 * Runs a command to its end and gives what it printed.
 *
 * @throws {Error} If it fails.
 */
export async function output(
  command: string[],
  env: Record<string, string> = {},
): Promise<string> {
  const [program, ...args] = command as [string, ...string[]];
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd: root,
    env: { ...ENVIRON, ...env },
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (success) return text;
  const errors = new TextDecoder().decode(stderr);
  throw new Error(`${command.join(" ")} failed: ${text}${errors}`);
}

/** The clock of `/proc` ticks a hundred times a second on every Linux. */
export const TICKS = 100;

/**
 * What `/proc/PID/stat` says behind the name of the program, which may hold spaces: utime, stime, and the same of the
 * children that have ended, are 11 to 14.
 */
export function stat_fields(pid: number | "self"): string[] {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** The CPU time that a process and its children have taken so far, in seconds. */
export function cpu_time(pid: number): number {
  const [utime, stime] = stat_fields(pid).slice(11).map(Number);
  const own = (utime! + stime!) / TICKS;
  const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`);
  return children.split(" ").filter(Boolean).map(Number)
    .reduce((sum, child) => sum + cpu_time(child), own);
}

/** The most memory that a process has had, and what it has now, in MiB. */
export function memory(pid: number): { peak: number; now: number } {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const field = (name: string) =>
    Number(status.match(new RegExp(`${name}:\\s+(\\d+) kB`))![1]) / 1024;
  return { peak: field("VmHWM"), now: field("VmRSS") };
}
