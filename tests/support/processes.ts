/** What the tests of the command's processes share: applications that tell their process, gates for many, loads of requests. */

import { until } from "./support.ts";

/**
 * Applications that tell the process: `default` answers with its id and the name of this generation; `slow` sends
 * them as the first block and waits before the second for the gate of its query string, if it has one; `late` waits before its answer;
 * `echo` has the body of the request behind them.
 */
export function telling_apps(generation = "1"): string {
  return `
const encode = (text) => new TextEncoder().encode(text);
const me = \`\${Deno.pid} ${generation}\`;
const wait = async ({ QUERY_STRING: gate }) => {
  if (gate) await (await fetch(gate)).text();
};

export default (_environ, start_response) => {
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [encode(me)];
};

export async function* slow(environ, start_response) {
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  yield encode(me);
  await wait(environ);
  yield encode(" whole");
}

export async function late(environ, start_response) {
  await wait(environ);
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [encode(me + " whole")];
}

export async function echo(environ, start_response) {
  const body = await new Response(environ["wsgi.input"]).text();
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [encode(me + " " + body)];
}
`;
}

/** A gate at which many requests wait: like that of `make_gate`, and it counts them. */
export interface WideGate extends AsyncDisposable {
  url: string;
  /** How many have come to it. */
  count(): number;
  open(): void;
}

/** Opens a gate that is closed at first. */
export function make_wide_gate(): WideGate {
  const opened = Promise.withResolvers<void>();
  let count = 0;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async () => {
      count++;
      await opened.promise;
      return new Response();
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    count: () => count,
    open: opened.resolve,
    async [Symbol.asyncDispose]() {
      opened.resolve();
      await server.shutdown();
    },
  };
}

/** Sends a GET over a connection of its own, and gives the body. */
export async function ask(port: number, target = "/"): Promise<string> {
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const response = await fetch(`http://127.0.0.1:${port}${target}`, { client });
  return await response.text();
}

/** Asks until so many processes have answered at a port; gives their ids. */
export async function find_workers(
  port: number,
  count: number,
): Promise<Set<number>> {
  const pids = new Set<number>();
  while (pids.size < count) {
    pids.add(parseInt(await ask(port)));
  }
  return pids;
}

/** Asks until an answer ends in a text; gives the id of the process that it came from. */
export async function until_answered(
  port: number,
  text = "",
): Promise<number> {
  while (true) {
    const answer = await ask(port).catch(() => "");
    if (answer && answer.endsWith(text)) return parseInt(answer);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A port that nobody listens at. */
export function free_port(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Whether a process runs. */
export function is_running(pid: number): boolean {
  try {
    // A process that has ended, and that nobody has asked for its status yet, is a zombie.
    return !/^State:\tZ/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

/** Whether a process listens at a port of 127.0.0.1. */
export function is_listening(pid: number, port: number): boolean {
  const address = `0100007F:${
    port.toString(16).toUpperCase().padStart(4, "0")
  }`;
  const sockets = Deno.readTextFileSync("/proc/net/tcp").split("\n")
    .map((line) => line.trim().split(/ +/))
    .filter(([, local, , state]) => local === address && state === "0A")
    .map((fields) => `socket:[${fields[9]}]`);
  const folder = `/proc/${pid}/fd`;
  return Array.from(Deno.readDirSync(folder)).some(({ name }) => {
    try {
      return sockets.includes(Deno.readLinkSync(`${folder}/${name}`));
    } catch {
      return false; // It has been closed meanwhile.
    }
  });
}

/** What was printed, less what Deno says of the debugger that it opens at SIGUSR1, which it does some time after its start. */
export function without_debugger(stderr: string): string {
  return stderr.replace(
    /^(Debugger listening on|Visit chrome:|Failed to start inspector).*\n/gm,
    "",
  );
}

/** Waits for the end of processes. */
export async function until_ended(pids: Iterable<number>): Promise<void> {
  const all = [...pids];
  await until(() => !all.some(is_running));
}

/** The same over a Unix socket. */
export async function ask_socket(path: string, target = "/"): Promise<string> {
  const proxy = { transport: "unix", path } as const;
  using client = Deno.createHttpClient({ proxy });
  const response = await fetch(`http://localhost${target}`, { client });
  return await response.text();
}
