/** What `answer` and its like can be asked for by `X-Answer`: the steps of a script, and every kind of result. */

import type {
  HeaderList,
  Reader,
  StartResponse,
  WSGIEnvironment,
  WSGIResult,
} from "../../../types.ts";
import { bytes } from "../../support/bytes.ts";
import { note } from "./facts.ts";
import { PLAIN } from "./ok.ts";

/** One step of a body: a block, an error that is thrown in its place, or a value that is no block. */
export type Step = string | { error: string } | { value: unknown };

/** What an application does, in the order of the members. */
export interface Script {
  /** Throws before `start_response` is called. */
  before?: string;
  /** What `start_response` is given; null leaves the call out. */
  status?: unknown;
  /** The headers; a `Content-Type` alone without them. */
  headers?: unknown;
  /** Throws after it was called. */
  after?: string;
  /** Blocks that are written before the result is returned, each of them awaited. */
  write?: string[];
  /** What the result is; an array without it. */
  kind?: keyof typeof kinds;
  /** The steps of its body. */
  blocks?: Step[];
  /** What its `close()` throws. */
  close?: string;
}

export function script_of(environ: WSGIEnvironment): Script {
  return JSON.parse(environ.HTTP_X_ANSWER!);
}

function take(step: Step): Uint8Array {
  if (typeof step === "string") return bytes(step);
  if ("error" in step) throw new Error(step.error);
  return step.value as Uint8Array;
}

export function* steps({ blocks = [] }: Script): Generator<Uint8Array> {
  for (const block of blocks) yield take(block);
}

export async function* async_steps(script: Script): AsyncGenerator<Uint8Array> {
  for (const block of steps(script)) {
    await null;
    yield block;
  }
}

function closing(environ: WSGIEnvironment, { close }: Script) {
  return {
    close() {
      note(environ, "closed");
      if (close) throw new Error(close);
    },
  };
}

function stream_source(environ: WSGIEnvironment, script: Script) {
  const blocks = steps(script);
  return {
    pull(
      controller:
        | ReadableStreamDefaultController<Uint8Array>
        | ReadableByteStreamController,
    ) {
      const { done, value } = blocks.next();
      if (done) controller.close();
      else controller.enqueue(value as Uint8Array<ArrayBuffer>);
    },
    cancel: () => note(environ, "cancelled"),
  };
}

/** The blocks as a file has them: anything with `read()`. */
function reader_of(environ: WSGIEnvironment, script: Script): Reader {
  const blocks = steps(script);
  return {
    read(p: Uint8Array) {
      const { done, value } = blocks.next();
      if (done) return Promise.resolve(null);
      p.set(value);
      return Promise.resolve(value.length);
    },
    ...closing(environ, script),
  };
}

/** Every kind of result, with the steps of a script. */
const kinds = {
  array: (environ: WSGIEnvironment, script: Script) =>
    Object.assign([...steps(script)], closing(environ, script)),
  set: (environ: WSGIEnvironment, script: Script) =>
    Object.assign(new Set(steps(script)), closing(environ, script)),
  iterable: (environ: WSGIEnvironment, script: Script) => ({
    [Symbol.iterator]: () => steps(script),
    ...closing(environ, script),
  }),
  "async iterable": (environ: WSGIEnvironment, script: Script) => ({
    [Symbol.asyncIterator]: () => async_steps(script),
    ...closing(environ, script),
  }),
  generator: function* (environ: WSGIEnvironment, script: Script) {
    try {
      yield* steps(script);
    } finally {
      note(environ, "finished");
    }
  },
  "async generator": async function* (
    environ: WSGIEnvironment,
    script: Script,
  ) {
    try {
      yield* async_steps(script);
    } finally {
      note(environ, "finished");
    }
  },
  stream: (environ: WSGIEnvironment, script: Script) =>
    new ReadableStream(stream_source(environ, script), { highWaterMark: 0 }),
  "byte stream": (environ: WSGIEnvironment, script: Script) =>
    new ReadableStream({ type: "bytes", ...stream_source(environ, script) }),
  file: (environ: WSGIEnvironment, script: Script) =>
    environ["wsgi.file_wrapper"]!(reader_of(environ, script)),
  "file of a stream": (environ: WSGIEnvironment, script: Script) =>
    environ["wsgi.file_wrapper"]!(
      new ReadableStream(stream_source(environ, script), { highWaterMark: 0 }),
    ),
} satisfies Record<string, (...args: never[]) => unknown>;

/** The names of all kinds of results. */
export const result_kinds = Object.keys(kinds) as (keyof typeof kinds)[];

/** Does what a script says up to its result. */
export function begin(
  environ: WSGIEnvironment,
  start_response: StartResponse,
  script: Script,
): void | Promise<void> {
  const { before, status = "200 OK", headers = PLAIN, after } = script;
  if (before) throw new Error(before);
  if (status === null) return;
  const write = start_response(status as string, headers as HeaderList);
  if (after) throw new Error(after);
  if (script.write) return write_all(environ, write, script.write);
}

async function write_all(
  environ: WSGIEnvironment,
  write: (data: Uint8Array) => Promise<void>,
  blocks: string[],
): Promise<void> {
  for (const block of blocks) await write(bytes(block));
  note(environ, "written");
}

export function result_of(
  environ: WSGIEnvironment,
  script: Script,
): WSGIResult {
  return kinds[script.kind ?? "array"](environ, script) as WSGIResult;
}
