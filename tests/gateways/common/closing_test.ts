/** A result that takes time to be closed: its client does not wait for it. */

import { assertEquals, assertMatch } from "@std/assert";
import type { WSGIApplication } from "../../../types.ts";
import { until } from "../../support/support.ts";
import { ask, open_gateway } from "../gateway_clients.ts";
import { hello } from "./apps.ts";
import { test_each } from "./each_protocol.ts";

/** Answers as `hello` does; its result is closed when `work` is done. */
function closing(
  work: () => Promise<void>,
  facts: string[],
): WSGIApplication {
  return async (environ, start_response) => {
    const blocks = await hello(environ, start_response);
    return {
      async *[Symbol.asyncIterator]() {
        yield* blocks;
      },
      async close() {
        facts.push("closing");
        await work();
        facts.push("closed");
      },
    };
  };
}

test_each("a client does not wait for close()", async (protocol) => {
  const work = Promise.withResolvers<void>();
  const facts: string[] = [];
  const app = closing(() => work.promise, facts);
  await using gateway = await open_gateway(protocol, app);
  const { text } = await ask(protocol, gateway.server);
  assertMatch(text, /\r\n\r\nHello$/);
  assertEquals(facts, ["closing"]);
  work.resolve();
  await until(() => facts.length === 2);
  assertEquals(facts, ["closing", "closed"]);
  assertEquals(gateway.log.text, '"GET / HTTP/1.1" 200 5\n');
});

test_each(
  "an error of close() behind the response is logged",
  async (protocol) => {
    const app = closing(async () => {
      throw new Error("the well is dry");
    }, []);
    await using gateway = await open_gateway(protocol, app);
    const { text } = await ask(protocol, gateway.server);
    assertMatch(text, /\r\n\r\nHello$/);
    await until(() => gateway.log.text.includes("Error: the well is dry\n"));
  },
);
