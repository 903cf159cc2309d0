/** The body of a response, of which what is there already is taken before the response begins: so its length is known. */

type Step = ReadableStreamReadResult<Uint8Array>;

const DONE: Step = { done: true, value: undefined };

/** How many bytes are taken at most before the first of them is sent. */
const MOST = 1024 * 1024;

/** The blocks of a body. */
export class ResponseBody {
  #stream: ReadableStream<Uint8Array>;
  #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** What was there. */
  #blocks: Uint8Array[] = [];
  /** What has been asked for behind that. */
  #next: Step | Promise<Step> | null = null;
  /** Whether the stream has failed: there is nothing left of it to cancel. */
  #has_failed = false;

  /** @throws {TypeError} If the stream is locked. */
  constructor(stream: ReadableStream<Uint8Array>) {
    this.#stream = stream;
    this.#reader = stream.getReader();
  }

  /**
   * Takes what is there. A text, bytes and what is made of them come in one block, and the end behind it; a `Blob` and a
   * form are streams of bytes, each block of which is there. Of any other stream no more than two blocks are asked for:
   * it may be one that has to wait.
   *
   * @returns The number of bytes, if that is the whole body.
   * @throws What the stream fails with.
   */
  async take_ready(): Promise<number | null> {
    let size = 0;
    while (this.#blocks.length < 2 || size <= MOST && this.#is_of_bytes()) {
      const next = this.#next = this.#ask();
      if (!await is_settled(next)) return null;
      const step = await next;
      if (step.done) {
        this.#next = DONE;
        return size;
      }
      this.#next = null;
      this.#blocks.push(step.value);
      size += step.value.length;
    }
    return null;
  }

  /** Whether the body is a stream of bytes. To find that out takes as long as all the rest, and few bodies need it. */
  #is_of_bytes(): boolean {
    this.#reader.releaseLock();
    const is_so = is_of_bytes(this.#stream);
    this.#reader = this.#stream.getReader();
    return is_so;
  }

  /** The next block. */
  read(): Step | Promise<Step> {
    const value = this.#blocks.shift();
    if (value) return { done: false, value };
    const next = this.#next ?? this.#ask();
    if (next !== DONE) this.#next = null;
    return next;
  }

  /** Lets go of what is left. */
  async cancel(): Promise<void> {
    const has_ended = this.#has_failed || this.#next === DONE;
    if (!has_ended) await this.#reader.cancel();
  }

  async #ask(): Promise<Step> {
    try {
      return await this.#reader.read();
    } catch (error) {
      this.#has_failed = true;
      throw error;
    }
  }
}

function is_of_bytes(stream: ReadableStream): boolean {
  try {
    stream.getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}

/** How many turns of the microtask queue a block takes at most that is there: on Deno it is nine. */
const TURNS = 20;

/** Whether a promise settles without anything from outside. */
async function is_settled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = () => void (settled = true);
  promise.then(settle, settle);
  for (let turn = 0; turn < TURNS && !settled; turn++) await null;
  return settled;
}
