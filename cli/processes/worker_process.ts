/** A worker from the point of view of its supervisor: a process, and the link to it. */

import { start_again } from "./child.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Link, type Word } from "./link.ts";
import { process_state, type ProcessState } from "./process_state.ts";
import { environment_of, type WorkerPlace } from "./worker_place.ts";

/** A worker that ends within this time after it began to accept requests has failed at once, in milliseconds. */
const YOUNG = 1000;

/** The minimum time that a worker may be silent, in seconds: load and garbage collection can take that long. */
const SHORTEST_SILENCE = 1;

/** What a worker process needs from its supervisor. */
export interface WorkerOwner {
  /** How long it may take to start, in milliseconds; `Infinity` for no limit. */
  start_patience: number;
  /** How long it may take to end, in milliseconds. */
  end_patience: number;
  /** Called when its application is loaded, before it listens. */
  on_loaded(): void;
  /** Called when it has reached its number of requests. */
  on_worn(): void;
  /** Called when it is killed because it did not do something in time: `what`. */
  on_hung(what: string): void;
}

export class WorkerProcess {
  /** Whether it has to end. */
  stopping = false;
  /** Whether it has ended. */
  ended = false;
  /** Why it could not start, in its own words; null if it has not told. */
  reason: string | null = null;
  /** Whether it was killed because it hung. */
  was_hung = false;
  /** How it ended. */
  readonly status: Promise<Deno.CommandStatus>;

  readonly #child: Deno.ChildProcess;
  readonly #owner: WorkerOwner;
  readonly #ready = Promise.withResolvers<boolean>();
  readonly #closed = Promise.withResolvers<void>();
  #link: Link | null = null;
  /** Resolves when all its messages have been read. */
  #heard: Promise<void> = Promise.resolve();
  #ready_since: number | null = null;
  /** Whether it has to be told to reopen its logs, once there is a link. */
  #reopening = false;
  #heartbeat: Heartbeat | null = null;
  /** Kills the process if it takes too long to start, and later to end. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Starts the process. */
  constructor(place: WorkerPlace, owner: WorkerOwner) {
    this.#owner = owner;
    const path = place.supervisor;
    const listener = Deno.listen({ transport: "unix", path });
    try {
      // On Linux, workers share their port with an option for which Deno requires this flag.
      this.#child = start_again(["--unstable-net"], environment_of(place));
    } catch (error) {
      listener.close();
      throw error;
    }
    this.#start_in_time();
    this.status = this.#take_end(listener);
    this.#heard = this.#listen(listener);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Resolves to true when it accepts requests, and to false if it ends before that. */
  get ready(): Promise<boolean> {
    return this.#ready.promise;
  }

  /** Whether it has accepted requests. */
  get was_ready(): boolean {
    return this.#ready_since !== null;
  }

  /** Whether it has accepted requests only for a moment. */
  get is_young(): boolean {
    return this.#ready_since === null ||
      performance.now() - this.#ready_since < YOUNG;
  }

  /** Resolves when it no longer listens. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Makes it end when its requests have been answered. */
  stop(): void {
    this.#end_in_time();
    this.#say_end("stop");
  }

  /** Makes it end without losing a request: another one replaces it. */
  retire(): void {
    this.#end_in_time();
    this.#say_end("retire");
  }

  /** Kills it. */
  kill(): void {
    this.stopping = true;
    this.#kill("SIGKILL");
  }

  /** Makes it reopen its logs, as soon as there is a link. */
  reopen_logs(): void {
    if (this.#link) this.#link.say("reopen");
    else this.#reopening = true;
  }

  /** A worker that does not accept requests yet has none to answer, and may end in any way. */
  #say_end(word: Word): void {
    if (this.was_ready) this.#link!.say(word);
    else this.#kill("SIGTERM");
  }

  #kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended already.
    }
  }

  #start_in_time(): void {
    const { start_patience } = this.#owner;
    if (start_patience === Infinity) return;
    this.#timer = setTimeout(() => {
      this.#hang(`did not start within ${start_patience / 1000} s`);
    }, start_patience);
  }

  #end_in_time(): void {
    if (this.stopping) return;
    this.stopping = true;
    clearTimeout(this.#timer);
    const { end_patience } = this.#owner;
    this.#timer = setTimeout(
      () => this.#hang("did not stop in time"),
      end_patience,
    );
  }

  /** Kills it because it did not do something in time. */
  #hang(what: string): void {
    if (this.was_hung) return;
    this.was_hung = true;
    this.#owner.on_hung(what);
    this.#kill("SIGKILL");
  }

  async #take_end(listener: Deno.UnixListener): Promise<Deno.CommandStatus> {
    const status = await this.#child.status;
    this.ended = true;
    this.#heartbeat?.stop();
    clearTimeout(this.#timer);
    listener.close();
    await this.#heard;
    this.#link?.close();
    this.#ready.resolve(false);
    this.#closed.resolve();
    return status;
  }

  /** Reads its messages. The link stays open, so that the worker notices when the supervisor exits. */
  async #listen(listener: Deno.UnixListener): Promise<void> {
    const conn = await listener.accept().catch(() => null);
    if (!conn) return; // It has ended already.
    const link = this.#link = new Link(conn);
    if (this.#reopening) link.say("reopen");
    for await (const [word, detail] of link.messages()) {
      if (word === "loaded") this.#let_listen(link);
      else if (word === "ready") this.#begin(link, Number(detail));
      else if (word === "alive") this.#heartbeat?.answered();
      else if (word === "worn") this.#owner.on_worn();
      else if (word === "closed") this.#closed.resolve();
      else if (word === "failed") this.reason = detail;
    }
  }

  #let_listen(link: Link): void {
    this.#owner.on_loaded();
    link.say("listen");
  }

  /** @param timeout How long it may be silent, in seconds; 0 for no limit. */
  #begin(link: Link, timeout: number): void {
    this.#ready_since = performance.now();
    this.#ready.resolve(true);
    if (this.stopping) return;
    clearTimeout(this.#timer);
    if (timeout > 0) this.#heartbeat = this.#watch(link, timeout);
  }

  #watch(link: Link, seconds: number): Heartbeat {
    const silence = Math.max(seconds, SHORTEST_SILENCE);
    let before: ProcessState | null = null;
    return new Heartbeat({
      patience: silence * 1000,
      ask: () => {
        before = process_state(this.pid);
        link.say("answer");
      },
      on_silence: () => {
        const doing = doing_since(before, process_state(this.pid));
        this.#hang(`has not responded for ${silence} s${doing}`);
      },
    });
  }
}

/** What a process did between two moments, as part of a sentence. */
function doing_since(
  before: ProcessState | null,
  now: ProcessState | null,
): string {
  if (!before || !now) return "";
  const cpu = (now.cpu - before.cpu).toFixed(1);
  return ` (${now.state}, ${cpu} s of CPU time)`;
}
