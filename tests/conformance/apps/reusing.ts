/** The applications that use a block again once they may, and those whose blocks stand in memory of another kind. */

import { Buffer } from "node:buffer";
import type { WSGIApplication, WSGIEnvironment } from "../../../types.ts";
import { bytes } from "../../support/bytes.ts";
import { pattern } from "./content.ts";
import { PLAIN } from "./ok.ts";
import { license_url, open_file } from "./process.ts";

/** The size of the body that the query says, and of its blocks. */
function sizes_of({ QUERY_STRING }: WSGIEnvironment): [number, number] {
  const query = new URLSearchParams(QUERY_STRING);
  return [Number(query.get("size")), Number(query.get("block"))];
}

/** The pattern block by block, each in the same memory as the one before. */
function* reused(environ: WSGIEnvironment): Generator<Uint8Array> {
  const [size, block] = sizes_of(environ);
  const data = pattern(size);
  const buffer = new Uint8Array(block);
  for (let i = 0; i < size; i += block) {
    const part = data.subarray(i, i + block);
    buffer.set(part);
    yield buffer.subarray(0, part.length);
  }
  buffer.fill(0);
}

/** Memory that is shared with other threads. */
function shared(text: string): Uint8Array {
  const block = new Uint8Array(new SharedArrayBuffer(text.length));
  block.set(bytes(text));
  return block;
}

/** Memory whose size may change. */
function resizable(text: string): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(
    new ArrayBuffer(text.length, { maxByteLength: 100 }),
  );
  block.set(bytes(text));
  return block;
}

export const reusing: Record<string, WSGIApplication> = {
  async reused_in_write(environ, start_response) {
    const write = start_response("200 OK", PLAIN);
    for (const block of reused(environ)) await write(block);
    return [];
  },

  *reused_in_generator(environ, start_response) {
    start_response("200 OK", PLAIN);
    yield* reused(environ);
  },

  async *reused_in_async_generator(environ, start_response) {
    start_response("200 OK", PLAIN);
    for (const block of reused(environ)) {
      await null;
      yield block;
    }
  },

  reused_in_iterable(environ, start_response) {
    start_response("200 OK", PLAIN);
    return { [Symbol.iterator]: () => reused(environ) };
  },

  /** Blocks of Node's, whose `slice()` is the same memory again. */
  *reused_buffer(_environ, start_response) {
    start_response("200 OK", PLAIN);
    const buffer = Buffer.alloc(1);
    for (const char of "abc") {
      buffer.write(char);
      yield buffer;
    }
    buffer.fill(0);
  },

  /** A file whose reads fill the same buffer. */
  async *reused_for_file(_environ, start_response) {
    const file = await open_file(license_url());
    const buffer = new Uint8Array(100);
    start_response("200 OK", PLAIN);
    try {
      for (let length; (length = await file.read(buffer)) !== null;) {
        yield buffer.subarray(0, length);
      }
    } finally {
      file.close();
    }
  },

  /** Blocks that go back to a pool when the result is closed. */
  array_cleared_by_close(_environ, start_response) {
    start_response("200 OK", PLAIN);
    const blocks = [bytes("ab"), bytes("c")];
    return Object.assign(blocks, {
      close() {
        for (const block of blocks) block.fill(0);
      },
    });
  },

  *block_given_away(_environ, start_response) {
    start_response("200 OK", PLAIN);
    const block = bytes("never");
    structuredClone(block.buffer, { transfer: [block.buffer] });
    yield block;
  },

  *block_made_smaller(_environ, start_response) {
    start_response("200 OK", PLAIN);
    const block = resizable("abc");
    yield block;
    block.buffer.resize(1);
    yield block;
  },

  one_resizable_block: (_environ, start_response) => {
    start_response("200 OK", PLAIN);
    return [resizable("abc")];
  },

  one_shared_block(_environ, start_response) {
    start_response("200 OK", PLAIN);
    return [shared("abc")];
  },

  two_shared_blocks(_environ, start_response) {
    start_response("200 OK", PLAIN);
    return [shared("a"), shared("bc")];
  },

  *shared_blocks_in_generator(_environ, start_response) {
    start_response("200 OK", PLAIN);
    yield shared("a");
    yield shared("bc");
  },

  /** One block, which is all that the `Content-Length` tells of. */
  *whole_shared_block(_environ, start_response) {
    start_response("200 OK", [...PLAIN, ["Content-Length", "3"]]);
    yield shared("abc");
  },

  async shared_blocks_in_write(_environ, start_response) {
    const write = start_response("200 OK", PLAIN);
    await write(shared("a"));
    await write(shared("bc"));
    return [];
  },
};
