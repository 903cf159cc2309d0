/**
 * What this package runs on: Deno, a process of Node or Bun, or a Worker that is no process. This is the one module that
 * asks which; none of Node's is imported, as there are none on Workers, and each would cost a script its start.
 */

/** How a value is shown. */
export interface InspectOptions {
  /** How long a line may be. */
  breakLength?: number;
  /** Whether there are colours. */
  colors?: boolean;
  /** Whether short values share a line. */
  compact?: boolean;
  /** How deep objects are shown. */
  depth?: number;
}

/** A class of errors. */
export type ErrorClass = new (
  message?: string,
  options?: ErrorOptions,
) => Error;

/** The platform's part in what a handler does. */
export interface Platform {
  /** Name and version, as `SERVER_SOFTWARE` has them: `Deno/2.9.6`. */
  readonly version: string;
  /**
   * From how many bytes on a body is sent faster as a stream though it is whole: Deno's server says of a stream when it
   * has been sent, as well. Elsewhere a stream goes out without its `Content-Length`.
   */
  readonly streams_from: number;
  /** The classes of what fails here. */
  readonly errors: {
    readonly BadResource: ErrorClass;
    readonly ConnectionAborted: ErrorClass;
    readonly UnexpectedEof: ErrorClass;
  };
  /** The variables of the process as text; none without permission to read them, never a prompt. */
  environ(): Record<string, string>;
  /** The same as the system has them, a NUL behind each; null where they are not to be had so. */
  environ_bytes(): Uint8Array | null;
  /** The stdin of the process. */
  readonly stdin: ReadableStream<Uint8Array>;
  /** Reads from stdin, past its stream: how many bytes, or null at its end. */
  read_stdin(buffer: Uint8Array): Promise<number | null>;
  /** The stdout of the process. */
  readonly stdout: WritableStream<Uint8Array>;
  /** Whether a stream is that. */
  is_stdout(stream: WritableStream): boolean;
  /** Writes to stdout, past its stream: how many bytes it has taken. */
  write_stdout(data: Uint8Array): Promise<number>;
  /** The same, and waits for it. */
  write_stdout_sync(data: Uint8Array): number;
  /** Writes to stderr: how many bytes it has taken. */
  write_stderr(data: Uint8Array): number;
  /** Ends the process. */
  exit(status: number): void;
  /** Calls `listener` at each SIGTERM, which does not end the process any more. */
  on_termination(listener: () => void): void;
  /** A value as text. */
  inspect(value: unknown, options?: InspectOptions): string;
  /** Has a timer keep the process alive, or not. */
  set_vital(timer: ReturnType<typeof setTimeout>, is_vital: boolean): void;
  /** Whether an error says that the other side of a connection, or of a pipe, is gone. */
  is_lost(error: unknown): boolean;
}

class OnDeno implements Platform {
  readonly version: string;
  readonly streams_from = 65536;
  readonly errors: typeof Deno.errors;
  #deno: typeof Deno;

  constructor(deno: typeof Deno) {
    this.#deno = deno;
    this.version = `Deno/${deno.version.deno}`;
    this.errors = deno.errors;
  }

  environ(): Record<string, string> {
    const { state } = this.#deno.permissions.querySync({ name: "env" });
    return state === "granted" ? this.#deno.env.toObject() : {};
  }

  environ_bytes(): Uint8Array | null {
    if (this.#deno.build.os !== "linux") return null;
    const { state } = this.#deno.permissions.querySync({ name: "env" });
    if (state !== "granted") return null;
    try {
      return this.#deno.readFileSync(ENVIRON_FILE);
    } catch {
      return null; // Deno asks for --allow-all here.
    }
  }

  get stdin(): ReadableStream<Uint8Array> {
    return this.#deno.stdin.readable;
  }

  read_stdin(buffer: Uint8Array): Promise<number | null> {
    return this.#deno.stdin.read(buffer);
  }

  get stdout(): WritableStream<Uint8Array> {
    return this.#deno.stdout.writable;
  }

  is_stdout(stream: WritableStream): boolean {
    return stream === this.stdout;
  }

  write_stdout(data: Uint8Array): Promise<number> {
    return this.#deno.stdout.write(data);
  }

  write_stdout_sync(data: Uint8Array): number {
    return this.#deno.stdout.writeSync(data);
  }

  write_stderr(data: Uint8Array): number {
    return this.#deno.stderr.writeSync(data);
  }

  exit(status: number): void {
    this.#deno.exit(status);
  }

  on_termination(listener: () => void): void {
    if (this.#deno.build.os === "windows") return;
    this.#deno.addSignalListener("SIGTERM", listener);
  }

  inspect(value: unknown, options?: InspectOptions): string {
    return this.#deno.inspect(value, options);
  }

  set_vital(timer: ReturnType<typeof setTimeout>, is_vital: boolean): void {
    if (is_vital) this.#deno.refTimer(timer);
    else this.#deno.unrefTimer(timer);
  }

  is_lost(error: unknown): boolean {
    const { errors } = this;
    return error instanceof errors.BrokenPipe ||
      error instanceof errors.ConnectionReset ||
      error instanceof errors.ConnectionAborted ||
      error instanceof errors.Interrupted ||
      error instanceof errors.TimedOut;
  }
}

/** Where Linux has the environment of a process. */
const ENVIRON_FILE = "/proc/self/environ";

/** The names of Deno's classes, where Deno is not. */
const OWN_ERRORS = {
  BadResource: class extends Error {
    override name = "BadResource";
  },
  ConnectionAborted: class extends Error {
    override name = "ConnectionAborted";
  },
  UnexpectedEof: class extends Error {
    override name = "UnexpectedEof";
  },
};

/** A Worker: neither a process nor its streams. */
class OnWorkers implements Platform {
  readonly version: string = globalThis.navigator?.userAgent ?? "JavaScript";
  readonly streams_from = Infinity;
  readonly errors = OWN_ERRORS;
  /** A line that is still to be ended. */
  #line = "";

  environ(): Record<string, string> {
    return {};
  }

  environ_bytes(): Uint8Array | null {
    return null;
  }

  get stdin(): ReadableStream<Uint8Array> {
    throw no_process();
  }

  read_stdin(_buffer: Uint8Array): Promise<number | null> {
    return Promise.reject(no_process());
  }

  get stdout(): WritableStream<Uint8Array> {
    throw no_process();
  }

  is_stdout(_stream: WritableStream): boolean {
    return false;
  }

  write_stdout(_data: Uint8Array): Promise<number> {
    return Promise.reject(no_process());
  }

  write_stdout_sync(_data: Uint8Array): number {
    throw no_process();
  }

  /** To the console, line by line. */
  write_stderr(data: Uint8Array): number {
    const lines = (this.#line + new TextDecoder().decode(data)).split("\n");
    this.#line = lines.pop()!;
    if (lines.length > 0) console.error(lines.join("\n"));
    return data.length;
  }

  exit(_status: number): void {
    throw no_process();
  }

  on_termination(_listener: () => void): void {}

  inspect(value: unknown, _options?: InspectOptions): string {
    if (typeof value !== "object" || value === null) return String(value);
    try {
      return JSON.stringify(value) ?? String(value);
    } catch {
      return String(value);
    }
  }

  set_vital(_timer: unknown, _is_vital: boolean): void {}

  is_lost(error: unknown): boolean {
    return error instanceof OWN_ERRORS.ConnectionAborted;
  }
}

function no_process(): Error {
  return new Error("there is no process here with streams of its own");
}

/** What Node and Bun have. */
interface Process {
  versions: { node: string; bun?: string };
  env: Record<string, string | undefined>;
  platform: string;
  exit(status: number): never;
  on(event: string, listener: () => void): void;
  getBuiltinModule(name: "node:fs"): FileSystem;
  getBuiltinModule(name: "node:util"): {
    inspect(value: unknown, options?: InspectOptions): string;
  };
}

type Done = (error: { code?: string } | null, length: number) => void;

interface FileSystem {
  readFileSync(path: string): Uint8Array;
  writeSync(descriptor: number, data: Uint8Array): number;
  read(
    descriptor: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: null,
    done: Done,
  ): void;
  write(descriptor: number, data: Uint8Array, done: Done): void;
}

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;

/** How a connection, or a pipe, fails whose other side is gone. */
const LOST = /^(EPIPE|ECONNRESET|ECONNABORTED|EINTR|ETIMEDOUT)$/;

/** How much is read at once where nobody says it. */
const BLOCK_SIZE = 65536;

/** How long it is waited where a stream cannot take or give anything now, in milliseconds. */
const PAUSE = 2;

/**
 * A process of Node or Bun. Its streams are read and written by their numbers: the objects that `process` has for them
 * answer a failure by an event, and take a script's time to make.
 */
class OnProcess extends OnWorkers {
  override readonly version: string;
  #process: Process;
  #fs: FileSystem;
  #stdin: ReadableStream<Uint8Array> | null = null;
  #stdout: WritableStream<Uint8Array> | null = null;

  constructor(process: Process) {
    super();
    this.#process = process;
    this.#fs = process.getBuiltinModule("node:fs");
    const { bun, node } = process.versions;
    this.version = bun ? `Bun/${bun}` : `Node/${node}`;
  }

  override environ(): Record<string, string> {
    return { ...this.#process.env as Record<string, string> };
  }

  override environ_bytes(): Uint8Array | null {
    if (this.#process.platform !== "linux") return null;
    try {
      return this.#fs.readFileSync(ENVIRON_FILE);
    } catch {
      return null;
    }
  }

  override get stdin(): ReadableStream<Uint8Array> {
    return this.#stdin ??= new ReadableStream({
      type: "bytes",
      autoAllocateChunkSize: BLOCK_SIZE,
      pull: (controller) => this.#give(controller.byobRequest!, controller),
    });
  }

  /** Fills what a reader has given, or was allocated in its place. */
  async #give(
    request: ReadableStreamBYOBRequest,
    controller: ReadableByteStreamController,
  ): Promise<void> {
    const length = await this.read_stdin(request.view as Uint8Array);
    if (length === null) controller.close();
    request.respond(length ?? 0);
  }

  override async read_stdin(buffer: Uint8Array): Promise<number | null> {
    const length = await this.#transfer((done) =>
      this.#fs.read(STDIN, buffer, 0, buffer.length, null, done)
    );
    return length === 0 ? null : length;
  }

  override get stdout(): WritableStream<Uint8Array> {
    return this.#stdout ??= new WritableStream<Uint8Array>({
      write: async (data) => {
        let sent = 0;
        while (sent < data.length) {
          sent += await this.write_stdout(data.subarray(sent));
        }
      },
    });
  }

  override is_stdout(stream: WritableStream): boolean {
    return stream === this.#stdout;
  }

  override write_stdout(data: Uint8Array): Promise<number> {
    return this.#transfer((done) => this.#fs.write(STDOUT, data, done));
  }

  override write_stdout_sync(data: Uint8Array): number {
    return this.#write_sync(STDOUT, data);
  }

  override write_stderr(data: Uint8Array): number {
    return this.#write_sync(STDERR, data);
  }

  override exit(status: number): void {
    this.#process.exit(status);
  }

  override on_termination(listener: () => void): void {
    this.#process.on("SIGTERM", listener);
  }

  override inspect(value: unknown, options?: InspectOptions): string {
    const { inspect } = this.#process.getBuiltinModule("node:util");
    return inspect(value, options);
  }

  override set_vital(
    timer: { ref(): void; unref(): void },
    is_vital: boolean,
  ): void {
    if (is_vital) timer.ref();
    else timer.unref();
  }

  override is_lost(error: unknown): boolean {
    return super.is_lost(error) ||
      error instanceof Error &&
        LOST.test(String((error as { code?: unknown }).code));
  }

  /** Nothing, where it can take nothing now: who shares the descriptor may have made it one that does not wait. */
  #write_sync(descriptor: number, data: Uint8Array): number {
    try {
      return this.#fs.writeSync(descriptor, data);
    } catch (error) {
      if ((error as { code?: string }).code === "EAGAIN") return 0;
      throw error;
    }
  }

  #transfer(start: (done: Done) => void): Promise<number> {
    return new Promise((resolve, reject) => {
      const attempt = () =>
        start((error, length) => {
          if (!error) resolve(length);
          else if (error.code === "EAGAIN") setTimeout(attempt, PAUSE);
          else reject(error);
        });
      attempt();
    });
  }
}

/** What is global on one of them. */
interface Globals {
  Deno?: typeof Deno;
  process?: Partial<Process>;
}

function find_platform({ Deno, process }: Globals): Platform {
  if (Deno) return new OnDeno(Deno);
  // Workers may have a `process` as well, with an environment that is none.
  const is_process = process?.versions?.node && process.getBuiltinModule &&
    process.exit && globalThis.navigator?.userAgent !== "Cloudflare-Workers";
  return is_process ? new OnProcess(process as Process) : new OnWorkers();
}

/** The platform that this runs on. */
export const platform: Platform = find_platform(globalThis as Globals);
