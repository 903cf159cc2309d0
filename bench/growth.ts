/**
 * How servers behave beyond a quiet, short run: `deno task bench:growth [idle|workers|latency|soak]...`. It prints what
 * bench/README.md has of it, and needs `wrk`, `h2load` (Debian: `nghttp2-client`) and, if it is there, gunicorn.
 */

import { type Contender, median } from "./case.ts";
import { contenders } from "./growth_contenders.ts";
import { cpu_time, memory, output, type Server, start } from "./process.ts";

/** Clients that send one request each and say nothing more; how many connections the system must allow a process. */
const IDLE = 10_000;
const DESCRIPTORS = 2 * IDLE;

/** Connections that are busy. */
const BUSY = 64;
const SECONDS = 3;
const ROUNDS = 5;

/** How many requests are sent one after the other, and when the memory is looked at first. */
const SOAK = 300_000;
const EARLY = 50_000;

/** A contender, with as many connections as it may need. */
async function serve(contender: Contender): Promise<Server> {
  const command = contender.command("").map((word) => `'${word}'`).join(" ");
  const shell = `ulimit -n ${DESCRIPTORS}; exec ${command}`;
  return await start(["sh", "-c", shell]);
}

/** The processes of a server: its own, and its workers. */
function processes({ pid }: Server): number[] {
  const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`);
  return [pid, ...children.split(" ").filter(Boolean).map(Number)];
}

/** The memory of all of them, in MiB. */
function memory_of(server: Server): number {
  return processes(server).reduce((sum, pid) => sum + memory(pid).now, 0);
}

/** What a load gives: requests a second, and microseconds of CPU time each. */
interface Rate {
  rate: number;
  cpu: number;
}

async function rate_of(server: Server, seconds = SECONDS): Promise<Rate> {
  const before = cpu_time(server.pid);
  const printed = await output([
    ...["wrk", "-t", "1", "-c", String(BUSY), "-d", String(seconds)],
    ...["-s", "bench/load.lua", `http://${server.address}/`],
  ]);
  const { requests, microseconds } = JSON.parse(printed.match(/^\{.*\}$/m)![0]);
  const cpu = (cpu_time(server.pid) - before) / requests * 1e6;
  return { rate: requests / microseconds * 1e6, cpu };
}

function row(...cells: (string | number)[]): void {
  console.log(`| ${cells.join(" | ")} |`);
}

function head(...cells: string[]): void {
  console.log();
  row(...cells);
  row(...cells.map(() => "---"));
}

/** Connections that are kept after one answer, in a process of their own; ends when its stdin does. */
const IDLE_CLIENTS = `
import resource, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (${DESCRIPTORS}, ${DESCRIPTORS}))
host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
clients = []
for _ in range(count):
    client = socket.create_connection((host, port))
    client.sendall(b"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
    client.recv(4096)
    clients.append(client)
print("idle", flush=True)
sys.stdin.read()
`;

/** What idle connections cost: memory for each, and what they take from the busy ones. */
async function idle(): Promise<void> {
  head(
    ...["server", "KiB an idle connection", "CPU µs/request, without", "with"],
    ...["requests/s, without", "with"],
  );
  for (const contender of await contenders("keeping")) {
    await using server = await serve(contender);
    await rate_of(server);
    const alone = await rate_of(server);
    const before = memory_of(server);
    const [host, port] = server.address.split(":");
    const clients = new Deno.Command("python3", {
      args: ["-c", IDLE_CLIENTS, host!, port!, String(IDLE)],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    await clients.stdout.getReader().read();
    const each = (memory_of(server) - before) * 1024 / IDLE;
    const beside = await rate_of(server);
    await clients.stdin.close();
    await clients.status;
    const [without, with_them] = [alone.cpu, beside.cpu].map((cpu) =>
      cpu.toFixed(1)
    );
    const rates = [alone, beside].map(({ rate }) => Math.round(rate));
    row(contender.name, each.toFixed(1), without!, with_them!, ...rates);
  }
}

/** What a second worker brings. */
async function workers(): Promise<void> {
  head("server", "requests/s", "CPU µs/request", "MiB");
  for (const contender of await contenders("workers")) {
    await using server = await serve(contender);
    await rate_of(server);
    const rates: Rate[] = [];
    for (let i = 0; i < ROUNDS; i++) rates.push(await rate_of(server));
    const rate = median(rates.map(({ rate }) => rate));
    const cpu = median(rates.map(({ cpu }) => cpu));
    row(
      contender.name,
      Math.round(rate),
      cpu.toFixed(1),
      memory_of(server).toFixed(0),
    );
  }
}

/** How long requests take at half of the rate that a server can do, sent whether it keeps up or not. */
async function latency(): Promise<void> {
  head("server", "requests/s", "p50 ms", "p99 ms", "p99.9 ms");
  for (const contender of await contenders("latency")) {
    await using server = await serve(contender);
    await rate_of(server);
    const { rate } = await rate_of(server);
    const each = Math.max(1, Math.round(rate / 2 / BUSY));
    const log = await Deno.makeTempFile();
    await output([
      ...["h2load", "--h1", "-c", String(BUSY), "-t", "1"],
      ...["--rps", String(each), "-n", String(each * BUSY * 10)],
      ...["--log-file", log, `http://${server.address}/`],
    ]);
    // Start, status, microseconds.
    const times = (await Deno.readTextFile(log)).trim().split("\n")
      .map((line) => Number(line.split("\t")[2])).toSorted((a, b) => a - b);
    await Deno.remove(log);
    const at = (share: number) =>
      (times[Math.floor(times.length * share)]! / 1000).toFixed(2);
    row(contender.name, each * BUSY, at(0.5), at(0.99), at(0.999));
  }
}

/** The memory of a server that goes on and on. */
async function soak(): Promise<void> {
  head("server", "MiB at the start", "after 50,000", "after 300,000", "peak");
  for (const contender of await contenders("soak")) {
    await using server = await serve(contender);
    const send = async (count: number) => {
      await output([
        ...["h2load", "--h1", "-c", String(BUSY), "-t", "1"],
        ...["-n", String(count), `http://${server.address}/`],
      ]);
      return memory_of(server).toFixed(0);
    };
    const cells = [
      await send(BUSY),
      await send(EARLY),
      await send(SOAK - EARLY),
    ];
    const peaks = processes(server).map((pid) => memory(pid).peak);
    const peak = peaks.reduce((sum, peak) => sum + peak, 0).toFixed(0);
    row(contender.name, ...cells, peak);
  }
}

const parts = { idle, workers, latency, soak };
const chosen = Deno.args.length ? Deno.args : Object.keys(parts);
for (const name of chosen) {
  if (!Object.hasOwn(parts, name)) {
    throw new RangeError(
      `expected ${Object.keys(parts).join(", ")}, got ${name}`,
    );
  }
  await parts[name as keyof typeof parts]();
}
