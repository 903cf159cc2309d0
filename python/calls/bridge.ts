/** Calls Python: the counterpart of _tsgi_bridge.py. */

import { pbkdf2Sync, scryptSync } from "node:crypto";
import type {
  StartResponse,
  WSGIEnvironment,
  WSGIResult,
} from "@tsgi/serve/types";
import { Shapes } from "./environ.ts";
import { Exchange } from "./exchange.ts";
import { opened_file } from "../interpreter/file_system.ts";
import type { FileStream, Pyodide, PyProxy } from "../interpreter/pyodide.ts";
import type { ExceptionReport } from "../python_error.ts";
import { PythonError } from "../python_error.ts";
import type { RequestBody } from "./request_body.ts";
import { Watchdog } from "./watchdog.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Is called with the error that has crashed the interpreter, and must not return. */
export type OnFatal = (error: unknown) => never;

/** A `bytearray` of Python, as seen by JavaScript without copying. */
class SharedBytes {
  #proxy: PyProxy;
  #view: { data: Uint8Array<ArrayBuffer>; release(): void };

  constructor(proxy: PyProxy) {
    this.#proxy = proxy;
    this.#view = proxy.getBuffer("u8");
  }

  /** The bytes; when WebAssembly's memory has grown, the old view is empty, and a new one is needed. */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#view.data.length === 0) {
      this.#view.release();
      this.#view = this.#proxy.getBuffer("u8");
    }
    return this.#view.data;
  }
}

/** Calls the application of an interpreter. */
export class Bridge {
  #pyodide: Pyodide;
  #module: PyProxy;
  #call: (size: number) => number;
  #step: (number: number) => number;
  #close: (number: number) => boolean;
  #input: SharedBytes;
  #output: SharedBytes;
  #shapes: Shapes;
  /** The folder for bodies that are too long for memory. */
  readonly temporary: string;
  #exchanges = new Map<number, Exchange>();
  #last_number = 0;
  /** A text that is too long for the shared bytes. */
  #long_text = "";
  #on_fatal: OnFatal;
  #on_log: (text: string) => void;
  #watchdog: Watchdog | null = null;

  constructor(
    pyodide: Pyodide,
    environ: Readonly<Record<string, string>>,
    on_fatal: OnFatal,
    on_log: (text: string) => void,
  ) {
    this.#pyodide = pyodide;
    this.temporary = environ.TMPDIR || "/tmp";
    this.#on_fatal = on_fatal;
    this.#on_log = on_log;
    const bridge = this.#module = pyodide.pyimport("_tsgi_bridge");
    this.#call = bridge.call;
    this.#step = bridge.step;
    this.#close = bridge.close;
    this.#input = new SharedBytes(bridge.INPUT);
    this.#output = new SharedBytes(bridge.OUTPUT);
    this.#shapes = new Shapes(
      environ,
      (shape) => bridge.add_shape(this.#send(JSON.stringify(shape))),
      () => bridge.forget_shapes(),
    );
    const host = this.#host();
    bridge.set_up(host);
    pyodide.pyimport("_tsgi_missing").patch(host);
    pyodide.pyimport("_tsgi_lanes").patch();
  }

  /** Interrupts calls that take longer than `timeout` seconds. */
  limit_time(timeout: number): void {
    this.#watchdog = new Watchdog(timeout, this.#pyodide);
    this.#module.limit_time(timeout);
  }

  /** Calls the application for a request whose body has been received. */
  run(
    environ: WSGIEnvironment,
    start_response: StartResponse,
    body: RequestBody | null,
  ): WSGIResult {
    const number = this.#last_number = (this.#last_number + 1) & 0x3fffffff;
    const exchange = new Exchange(this, number, environ, start_response, body);
    const { shape, changes, extras } = this.#shapes.pack(environ);
    exchange.extras = extras;
    this.#exchanges.set(number, exchange);
    const of_body = body === null || body.size === 0
      ? ""
      : body.size <= this.#input.bytes.length
      ? body.size
      : "+";
    const size = this.#send(`${shape}\0${number}\0${of_body}${changes}`);
    const head = this.#cross(this.#call, size);
    return exchange.begin(
      head === 0 ? this.#long_text : this.#text(head),
      head,
    );
  }

  /** A copy of a part of Python's output. */
  output(start: number, end: number): Uint8Array<ArrayBuffer> {
    return this.#output.bytes.slice(start, end);
  }

  /** Takes the next step of a result; see `step` in _tsgi_bridge.py. */
  step(number: number): number {
    return this.#cross(this.#step, number);
  }

  /** Closes a result. */
  close(number: number): void {
    if (this.#cross(this.#close, number)) throw this.error_of(number);
  }

  /** The error that a request has failed with. */
  error_of(number: number): PythonError {
    const report = this.#cross(this.#module.error_of, number) as string;
    return new PythonError(JSON.parse(report) as ExceptionReport);
  }

  /** Forgets an exchange that Python has finished. */
  forget(number: number): void {
    this.#exchanges.delete(number);
  }

  /** The file on disk that Python has open as `fd`; null if it is not one. */
  file_of(fd: number): FileStream | null {
    return opened_file(this.#pyodide.FS, fd);
  }

  /** Calls Python, which catches all its exceptions: any error that gets here has crashed the interpreter. */
  #cross<Argument, Result>(
    callable: (argument: Argument) => Result,
    argument: Argument,
  ): Result {
    this.#watchdog?.begin();
    try {
      return callable(argument);
    } catch (error) {
      return this.#on_fatal(error);
    } finally {
      this.#watchdog?.end();
    }
  }

  /** Passes a text to Python; returns its size in bytes, 0 if it is too long for the shared bytes. */
  #send(text: string): number {
    const { read, written } = encoder.encodeInto(text, this.#input.bytes);
    if (read === text.length) return written;
    this.#long_text = text;
    return 0;
  }

  #text(size: number): string {
    return decoder.decode(this.#output.bytes.subarray(0, size));
  }

  /** The functions that Python may call meanwhile. */
  #host() {
    const exchange = (number: number) => this.#exchanges.get(number)!;
    return {
      text: () => this.#long_text,
      take: (number: number, size: number) =>
        exchange(number)?.take(this.#input.bytes.subarray(0, size)) ?? -1,
      problem: () => "wsgi.input was read after its request had ended",
      is_given_up: () => this.#watchdog!.is_given_up(),
      pid: Deno.pid,
      user_id,
      extras: (number: number) => exchange(number).extras,
      log: (number: number, text: string) => {
        const found = this.#exchanges.get(number);
        if (found) found.log(text);
        else this.#on_log(text);
      },
      keep: (number: number, head: PyProxy, body: PyProxy) => {
        this.#long_text = decoder.decode(copy_of(head));
        exchange(number).kept = copy_of(body);
      },
      write: (number: number, head: string | undefined, data: PyProxy) =>
        exchange(number).write(head, copy_of(data)),
      pbkdf2: (
        hash: string,
        password: Uint8Array,
        salt: Uint8Array,
        iterations: number,
        size: number,
      ) => derived(() => pbkdf2Sync(password, salt, iterations, size, hash)),
      scrypt: (
        password: Uint8Array,
        salt: Uint8Array,
        N: number,
        r: number,
        p: number,
        maxmem: number,
        size: number,
      ) => derived(() => scryptSync(password, salt, size, { N, r, p, maxmem })),
    };
  }
}

/** A copy of a bytes-like object of Python. */
function copy_of(proxy: PyProxy): Uint8Array<ArrayBuffer> {
  const view = proxy.getBuffer("u8");
  try {
    return view.data.slice();
  } finally {
    view.release();
  }
}

/** The id of the user or group of this process; undefined if it may not be known. */
function user_id(kind: "uid" | "gid"): number | null | undefined {
  const { state } = Deno.permissions.querySync({ name: "sys", kind });
  return state === "granted" ? Deno[kind]() : undefined;
}

/** The derived key, or an error message. */
function derived(derive: () => Uint8Array): Uint8Array | string {
  try {
    return new Uint8Array(derive());
  } catch (error) {
    return (error as Error).message;
  }
}
