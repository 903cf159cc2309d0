/**
 * The platform that this package runs on: Deno, a process of Node or Bun, or a Worker without a process. Only this
 * module asks which. It imports no module of Node's, because Workers have none and each would slow down the start of a
 * script.
 */

/** How a value is formatted. */
export interface InspectOptions {
  /** The maximum length of a line. */
  breakLength?: number;
  /** Whether to use colours. */
  colors?: boolean;
  /** Whether short values share a line. */
  compact?: boolean;
  /** The maximum depth of nested objects. */
  depth?: number;
}

/** An error class. */
export type ErrorClass = new (
  message?: string,
  options?: ErrorOptions,
) => Error;

/** What handlers need from the platform. */
export interface Platform {
  /** Name and version for `SERVER_SOFTWARE`, such as `Deno/2.9.6`. */
  readonly version: string;
  /**
   * The size in bytes from which a complete body is sent as a stream, because Deno's server tells when a stream has been
   * sent. Other platforms send a stream without its `Content-Length`.
   */
  readonly streams_from: number;
  /**
   * The signal of a request, which the server aborts if the client disconnects, even before the response has begun.
   * Deno's server aborts it after every response too.
   */
  client_signal(request: Request): AbortSignal;
  /** The error classes. */
  readonly errors: {
    readonly BadResource: ErrorClass;
    readonly ConnectionAborted: ErrorClass;
    readonly UnexpectedEof: ErrorClass;
  };
  /** The variables of the process as text; empty without permission to read them. Never prompts. */
  environ(): Record<string, string>;
  /** The same as raw bytes, each followed by a NUL; null if not available. */
  environ_bytes(): Uint8Array | null;
  /** The stdin of the process. */
  readonly stdin: ReadableStream<Uint8Array>;
  /** Reads from stdin, bypassing its stream. Resolves to the number of bytes, or null at its end. */
  read_stdin(buffer: Uint8Array): Promise<number | null>;
  /** The stdout of the process. */
  readonly stdout: WritableStream<Uint8Array>;
  /** Whether a stream is the stdout of the process. */
  is_stdout(stream: WritableStream): boolean;
  /** Writes to stdout, bypassing its stream. Resolves to the number of bytes written. */
  write_stdout(data: Uint8Array): Promise<number>;
  /** The same, synchronously. */
  write_stdout_sync(data: Uint8Array): number;
  /** Writes to stderr. Returns the number of bytes written. */
  write_stderr(data: Uint8Array): number;
  /** Exits the process. */
  exit(status: number): void;
  /** Calls `listener` on each SIGTERM, which then no longer ends the process. */
  on_termination(listener: () => void): void;
  /** Formats a value as text. */
  inspect(value: unknown, options?: InspectOptions): string;
  /** Sets whether a timer keeps the process alive. */
  set_vital(timer: ReturnType<typeof setTimeout>, is_vital: boolean): void;
  /** Whether an error means that the peer of a connection or a pipe is gone. */
  is_lost(error: unknown): boolean;
}

/** The signal that the platform gave a request, even if the request itself has another one now. */
function own_signal(request: Request): AbortSignal {
  return Reflect.get(Object.getPrototypeOf(request), "signal", request);
}

class OnDeno implements Platform {
  readonly version: string;
  readonly streams_from = 65537;
  readonly errors: typeof Deno.errors;
  #deno: typeof Deno;

  constructor(deno: typeof Deno) {
    this.#deno = deno;
    this.version = `Deno/${deno.version.deno}`;
    this.errors = deno.errors;
  }

  client_signal(request: Request): AbortSignal {
    withhold_warning();
    return own_signal(request);
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
      return null; // Deno requires --allow-all here.
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

/** How Deno's warning begins that `request.signal` is aborted after a response too. */
const WARNING = "Deno.serve: request.signal aborts on successful responses";

let has_withheld_warning = false;

/**
 * Withholds the warning that Deno prints once in a process, after the first response whose signal has been read: it
 * tells the developer to rely on something else, but the signal that a handler of this package gets is not aborted
 * then.
 */
function withhold_warning(): void {
  if (has_withheld_warning) return;
  has_withheld_warning = true;
  const { warn } = console;
  const without_it = (...data: unknown[]) => {
    if (!String(data[0]).startsWith(WARNING)) return warn(...data);
    if (console.warn === without_it) console.warn = warn;
  };
  console.warn = without_it;
}

/** The environment of a process on Linux. */
const ENVIRON_FILE = "/proc/self/environ";

/** Classes with the names of Deno's, on other platforms. */
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

/** A Worker, which has no process and no process streams. */
class OnWorkers implements Platform {
  readonly version: string = globalThis.navigator?.userAgent ?? "JavaScript";
  readonly streams_from = Infinity;
  readonly errors = OWN_ERRORS;
  /** The beginning of an unfinished line. */
  #line = "";

  client_signal(request: Request): AbortSignal {
    return own_signal(request);
  }

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

  /** Writes to the console, line by line. */
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
  return new Error("this platform has no process with streams of its own");
}

/** The parts of `process` that Node and Bun share. */
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

/** The error codes of a connection or a pipe whose peer is gone. */
const LOST = /^(EPIPE|ECONNRESET|ECONNABORTED|EINTR|ETIMEDOUT)$/;

/** The default size of a read. */
const BLOCK_SIZE = 65536;

/** How long to wait if a stream is not ready, in milliseconds. */
const PAUSE = 2;

/**
 * A process of Node or Bun. Its streams are accessed by file descriptor: the stream objects of `process` report errors
 * as events, and are slow to create.
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

  /** Fills the buffer of a reader, or the one allocated for it. */
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

  /** Writes nothing if the descriptor is not ready: another process that shares it may have made it non-blocking. */
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

/** The globals that identify a platform. */
interface Globals {
  Deno?: typeof Deno;
  process?: Partial<Process>;
}

function find_platform(globals: Globals): Platform {
  if (globals.Deno) return new OnDeno(globals.Deno);
  // Only now: reading it has Deno load its layer for Node, which takes as long as all else of a CGI script.
  const { process } = globals;
  // Workers may have a `process` too, with an empty environment.
  const is_process = process?.versions?.node && process.getBuiltinModule &&
    process.exit && globalThis.navigator?.userAgent !== "Cloudflare-Workers";
  return is_process ? new OnProcess(process as Process) : new OnWorkers();
}

/** The platform that this runs on. */
export const platform: Platform = find_platform(globalThis as Globals);
