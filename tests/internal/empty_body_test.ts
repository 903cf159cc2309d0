/** `empty_body()`: a stream in every respect, whatever is done to others like it. */

import { assertEquals } from "@std/assert";
import { empty_body, is_empty_body } from "../../_internal/streams/body.ts";

type Body = ReadableStream<Uint8Array>;

/** A stream as the platform creates it, which has ended. */
function ended_stream(): Body {
  return new ReadableStream({ start: (controller) => controller.close() });
}

/** What the platform makes of a stream: a value, or what it throws. */
const USES: Record<string, (body: Body) => unknown> = {
  async "iterating it"(body) {
    const blocks = [];
    for await (const block of body) blocks.push(block);
    return [blocks, body.locked];
  },
  "reading it": (body) => body.getReader().read(),
  "waiting for its end": (body) => body.getReader().closed,
  "a reader of bytes": (body) => body.getReader({ mode: "byob" }),
  async "a second reader"(body) {
    await body.getReader().read();
    return body.getReader();
  },
  async "a reader after another"(body) {
    const reader = body.getReader();
    await reader.read();
    reader.releaseLock();
    return await body.getReader().read();
  },
  "its text": (body) => new Response(body).text(),
  "its JSON": (body) => new Response(body).json(),
  async "reading a Response twice"(body) {
    const response = new Response(body);
    const text = await response.text();
    return [text, response.bodyUsed, body.locked];
  },
  "a Request": (body) =>
    new Request("http://localhost/", { method: "POST", body }).bytes(),
  async "tee()"(body) {
    const parts = body.tee().map((part) => new Response(part).text());
    return [await Promise.all(parts), body.locked];
  },
  async "cancel()"(body) {
    return [await body.cancel("enough"), body.locked];
  },
  "cancel() while it is locked"(body) {
    body.getReader();
    return body.cancel();
  },
  async "a Response after cancel()"(body) {
    await body.cancel();
    return String(new Response(body));
  },
  async "pipeTo()"(body) {
    let closed = false;
    await body.pipeTo(
      new WritableStream({ close: () => void (closed = true) }),
    );
    return [closed, body.locked];
  },
  "pipeThrough()": (body) =>
    new Response(body.pipeThrough(new TransformStream())).text(),
  async "writing a file"(body) {
    const path = await Deno.makeTempFile();
    await Deno.writeFile(path, body);
    const { size } = await Deno.stat(path);
    await Deno.remove(path);
    return size;
  },
  "its kind": (body) => [
    body instanceof ReadableStream,
    body.constructor === ReadableStream,
    String(body),
    Object.keys(body),
    JSON.stringify(body),
    Deno.inspect(body),
  ],
  "structuredClone()": (body) => structuredClone(body),
};

async function outcome(use: (body: Body) => unknown, body: Body) {
  try {
    const value = await use(body);
    return { value: Deno.inspect(value) };
  } catch (error) {
    return { error: String(error) };
  }
}

for (const [name, use] of Object.entries(USES)) {
  Deno.test(`empty_body() is a stream like any other: ${name}`, async () => {
    const before = empty_body();
    const found = await outcome(use, empty_body());
    assertEquals(found, await outcome(use, ended_stream()));
    // Nor does another one notice.
    for (const other of [before, empty_body()]) {
      assertEquals(other.locked, false);
      assertEquals(await new Response(other).text(), "");
    }
  });
}

Deno.test("is_empty_body() is true of an empty_body() only", () => {
  assertEquals(is_empty_body(empty_body()), true);
  assertEquals(is_empty_body(ended_stream()), false);
});
