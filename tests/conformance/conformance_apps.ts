/**
 * The applications of the conformance table, by name, and one application that picks among them, so that any
 * process can run them all behind any server.
 *
 * A request says by headers what is wanted, which leaves its path and its query to the rows: `X-Application` is the
 * name, `X-Validator` puts a validator around it, `X-Answer` is what `answer` shall do, `X-Key` is what the
 * facts of this request are noted under. The application `facts` gives those of a key: how often a result was
 * closed, a file, a generator. They are in the memory of the process, or in the folder that the variable
 * `CONFORMANCE_FACTS` names where several processes have to share them. The application `mark` writes the key into
 * the log, so that a reader of the log knows what belongs to the requests before.
 */

import { createHash } from "node:crypto";
import { TextLineStream, toText } from "@std/streams";
import type {
  HeaderList,
  Reader,
  StartResponse,
  WSGIApplication,
  WSGIEnvironment,
  WSGIResult,
} from "../../types.ts";
import { application_uri, request_uri, shift_path_info } from "../../util.ts";
import { validator } from "../../validate.ts";

// What was seen beside the answers

const memory = new Map<string, string[]>();

/** Notes that something happened during a request. */
function note(environ: WSGIEnvironment, fact: string): void {
  const key = environ.HTTP_X_KEY!;
  const folder = Deno.env.get("CONFORMANCE_FACTS");
  if (folder) {
    const options = { append: true, create: true };
    Deno.writeTextFileSync(`${folder}/${key}`, `${fact}\n`, options);
  } else if (memory.has(key)) memory.get(key)!.push(fact);
  else memory.set(key, [fact]);
}

/** How often each fact was noted under a key. */
function count_facts(key: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const fact of noted(key)) counts[fact] = (counts[fact] ?? 0) + 1;
  return counts;
}

function noted(key: string): string[] {
  const folder = Deno.env.get("CONFORMANCE_FACTS");
  if (!folder) return memory.get(key) ?? [];
  try {
    return Deno.readTextFileSync(`${folder}/${key}`).split("\n").slice(0, -1);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

// Bodies

/** Bytes that are a long time without a period, so that nothing can be lost, doubled or moved unseen. */
export function pattern(size: number): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(size);
  for (let i = 0; i < size; i++) data[i] = (i * 31 + (i >> 8) * 17) >> 3;
  return data;
}

/** What stands for a body that is too long to be written down. */
export interface Digest {
  length: number;
  sha256: string;
}

/** The digest of the blocks of a body. */
export async function digest_of(
  blocks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<Digest> {
  const hash = createHash("sha256");
  let length = 0;
  for await (const block of blocks) {
    hash.update(block);
    length += block.length;
  }
  return { length, sha256: hash.digest("hex") };
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** JSON in ASCII, whatever bytes the strings in it hold. */
export function json(value: unknown): Uint8Array {
  // deno-lint-ignore no-control-regex
  const text = JSON.stringify(value).replace(/[^\x00-\x7e]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return bytes(text);
}

// What `answer` can be asked for

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

function script_of(environ: WSGIEnvironment): Script {
  return JSON.parse(environ.HTTP_X_ANSWER!);
}

function take(step: Step): Uint8Array {
  if (typeof step === "string") return bytes(step);
  if ("error" in step) throw new Error(step.error);
  return step.value as Uint8Array;
}

function* steps({ blocks = [] }: Script): Generator<Uint8Array> {
  for (const block of blocks) yield take(block);
}

async function* async_steps(script: Script): AsyncGenerator<Uint8Array> {
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

const PLAIN: HeaderList = [["Content-Type", "text/plain"]];

/** Does what a script says up to its result. */
function begin(
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

function result_of(environ: WSGIEnvironment, script: Script): WSGIResult {
  return kinds[script.kind ?? "array"](environ, script) as WSGIResult;
}

function ok(start_response: StartResponse, body: Uint8Array): WSGIResult {
  start_response("200 OK", PLAIN);
  return [body];
}

// The applications

const answering: Record<string, WSGIApplication> = {
  /** Does what `X-Answer` says. */
  answer(environ, start_response) {
    const script = script_of(environ);
    const begun = begin(environ, start_response, script);
    return begun
      ? begun.then(() => result_of(environ, script))
      : result_of(environ, script);
  },

  async async_answer(environ, start_response) {
    await null;
    const script = script_of(environ);
    await begin(environ, start_response, script);
    return result_of(environ, script);
  },

  /** An application that is a generator itself, and so begins when its first block is asked for. */
  *generator_answer(environ, start_response) {
    const script = script_of(environ);
    begin(environ, start_response, script);
    try {
      yield* steps(script);
    } finally {
      note(environ, "finished");
    }
  },

  async *async_generator_answer(environ, start_response) {
    await null;
    const script = script_of(environ);
    await begin(environ, start_response, script);
    try {
      yield* async_steps(script);
    } finally {
      note(environ, "finished");
    }
  },

  /** Blocks of the pattern: as many bytes as the query's `size` says, `block` at a time. */
  *pattern(environ, start_response) {
    const query = new URLSearchParams(environ.QUERY_STRING);
    const data = pattern(Number(query.get("size")));
    const block = Number(query.get("block") ?? 65536);
    start_response("200 OK", PLAIN);
    for (let i = 0; i < data.length; i += block) {
      yield data.subarray(i, i + block);
    }
  },

  /** The pattern as one block. */
  pattern_block(environ, start_response) {
    const query = new URLSearchParams(environ.QUERY_STRING);
    return ok(start_response, pattern(Number(query.get("size"))));
  },

  /** Blocks without end. */
  *endless(environ, start_response) {
    start_response("200 OK", PLAIN);
    try {
      while (true) yield bytes("a".repeat(1000));
    } finally {
      note(environ, "finished");
    }
  },

  /** One block, and then nothing for ever. */
  stalled(environ, start_response) {
    start_response("200 OK", PLAIN);
    return new ReadableStream({
      start: (controller) => controller.enqueue(bytes("a")),
      cancel: () => note(environ, "cancelled"),
    });
  },

  /** A license, which every checkout has, from the offset that the query says. */
  async file(environ, start_response) {
    const file = await Deno.open(new URL("../../LICENSE", import.meta.url));
    await file.seek(Number(environ.QUERY_STRING), Deno.SeekMode.Start);
    start_response("200 OK", PLAIN);
    return environ["wsgi.file_wrapper"]!(file, 100);
  },
};

/** The input, read to its end by the application. */
async function read_input(environ: WSGIEnvironment): Promise<Digest> {
  return await digest_of(environ["wsgi.input"]);
}

const reading: Record<string, WSGIApplication> = {
  async input_digest(environ, start_response) {
    return ok(start_response, json(await read_input(environ)));
  },

  /** The input as the result. */
  echo(environ, start_response) {
    start_response("200 OK", PLAIN);
    return environ["wsgi.input"];
  },

  async input_text(environ, start_response) {
    return ok(start_response, bytes(await toText(environ["wsgi.input"])));
  },

  async input_json(environ, start_response) {
    const input = environ["wsgi.input"] as ReadableStream<
      Uint8Array<ArrayBuffer>
    >;
    return ok(start_response, json(await new Response(input).json()));
  },

  async input_lines(environ, start_response) {
    const lines = environ["wsgi.input"]
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string>)
      .pipeThrough(new TextLineStream());
    return ok(start_response, json(await Array.fromAsync(lines)));
  },

  /** Reads the first chunk and leaves the rest. */
  async input_begun(environ, start_response) {
    const reader = environ["wsgi.input"].getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    return ok(start_response, bytes(value!.length > 0 ? "begun" : "empty"));
  },

  /** The same without letting go of its reader. */
  async input_kept(environ, start_response) {
    const { value } = await environ["wsgi.input"].getReader().read();
    return ok(start_response, bytes(value!.length > 0 ? "kept" : "empty"));
  },

  async input_cancelled(environ, start_response) {
    await environ["wsgi.input"].cancel();
    return ok(start_response, bytes("cancelled"));
  },

  input_left(_environ, start_response) {
    return ok(start_response, bytes("left"));
  },

  /** Notes whether the input fails, as it must where the client sent less than it said. */
  async input_cut(environ, start_response) {
    try {
      await read_input(environ);
      note(environ, "input ended");
    } catch {
      note(environ, "input failed");
    }
    return ok(start_response, bytes("noted"));
  },
};

const showing: Record<string, WSGIApplication> = {
  /** The variables that `X-Show` names. */
  environ(environ, start_response) {
    const names = environ.HTTP_X_SHOW!.split(" ");
    const shown = names.map((name) => [name, environ[name] ?? null]);
    return ok(start_response, json(Object.fromEntries(shown)));
  },

  /** The types of what has no text. */
  wsgi_variables(environ, start_response) {
    const { "wsgi.input": input, "wsgi.errors": errors } = environ;
    return ok(
      start_response,
      json({
        version: environ["wsgi.version"],
        input: input instanceof ReadableStream && !input.locked,
        input_terminated: environ["wsgi.input_terminated"],
        errors: [errors.write, errors.writelines, errors.flush]
          .map((method) => typeof method),
        flags: ["multithread", "multiprocess", "run_once"]
          .map((name) => typeof environ[`wsgi.${name}`]),
        file_wrapper: typeof environ["wsgi.file_wrapper"],
        plain: Object.getPrototypeOf(environ) === Object.prototype &&
          !Object.isFrozen(environ),
        copy: Object.keys({ ...environ }).length ===
          Reflect.ownKeys(environ).length,
      }),
    );
  },

  /** The URIs of the request, before and after the segments were shifted that the query counts. */
  uris(environ, start_response) {
    const segments = [];
    for (let i = Number(environ.HTTP_X_SHIFT ?? 0); i > 0; i--) {
      segments.push(shift_path_info(environ));
    }
    return ok(
      start_response,
      json({
        segments,
        script_name: environ.SCRIPT_NAME,
        path_info: environ.PATH_INFO,
        application: application_uri(environ),
        request: request_uri(environ),
        without_query: request_uri(environ, false),
      }),
    );
  },

  /** Writes to the log in every way. */
  errors(environ, start_response) {
    const errors = environ["wsgi.errors"];
    errors.write("one\n");
    errors.writelines(["two\n", "thr", "ee\n"]);
    errors.flush();
    return ok(start_response, bytes("logged"));
  },

  /** Changes all of its environ, which the next request must not see. */
  environ_changed(environ, start_response) {
    const seen = "x.seen" in environ;
    for (const key of Object.keys(environ)) delete environ[key];
    environ["x.seen"] = true;
    return ok(start_response, json({ seen }));
  },
};

const writing: Record<string, WSGIApplication> = {
  /** Writes without awaiting any of it, and returns more. */
  write_unawaited(_environ, start_response) {
    const write = start_response("200 OK", PLAIN);
    for (const block of ["a", "b", "c"]) write(bytes(block));
    return [bytes("d")];
  },

  /** Writes what is no block and does not look at the promise. */
  write_wrong(_environ, start_response) {
    const write = start_response("200 OK", PLAIN);
    write("text" as unknown as Uint8Array);
    return [];
  },

  /** Writes more than its Content-Length, and notes that it was refused. */
  async write_past_length(environ, start_response) {
    const write = start_response("200 OK", [...PLAIN, ["Content-Length", "3"]]);
    await write(bytes("abc"));
    try {
      await write(bytes("d"));
    } catch {
      note(environ, "refused");
    }
    return [];
  },

  /** Writes, then fails. */
  async write_then_error(_environ, start_response) {
    const write = start_response("200 OK", PLAIN);
    await write(bytes("a"));
    throw new Error("after write()");
  },

  /** A generator that calls `write` in the place of yielding. */
  async *write_in_generator(_environ, start_response) {
    const write = start_response("200 OK", PLAIN);
    await write(bytes("a"));
    yield bytes("b");
  },
};

const erring: Record<string, WSGIApplication> = {
  /** Replaces what it had begun by a page of its own. */
  exc_info_before(_environ, start_response) {
    start_response("200 OK", [...PLAIN, ["X-First", "yes"]]);
    try {
      throw new Error("handled");
    } catch (error) {
      start_response("503 Service Unavailable", PLAIN, error);
    }
    return [bytes("replaced")];
  },

  /** Tries the same when the headers have gone out. */
  *exc_info_after(_environ, start_response) {
    start_response("200 OK", PLAIN);
    yield bytes("a");
    try {
      throw new Error("too late");
    } catch (error) {
      start_response("503 Service Unavailable", PLAIN, error);
    }
    yield bytes("never");
  },

  start_twice(_environ, start_response) {
    start_response("200 OK", PLAIN);
    start_response("200 OK", PLAIN);
    return [bytes("never")];
  },

  /** The headers are changed after the call, which must not show. */
  headers_changed(_environ, start_response) {
    const headers: HeaderList = [["Content-Type", "text/plain"]];
    start_response("200 OK", headers);
    headers[0]![1] = "text/html";
    headers.push(["X-Late", "yes"]);
    return [bytes("a")];
  },

  /** A middleware that has the application answer a HEAD as it answers a GET: the body is the server's to leave out. */
  head_as_get(environ, start_response) {
    environ.REQUEST_METHOD = "GET";
    return ok(start_response, bytes("Hello"));
  },

  throw_nothing() {
    throw undefined;
  },

  throw_text() {
    throw "a text";
  },

  async reject() {
    await null;
    throw new TypeError("rejected");
  },
};

/** What is returned in the place of a result. */
const wrong_results: Record<string, unknown> = {
  string: "text",
  null: null,
  undefined: undefined,
  number: 5,
  bytes: bytes("bare"),
  object: {},
  function: () => [],
};

for (const [name, result] of Object.entries(wrong_results)) {
  erring[`return_${name}`] = (_environ, start_response) => {
    start_response("200 OK", PLAIN);
    return result as WSGIResult;
  };
}

/** All applications by their names. */
export const applications: Record<string, WSGIApplication> = {
  ...answering,
  ...reading,
  ...showing,
  ...writing,
  ...erring,
};

// The dispatcher

const validated: Record<string, WSGIApplication> = Object.fromEntries(
  Object.entries(applications).map(([name, app]) => [name, validator(app)]),
);

/** The applications for whoever runs the table. */
const service: Record<string, WSGIApplication> = {
  facts(environ, start_response) {
    return ok(start_response, json(count_facts(environ.HTTP_X_KEY!)));
  },
  mark(environ, start_response) {
    environ["wsgi.errors"].write(`${environ.HTTP_X_KEY}\n`);
    return ok(start_response, bytes("marked"));
  },
};

/** The application that runs the one which the request names. */
export const dispatcher: WSGIApplication = (environ, start_response) => {
  const { HTTP_X_APPLICATION: name = "", HTTP_X_VALIDATOR } = environ;
  const app = service[name] ??
    (HTTP_X_VALIDATOR ? validated : applications)[name];
  if (!app) throw new Error(`there is no application ${JSON.stringify(name)}`);
  return app(environ, start_response);
};

export default dispatcher;
