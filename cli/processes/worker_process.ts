/** A worker, as its supervisor has it: a process, and the link to it. */

import { start_again } from "./child.ts";
import { Link, type Word } from "./link.ts";
import { environment_of, type WorkerPlace } from "./worker_place.ts";

/** How long a worker takes requests at least that has not failed at once, in milliseconds. */
const YOUNG = 1000;

/** What a worker process needs of its supervisor. */
export interface WorkerOwner {
  /** How long it may take to end, in milliseconds. */
  patience: number;
  /** Called when it has had its number of requests. */
  on_worn(): void;
  /** Called when it does not end in time, and is killed. */
  on_hung(): void;
}

export class WorkerProcess {
  /** Whether it is meant to end. */
  stopping = false;
  /** Whether it has ended. */
  ended = false;
  /** How it ended. */
  readonly status: Promise<Deno.CommandStatus>;

  readonly #child: Deno.ChildProcess;
  readonly #owner: WorkerOwner;
  readonly #ready = Promise.withResolvers<boolean>();
  readonly #closed = Promise.withResolvers<void>();
  #link: Link | null = null;
  #ready_since: number | null = null;
  /** Whether it is to open its logs anew as soon as it can be told. */
  #reopening = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Starts the process. */
  constructor(place: WorkerPlace, owner: WorkerOwner) {
    this.#owner = owner;
    const path = place.supervisor;
    const listener = Deno.listen({ transport: "unix", path });
    try {
      // The workers of Linux share their port by an option that Deno has behind this flag.
      this.#child = start_again(["--unstable-net"], environment_of(place));
    } catch (error) {
      listener.close();
      throw error;
    }
    this.status = this.#take_end(listener);
    this.#listen(listener);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Whether it takes requests: settles when it does, or has ended before. */
  get ready(): Promise<boolean> {
    return this.#ready.promise;
  }

  /** Whether it has taken requests. */
  get was_ready(): boolean {
    return this.#ready_since !== null;
  }

  /** Whether it has taken requests for no more than a moment. */
  get is_young(): boolean {
    return this.#ready_since === null ||
      performance.now() - this.#ready_since < YOUNG;
  }

  /** Settles when it listens no more. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Has it end when its requests are answered. */
  stop(): void {
    this.#end_in_time();
    this.#say_end("stop");
  }

  /** Has it end without anybody noticing: another one takes its place. */
  retire(): void {
    this.#end_in_time();
    this.#say_end("retire");
  }

  /** Ends it at once. */
  kill(): void {
    this.stopping = true;
    this.#kill("SIGKILL");
  }

  /** Has it open its logs anew, as soon as it can be told. */
  reopen_logs(): void {
    if (this.#link) this.#link.say("reopen");
    else this.#reopening = true;
  }

  /** A worker that has not connected yet has no requests: any end is good. */
  #say_end(word: Word): void {
    if (this.#link) this.#link.say(word);
    else this.#kill("SIGTERM");
  }

  #kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended already.
    }
  }

  #end_in_time(): void {
    this.stopping = true;
    this.#timer ??= setTimeout(() => {
      this.#owner.on_hung();
      this.kill();
    }, this.#owner.patience);
  }

  async #take_end(listener: Deno.UnixListener): Promise<Deno.CommandStatus> {
    const status = await this.#child.status;
    this.ended = true;
    clearTimeout(this.#timer);
    listener.close();
    this.#link?.close();
    this.#ready.resolve(false);
    this.#closed.resolve();
    return status;
  }

  /** Listens to what it says; the link stays open for the worker to see when the supervisor has gone. */
  async #listen(listener: Deno.UnixListener): Promise<void> {
    const conn = await listener.accept().catch(() => null);
    if (!conn) return; // It has ended before.
    this.#link = new Link(conn);
    if (this.#reopening) this.#link.say("reopen");
    for await (const word of this.#link.words()) {
      if (word === "ready") this.#begin();
      else if (word === "worn") this.#owner.on_worn();
      else if (word === "closed") this.#closed.resolve();
    }
  }

  #begin(): void {
    this.#ready_since = performance.now();
    this.#ready.resolve(true);
  }
}
