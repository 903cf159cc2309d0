/** The course of `run()`: when it is over, and what it leaves behind. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { BaseCGIHandler, SimpleHandler } from "../../handlers.ts";
import { bytes, Log, run_app, Sink, stream_of } from "../support/support.ts";
import { answering, PLAIN } from "./answers.ts";
import { SynchronousHandler } from "./synchronous_handler.ts";

Deno.test("run() is over when it returns if nothing has to be waited for", async () => {
  const handler = new SynchronousHandler();
  const events: string[] = [];
  handler.log_request = (code, size) => events.push(`${code} ${size}`);
  const result = Object.assign([bytes("Hello")], {
    close: () => void events.push("closed"),
  });
  const running = handler.run((_environ, start_response) => {
    start_response("200 OK", PLAIN);
    return result;
  });
  events.push("returned");
  await running;
  assertEquals(events, ["200 5", "closed", "returned"]);
  assertStringIncludes(handler.output, "Content-Length: 5\r\n\r\nHello");
});

Deno.test("what a handler does to the bytes that it is given has no effect on the next response", async () => {
  class Handler extends SynchronousHandler {
    override _write(data: Uint8Array) {
      super._write(data);
      data.fill(0);
    }
  }
  for (let time = 0; time < 2; time++) {
    const handler = new Handler();
    await handler.run(answering(["Hello"]));
    assertEquals(
      handler.output,
      "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nHello",
    );
  }
});

Deno.test("run() rejects, and does not throw, where the end of a request fails", async () => {
  const handler = new SynchronousHandler();
  handler.close = () => {};
  handler.log_request = () => {
    throw new Error("no log");
  };
  const running = handler.run(answering(["Hello"]));
  const error = await assertRejects(() => running, Error);
  assertEquals(error.message, "no log");
});

Deno.test("run() keeps the state of a failed response", async () => {
  const failing = new WritableStream<Uint8Array>({
    write() {
      throw new TypeError("the disk is full");
    },
  });
  const log = new Log();
  const handler = new SimpleHandler(stream_of(), failing, log, {
    SERVER_PROTOCOL: "HTTP/1.0",
  });
  await handler.run(answering(["x"]));
  assertStringIncludes(log.text, "TypeError: the disk is full");
  assertEquals(handler.status, "200 OK");
  assertEquals(handler.headers!.get("Content-Type"), "text/plain");
  assertEquals(handler.result, [bytes("x")]);
  assertEquals(handler.environ!.SERVER_PROTOCOL, "HTTP/1.0");
});

Deno.test("run() resets the state after success", async () => {
  const { handler } = await run_app(answering(["x"]));
  assertEquals([handler.status, handler.headers, handler.result], [
    null,
    null,
    null,
  ]);
  assertEquals(handler.environ, null);
  assertEquals([handler.headers_sent, handler.bytes_sent], [false, 0]);
});

Deno.test("a handler serves one request after another", async () => {
  const stdout = new Sink();
  const handler = new BaseCGIHandler(stream_of(), stdout, new Log(), {});
  await handler.run(answering(["one"], []));
  await handler.run(answering(["two"], []));
  assertEquals(
    stdout.text,
    "Status: 200 OK\r\nContent-Length: 3\r\n\r\none" +
      "Status: 200 OK\r\nContent-Length: 3\r\n\r\ntwo",
  );
});
