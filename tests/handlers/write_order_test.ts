/** `write()` that is not awaited: the transport is given one block at a time, in order, and the result follows. */

import { assertEquals } from "@std/assert";
import { type ByteWriter, SimpleHandler } from "../../handlers.ts";
import type { WSGIApplication } from "../../types.ts";
import { bytes, Log, stream_of, text } from "../support/support.ts";

/** A stdout that takes less time for each block, as a disk or a pool of threads may. */
class HastyWriter implements ByteWriter {
  body = "";
  is_busy = false;
  overlaps = 0;
  #delay = 12;

  async write(data: Uint8Array): Promise<void> {
    if (this.is_busy) this.overlaps++;
    this.is_busy = true;
    await new Promise((resolve) => setTimeout(resolve, this.#delay /= 2));
    this.body += text(data);
    this.is_busy = false;
  }
}

/** Runs an application; what has been written then, and what is logged. */
async function written_by(
  app: WSGIApplication,
  stdout = new HastyWriter(),
): Promise<{ body: string; overlaps: number; log: string }> {
  const log = new Log();
  const handler = new SimpleHandler(stream_of(), stdout, log, {
    REQUEST_METHOD: "GET",
  });
  handler.origin_server = false;
  await handler.run(app);
  return { body: stdout.body, overlaps: stdout.overlaps, log: log.text };
}

const head = "Status: 200 OK\r\n";

Deno.test("write() that is not awaited never overlaps what follows", async () => {
  const results: Record<string, WSGIApplication> = {
    array: () => [bytes("d"), bytes("e")],
    one_block: () => [bytes("de")],
    *generator() {
      yield bytes("d");
      yield bytes("e");
    },
    file: (environ) => environ["wsgi.file_wrapper"]!(stream_of("d", "e")),
  };
  for (const [name, result] of Object.entries(results)) {
    const seen = await written_by((environ, start_response) => {
      const write = start_response("200 OK", []);
      for (const block of ["a", "b", "c"]) write(bytes(block));
      return result(environ, start_response);
    });
    assertEquals(
      seen,
      { body: `${head}\r\nabcde`, overlaps: 0, log: "" },
      name,
    );
  }
});

Deno.test("write() that is not awaited never overlaps the block of a generator that calls it", async () => {
  const seen = await written_by(function* (_environ, start_response) {
    const write = start_response("200 OK", []);
    write(bytes("a"));
    yield bytes("b");
    write(bytes("c"));
    write(bytes("d"));
    yield bytes("e");
  });
  assertEquals(seen, { body: `${head}\r\nabcde`, overlaps: 0, log: "" });
});

Deno.test("write() that is not awaited may reuse its block, and fails alone past the Content-Length", async () => {
  let failure = "";
  const seen = await written_by((_environ, start_response) => {
    const write = start_response("200 OK", [["Content-Length", "2"]]);
    const block = new Uint8Array(1);
    for (const letter of ["a", "b", "c"]) {
      block.set(bytes(letter));
      write(block).catch((error) => failure += error.message);
    }
    return [];
  });
  assertEquals(seen, {
    body: `${head}Content-Length: 2\r\n\r\nab`,
    overlaps: 0,
    log: "",
  });
  assertEquals(failure, "write() exceeds the Content-Length of 2: 3 bytes");
});

Deno.test("write() that is not awaited is not sent once the response has failed", async () => {
  const stdout = new HastyWriter();
  const written: Promise<void>[] = [];
  await written_by((_environ, start_response) => {
    const write = start_response("200 OK", []);
    for (const block of ["a", "b"]) written.push(write(bytes(block)));
    throw new Error("on purpose");
  }, stdout);
  const outcomes = (await Promise.allSettled(written)).map((outcome) =>
    outcome.status === "rejected" ? outcome.reason.message : "written"
  );
  assertEquals(outcomes, [
    "written",
    "write() was called after the response had ended",
  ]);
  assertEquals(stdout.body, `${head}\r\na`);
});
