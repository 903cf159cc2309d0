/** Keeps workers alive: starts them, replaces them, and stops them. */

import { start_again } from "./child.ts";
import type { ErrorLog } from "./error_log.ts";
import { LINK } from "./worker.ts";

/** How long after its start a worker that ends has failed at it, in milliseconds. */
const YOUNG = 1000;

/** How long is waited before the next one is started then: this, and twice as long each time. */
const PAUSE = 100;
const LONGEST_PAUSE = 10_000;

/** A worker process. */
class Worker {
  readonly child: Deno.ChildProcess;
  readonly started = performance.now();
  /** Whether it is meant to end. */
  stopping = false;
  /** Whether whoever started it waits for it to take requests, and knows what to do if it does not. */
  on_trial: boolean;
  readonly #ready = Promise.withResolvers<boolean>();

  constructor(on_trial: boolean, env: Record<string, string>) {
    this.on_trial = on_trial;
    // The workers of Linux share their port by an option that Deno has behind this flag.
    this.child = start_again(["--unstable-net"], env);
    this.child.status.then(() => this.#ready.resolve(false));
  }

  /** Whether it takes requests; false if it ended before it did. */
  get ready(): Promise<boolean> {
    return this.#ready.promise;
  }

  /** Notes that it takes requests. */
  set_ready(): void {
    this.on_trial = false;
    this.#ready.resolve(true);
  }

  stop(signal: Deno.Signal = "SIGTERM"): void {
    this.stopping = true;
    this.send(signal);
  }

  send(signal: Deno.Signal): void {
    try {
      this.child.kill(signal);
    } catch {
      // It has ended already.
    }
  }
}

export class Supervisor {
  #count: number;
  #env: Record<string, string>;
  #log: ErrorLog;
  #folder: string;
  #listener: Deno.UnixListener;
  #workers = new Set<Worker>();
  #stopping = false;
  #pause = PAUSE;
  #ended = Promise.withResolvers<number>();
  /** The reload that is going on, or has been. */
  #reloaded: Promise<void> = Promise.resolve();

  /**
   * @param count How many workers there shall be.
   * @param env What they are told by their environment.
   * @param log Where it is said what becomes of them.
   */
  constructor(count: number, env: Record<string, string>, log: ErrorLog) {
    this.#count = count;
    this.#env = env;
    this.#log = log;
    this.#folder = Deno.makeTempDirSync({ prefix: "tsgi-" });
    this.#listener = Deno.listen({ transport: "unix", path: this.#socket });
    this.#take_links();
  }

  get #socket(): string {
    return `${this.#folder}/supervisor`;
  }

  /**
   * Starts the workers: the first of them, and if that takes requests the others.
   *
   * @returns The exit status of one that could not be started, 0 if all were.
   */
  async start(): Promise<number> {
    for (let i = 0; i < this.#count && !this.#stopping; i++) {
      const worker = this.#start(true);
      if (await worker.ready || this.#stopping) continue;
      await this.stop();
      return (await worker.child.status).code || 1;
    }
    return 0;
  }

  /** Settles when the last worker has ended. */
  get ended(): Promise<number> {
    return this.#ended.promise;
  }

  /** Stops all workers when their requests are answered. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const worker of this.#workers) worker.stop();
    this.#end_when_alone();
    await this.#ended.promise;
  }

  /** Ends all workers at once. */
  kill(): void {
    this.#stopping = true;
    for (const worker of this.#workers) worker.stop("SIGKILL");
  }

  /** Hands a signal on to the workers. */
  send(signal: Deno.Signal): void {
    for (const worker of this.#workers) worker.send(signal);
  }

  /** Replaces the workers one by one, each when its successor takes requests. */
  reload(): Promise<void> {
    return this.#reloaded = this.#reloaded.then(() => this.#reload());
  }

  async #reload(): Promise<void> {
    for (const worker of [...this.#workers]) {
      if (this.#stopping || worker.stopping) continue;
      if (!await this.#start(true).ready) {
        this.#log.log("error", "a new worker did not start: the old ones stay");
        return;
      }
      worker.stop();
    }
    this.#log.log("info", "reloaded");
  }

  #start(on_trial: boolean): Worker {
    const worker = new Worker(on_trial, { ...this.#env, [LINK]: this.#socket });
    this.#workers.add(worker);
    worker.child.status.then((status) => this.#take_end(worker, status));
    return worker;
  }

  async #take_end(worker: Worker, status: Deno.CommandStatus): Promise<void> {
    this.#workers.delete(worker);
    this.#end_when_alone();
    if (worker.stopping || worker.on_trial || this.#stopping) return;
    // One that has had its number of requests ends with 0.
    const level = status.success ? "info" : "error";
    const how = status.signal ?? `status ${status.code}`;
    this.#log.log(level, `worker ${worker.child.pid} ended with ${how}`);
    await this.#wait(worker);
    if (!this.#stopping) this.#start(false);
  }

  /** Waits before a worker is replaced that failed at once, longer each time. */
  async #wait(worker: Worker): Promise<void> {
    if (performance.now() - worker.started > YOUNG) {
      this.#pause = PAUSE;
      return;
    }
    const pause = this.#pause;
    this.#pause = Math.min(2 * pause, LONGEST_PAUSE);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }

  async #take_links(): Promise<void> {
    for await (const conn of this.#listener) this.#take_link(conn);
  }

  /** Reads who is at the other end; the connection stays open for the worker to see its end. */
  async #take_link(conn: Deno.Conn): Promise<void> {
    const buffer = new Uint8Array(16);
    const length = await conn.read(buffer).catch(() => null);
    if (length === null) return conn.close();
    const pid = Number(new TextDecoder().decode(buffer.subarray(0, length)));
    const worker = [...this.#workers].find(({ child }) => child.pid === pid);
    worker?.set_ready();
    await worker?.child.status;
    conn.close();
  }

  #end_when_alone(): void {
    if (!this.#stopping || this.#workers.size > 0) return;
    this.#listener.close();
    Deno.removeSync(this.#folder, { recursive: true });
    this.#ended.resolve(0);
  }
}
