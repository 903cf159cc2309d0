/** Starts workers, replaces them, and stops them. */

import type { ErrorLog } from "../logs/error_log.ts";
import { SocketFolder } from "./socket_folder.ts";
import { WorkerProcess } from "./worker_process.ts";

/** The pause before a worker is replaced that failed at once, in milliseconds; doubled each time. */
const PAUSE = 100;
const LONGEST_PAUSE = 10_000;

/** How long a worker may take to end after the grace period of its requests, in milliseconds. */
const MARGIN = 2000;

/** The minimum time that a worker has to start, in milliseconds: starting takes longer than a response. */
const SHORTEST_START = 10_000;

/** The minimum time between the beginnings of two reloads, in milliseconds: a burst of signals counts as one. */
const RELOAD_SPACING = 2000;

/** The options of a supervisor. */
export interface Supervision {
  /** The number of workers. */
  count: number;
  /** The port that they share. */
  port: number;
  /** How long they may take to start, in seconds, but at least ten; 0 for no limit. */
  timeout: number;
  /** The grace period of their requests when they stop, in seconds. */
  graceful_timeout: number;
  /** The log for what happens to them. */
  log: ErrorLog;
  /** Called when a worker has loaded its application, before it listens. */
  on_loaded(): void;
}

export class Supervisor {
  #supervision: Supervision;
  #log: ErrorLog;
  /** The folder of the sockets that workers connect to. */
  #folder = new SocketFolder();
  #workers = new Set<WorkerProcess>();
  /** The number of workers started so far. */
  #number = 0;
  #stopping = false;
  #pause = PAUSE;
  #ended = Promise.withResolvers<void>();
  /** Resolves when the last operation on the workers is done: they are done one after the other. */
  #changes: Promise<void> = Promise.resolve();
  /** Whether a reload is waiting for its turn. */
  #reload_waits = false;
  /** When the last reload began. */
  #reloaded_at = -Infinity;

  constructor(supervision: Supervision) {
    this.#supervision = supervision;
    this.#log = supervision.log;
  }

  /** Whether the workers have to end. */
  get stopping(): boolean {
    return this.#stopping;
  }

  /** Resolves when the last worker has ended. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /**
   * Starts the first worker, and the others once it accepts requests.
   *
   * @returns A worker that did not start; null if all did.
   * @throws {Error} If no process can be started: an error of the system or of permissions.
   */
  async start(): Promise<WorkerProcess | null> {
    const started = this.#start_all();
    this.#changes = started.then(() => {}, () => {});
    const failed = await started.catch((error) => {
      this.kill();
      throw error;
    });
    if (!failed || this.#stopping) return null;
    await this.stop();
    return failed;
  }

  /**
   * Replaces the workers one by one, each when its successor accepts requests. A call while another one is waiting for its
   * turn does nothing: the other one will load what is there then.
   */
  reload(): void {
    if (this.#reload_waits) return;
    this.#reload_waits = true;
    this.#change(async () => {
      await pause(this.#reloaded_at + RELOAD_SPACING - performance.now());
      this.#reload_waits = false;
      await this.#reload();
    });
  }

  /** Stops all workers when their requests have been answered. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const worker of this.#workers) worker.stop();
    this.#end_when_alone();
    await this.#ended.promise;
  }

  /** Ends all workers at once. */
  kill(): void {
    this.#stopping = true;
    for (const worker of this.#workers) worker.kill();
    this.#folder.remove();
  }

  /** Makes all workers reopen their logs. */
  reopen_logs(): void {
    for (const worker of this.#workers) worker.reopen_logs();
  }

  /** Resolves to a worker that did not start, or null. */
  async #start_all(): Promise<WorkerProcess | null> {
    const first = this.#start(true);
    if (!await first.ready) return first;
    const others = Array.from(
      { length: this.#stopping ? 0 : this.#supervision.count - 1 },
      () => this.#start(true),
    );
    await Promise.all(others.map((worker) => worker.ready));
    return others.find((worker) => !worker.was_ready) ?? null;
  }

  #change(change: () => Promise<void>): void {
    this.#changes = this.#changes.then(change).catch((error) =>
      this.#log.log("error", `cannot start a worker: ${error.message}`)
    );
  }

  async #reload(): Promise<void> {
    this.#reloaded_at = performance.now();
    const before = [...this.#workers].filter((worker) => !worker.stopping);
    for (const worker of before) {
      if (!await this.#replace(worker, "reload")) return;
    }
    Promise.all(before.map((worker) => worker.closed)).then(() => {
      if (!this.#stopping) this.#log.log("info", "reloaded");
    });
  }

  /**
   * Starts a successor, and retires the worker when the successor accepts requests.
   *
   * @param reason The reason, for the log.
   * @returns Whether the successor accepts requests.
   */
  async #replace(worker: WorkerProcess, reason: string): Promise<boolean> {
    if (this.#stopping || worker.stopping || worker.ended) return true;
    const successor = this.#start(true);
    if (await successor.ready) {
      // A worker that has died in the meantime has been replaced already.
      if (worker.ended) {
        successor.retire();
      } else {
        worker.retire();
        this.#log_successor(worker, successor, ` (${reason})`);
      }
      return true;
    }
    const why = successor.reason ?? `it ${how_ended(await successor.status)}`;
    const what = "a new worker did not start, keeping the old ones";
    if (!this.#stopping) {
      this.#log.log_text("error", `${what}: ${why}\n`);
    }
    return false;
  }

  /**
   * Starts a worker.
   *
   * @param on_trial Whether the caller waits until it accepts requests, and handles its failure.
   */
  #start(on_trial: boolean): WorkerProcess {
    const { port, timeout, graceful_timeout, on_loaded } = this.#supervision;
    const supervisor = this.#folder.path_of(String(++this.#number));
    const worker = new WorkerProcess({ supervisor, port }, {
      start_patience: timeout === 0
        ? Infinity
        : Math.max(timeout * 1000, SHORTEST_START),
      end_patience: graceful_timeout * 1000 + MARGIN,
      on_loaded,
      on_worn: () =>
        this.#change(async () => {
          await this.#replace(worker, "--max-requests");
        }),
      on_hung: (what) =>
        this.#log.log("error", `worker ${worker.pid} ${what}: killed`),
    });
    this.#workers.add(worker);
    this.#follow(worker, on_trial);
    return worker;
  }

  /** Waits for the end of a worker, and starts another one if the end was not intended. */
  async #follow(worker: WorkerProcess, on_trial: boolean): Promise<void> {
    const status = await worker.status;
    this.#workers.delete(worker);
    this.#end_when_alone();
    const expected = worker.stopping || on_trial && !worker.was_ready;
    if (expected || this.#stopping) return;
    if (!worker.was_hung) {
      const why = worker.reason === null ? "" : `: ${worker.reason}`;
      const what = `worker ${worker.pid} ${how_ended(status)}${why}`;
      this.#log.log_text("error", `${what}\n`);
    }
    await this.#start_another(worker, worker.is_young);
  }

  /** Starts a worker in place of another one; after a pause, longer each time, if that one failed at once. */
  async #start_another(worker: WorkerProcess, failed: boolean): Promise<void> {
    if (failed) await this.#wait();
    else this.#pause = PAUSE;
    if (this.#stopping) return;
    try {
      const successor = this.#start(false);
      if (await successor.ready) this.#log_successor(worker, successor, "");
    } catch (error) {
      const { message } = error as Error;
      this.#log.log("error", `cannot start a worker: ${message}`);
      await this.#start_another(worker, true);
    }
  }

  #log_successor(
    { pid }: WorkerProcess,
    successor: WorkerProcess,
    reason: string,
  ): void {
    const what = `worker ${pid} replaced by worker ${successor.pid}${reason}`;
    this.#log.log("info", what);
  }

  async #wait(): Promise<void> {
    const time = this.#pause;
    this.#pause = Math.min(2 * time, LONGEST_PAUSE);
    await pause(time);
  }

  #end_when_alone(): void {
    if (!this.#stopping || this.#workers.size > 0) return;
    this.#folder.remove();
    this.#ended.resolve();
  }
}

function how_ended({ signal, code }: Deno.CommandStatus): string {
  return `ended with ${signal ?? `status ${code}`}`;
}

async function pause(milliseconds: number): Promise<void> {
  if (milliseconds <= 0) return;
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
