/** The command as its users have it: a child process, its output, its signals, its exit status. */

import { root, run_script, until } from "./support.ts";

/** The module that is the command. */
export const mod = new URL("mod.ts", root).href;

/** The end of a process. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** The command while it serves; killed at the end of `await using`. */
export interface Running extends AsyncDisposable {
  child: Deno.ChildProcess;
  /** Where it says that it serves: a URL, or what a web server is told. */
  address: string;
  /** The port in that. */
  port: number;
  /** What it has printed so far. */
  printed: { stdout: string; stderr: string };
  /** Waits for its end. */
  ended(): Promise<Ended>;
  /** Sends a signal, and waits for the end. */
  stop(signal?: Deno.Signal): Promise<Ended>;
}

export interface Circumstances {
  bind?: string;
  cwd?: URL | string;
  env?: Record<string, string>;
  /** How many files and connections the process may have open. */
  descriptors?: number;
}

/** Starts the command, and waits until it serves. */
export async function start(
  args: string[],
  { bind = "127.0.0.1:0", cwd = root, env = {}, descriptors }: Circumstances =
    {},
): Promise<Running> {
  const deno = [Deno.execPath(), "run", "-A", "--no-lock", mod];
  const bound = args.some((arg) => arg === "-b" || arg === "--bind")
    ? []
    : ["--bind", bind];
  const limit = descriptors ? `ulimit -n ${descriptors}; ` : "";
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", `${limit}exec "$0" "$@"`, ...deno, ...bound, ...args],
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const printed = { stdout: "", stderr: "" };
  const keep = async (name: "stdout" | "stderr") => {
    for await (const part of child[name].pipeThrough(new TextDecoderStream())) {
      printed[name] += part;
    }
  };
  let running = true;
  const end = Promise.all([child.status, keep("stdout"), keep("stderr")]);
  end.finally(() => running = false);
  const ended = async () => ({ code: (await end)[0].code, ...printed });
  await until(() => !running || printed.stdout.includes("\n"));
  const address = printed.stdout.match(/ at (.+) \(.*\)\n/)?.[1] ?? "";
  if (!address) throw new Error(`${args.join(" ")}: ${printed.stderr}`);
  return {
    child,
    address,
    port: Number(address.match(/:(\d+)\/?$/)?.[1]),
    printed,
    ended,
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return ended();
    },
    async [Symbol.asyncDispose]() {
      if (running) child.kill("SIGKILL");
      await end;
    },
  };
}

/** Runs the command to its end. */
export function run(
  args: string[],
  { cwd = root, env = {}, stdin = "" }: Circumstances & { stdin?: string } = {},
): Promise<Ended> {
  return run_script([mod, ...args], { cwd, env, stdin });
}

/** A folder with files in it; removed by `await using`. */
export interface Folder extends AsyncDisposable {
  path: string;
  /** The URL of a file in it. */
  url(name: string): string;
}

export async function make_folder(
  files: Record<string, string>,
): Promise<Folder> {
  const path = await Deno.realPath(await Deno.makeTempDir());
  for (const [name, content] of Object.entries(files)) {
    await Deno.writeTextFile(`${path}/${name}`, content);
  }
  return {
    path,
    url: (name) => `file://${path}/${encodeURIComponent(name)}`,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** The log, its times left out. */
export function without_times(log: string): string {
  return log.replaceAll(
    /\[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]/g,
    "[time]",
  );
}

/** What the command prints at the first signal. */
export const STOPPING =
  "Stopping: waiting for requests in flight (press Ctrl+C again to stop now)\n";

/** What the command prints when it takes requests. */
export function serving_line(
  application: string,
  address: string,
  how = "HTTP",
): string {
  return `Serving ${application} at ${address} (${how}; press Ctrl+C to stop)\n`;
}

/** Lets a test hold an application: the application fetches its URL, and has to wait until it opens. */
export interface Gate extends AsyncDisposable {
  url: string;
  /** Resolves when the application waits. */
  reached: Promise<void>;
  open(): void;
}

/** Opens a gate that is closed at first. */
export function make_gate(): Gate {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async () => {
      reached.resolve();
      await opened.promise;
      return new Response();
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    reached: reached.promise,
    open: opened.resolve,
    async [Symbol.asyncDispose]() {
      opened.resolve();
      await server.shutdown();
    },
  };
}

/** Applications that wait at the gate whose URL is the query string. */
export const WAITING_APPS = `
const encode = (text) => new TextEncoder().encode(text);
const wait = async (environ) => (await fetch(environ.QUERY_STRING)).text();

export default async (environ, start_response) => {
  await wait(environ);
  start_response("200 OK", []);
  return [encode("whole")];
};

export async function* stream(environ, start_response) {
  start_response("200 OK", []);
  yield encode("first ");
  await wait(environ);
  yield encode("last");
}

export async function echo(environ, start_response) {
  start_response("200 OK", []);
  const parts = [];
  for await (const part of environ["wsgi.input"]) {
    parts.push(part);
    await wait(environ);
  }
  return parts;
}
`;
