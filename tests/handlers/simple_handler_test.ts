/** `SimpleHandler` between two streams: stdin as `wsgi.input`, and stdout. */

import { assertEquals } from "@std/assert";
import { toText } from "@std/streams";
import { BaseCGIHandler, SimpleHandler } from "../../handlers.ts";
import { bytes, Log, Sink, stream_of, text } from "../support/support.ts";
import { answering } from "./answers.ts";

Deno.test("SimpleHandler leaves stdout open and unlocked", async () => {
  for (const app of [answering(["x"]), answering([]), () => null as never]) {
    const stdout = new Sink();
    await new SimpleHandler(stream_of(), stdout, new Log(), {}).run(app);
    assertEquals(stdout.locked, false);
    await stdout.close();
  }
});

Deno.test("SimpleHandler takes multithread and multiprocess", () => {
  const flags = (...args: boolean[]) => {
    const handler = new SimpleHandler(
      stream_of(),
      new Sink(),
      new Log(),
      {},
      ...args,
    );
    return [handler.wsgi_multithread, handler.wsgi_multiprocess];
  };
  assertEquals(flags(), [true, false]);
  assertEquals(flags(false, true), [false, true]);
});

Deno.test("SimpleHandler waits for stdout before it asks for the next block", async () => {
  const events: string[] = [];
  const stdout = new WritableStream<Uint8Array>({
    async write(chunk) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      events.push(`wrote ${text(chunk).slice(-1)}`);
    },
  });
  const handler = new BaseCGIHandler(stream_of(), stdout, new Log(), {});
  await handler.run(function* (_environ, start_response) {
    start_response("200 OK", []);
    for (const block of ["1", "2", "3"]) {
      events.push(`made ${block}`);
      yield bytes(block);
    }
  });
  assertEquals(events, [
    "made 1",
    "wrote 1",
    "made 2",
    "wrote 2",
    "made 3",
    "wrote 3",
  ]);
});

async function read_input(
  stdin: ReadableStream<Uint8Array>,
  environ: Record<string, string>,
): Promise<string> {
  const stdout = new Sink();
  const handler = new BaseCGIHandler(stdin, stdout, new Log(), environ);
  await handler.run(async (environ, start_response) => {
    const body = await toText(environ["wsgi.input"]).catch(String);
    start_response("200 OK", []);
    return [bytes(body)];
  });
  return stdout.text.split("\r\n\r\n")[1]!;
}

Deno.test("wsgi.input ends at CONTENT_LENGTH, though stdin goes on and stays open", async () => {
  const open = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(bytes("hello and more")),
  });
  assertEquals(await read_input(open, { CONTENT_LENGTH: "5" }), "hello");
});

Deno.test("wsgi.input asks a stream of bytes for no more than CONTENT_LENGTH", async () => {
  const asked: number[] = [];
  const stdin = new ReadableStream({
    type: "bytes",
    pull(controller) {
      const view = controller.byobRequest!.view as Uint8Array;
      asked.push(view.length);
      view[0] = 0x61;
      controller.byobRequest!.respond(1);
    },
  });
  assertEquals(await read_input(stdin, { CONTENT_LENGTH: "3" }), "aaa");
  assertEquals(asked, [3, 2, 1]);
  assertEquals(stdin.locked, false);
});

Deno.test("wsgi.input joins the chunks of stdin", async () => {
  const stdin = stream_of("he", "", "l", "lo and more");
  assertEquals(await read_input(stdin, { CONTENT_LENGTH: "5" }), "hello");
});

Deno.test("wsgi.input is empty without a CONTENT_LENGTH", async () => {
  for (const CONTENT_LENGTH of ["", "0", "00"]) {
    assertEquals(await read_input(stream_of("x"), { CONTENT_LENGTH }), "");
  }
  assertEquals(await read_input(stream_of("x"), {}), "");
});

Deno.test("wsgi.input fails when stdin ends before CONTENT_LENGTH", async () => {
  assertEquals(
    await read_input(stream_of("hel"), { CONTENT_LENGTH: "5" }),
    "UnexpectedEof: the request body ended after 3 of 5 bytes",
  );
});

Deno.test("wsgi.input lets go of stdin when it is cancelled", async () => {
  const stdin = stream_of("hello", "world");
  const stdout = new Sink();
  const handler = new BaseCGIHandler(stdin, stdout, new Log(), {
    CONTENT_LENGTH: "10",
  });
  await handler.run(async (environ, start_response) => {
    for await (const chunk of environ["wsgi.input"]) {
      start_response("200 OK", []);
      return [chunk];
    }
    return [];
  });
  assertEquals(
    stdout.text,
    "Status: 200 OK\r\nContent-Length: 5\r\n\r\nhello",
  );
  assertEquals(stdin.locked, false);
});
