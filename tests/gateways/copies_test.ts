/** Which blocks are copied before they are sent: those that their application may use again, and no others. */

import { assertEquals } from "@std/assert";
import { GatewayHandler } from "../../gateways/gateway_handler.ts";
import { ResponseHandler } from "../../handlers.ts";
import type { WSGIApplication } from "../../types.ts";
import { FileWrapper, setup_testing_defaults } from "../../util.ts";

const BLOCKS = [new Uint8Array([1, 2]), new Uint8Array(70_000).fill(3)];

const STREAM = () => ReadableStream.from(BLOCKS);

/** Always copied, because it need not be awaited. */
const WRITE = "write()";

/** Whether each kind of body is copied; both blocks are, or none. */
const KINDS: Record<string, [is_copied: boolean, WSGIApplication]> = {
  "an array": [false, begun(() => BLOCKS)],
  "an array with a close()": [
    true,
    begun(() => Object.assign([...BLOCKS], { close() {} })),
  ],
  "a stream": [false, begun(STREAM)],
  "a stream with a close()": [
    true,
    begun(() => Object.assign(STREAM(), { close() {} })),
  ],
  "a file": [false, begun(() => new FileWrapper(STREAM()))],
  "a generator": [
    true,
    begun(function* () {
      yield* BLOCKS;
    }),
  ],
  "an async generator": [
    true,
    begun(async function* () {
      yield* BLOCKS;
    }),
  ],
  [WRITE]: [true, async (_environ, start_response) => {
    const write = start_response("200 OK", []);
    for (const block of BLOCKS) await write(block);
    return [];
  }],
};

function begun(
  give: () => ReturnType<WSGIApplication>,
): WSGIApplication {
  return (_environ, start_response) => {
    start_response("200 OK", []);
    return give();
  };
}

/** A request, and the log for it. */
function request(method = "GET") {
  const environ = { REQUEST_METHOD: method };
  setup_testing_defaults(environ);
  return environ;
}

/** Counts what it copies. */
class Counting extends ResponseHandler {
  copies = 0;

  override keep_block(block: Uint8Array): Uint8Array {
    this.copies++;
    return super.keep_block(block);
  }
}

function counting(method?: string): Counting {
  const environ = request(method);
  return new Counting(environ["wsgi.input"], environ["wsgi.errors"], environ);
}

for (const [kind, [is_copied, application]] of Object.entries(KINDS)) {
  Deno.test(`a Response ${is_copied ? "copies" : "does not copy"} the blocks of ${kind}`, async () => {
    const handler = counting();
    const response = await handler.respond(application);
    const sent = await Array.fromAsync(response.body!);
    assertEquals(sent, BLOCKS);
    const copies = sent.filter((block, i) => block !== BLOCKS[i]).length;
    const expected = is_copied ? BLOCKS.length : 0;
    const kept = kind === WRITE ? 0 : expected;
    assertEquals([copies, handler.copies], [expected, kept]);
  });

  Deno.test(`a Response to a HEAD copies nothing of ${kind}`, async () => {
    const handler = counting("HEAD");
    await (await handler.respond(application)).body?.cancel();
    assertEquals(handler.copies, 0);
  });

  const does = kind === WRITE ? "copies" : "does not copy";
  Deno.test(`a gateway ${does} the large blocks of ${kind}`, async () => {
    const environ = request();
    const written: Uint8Array[] = [];
    const handler = new GatewayHandler(
      environ["wsgi.input"],
      { write: (data) => void written.push(data) },
      environ["wsgi.errors"],
      environ,
    );
    handler.server = { log_request() {} };
    await handler.run(application);
    const sent = [...written, ...handler.take_rest()];
    // Blocks that are there together are sent together.
    const together = kind === "an array";
    assertEquals(sent.includes(BLOCKS[1]!), !together && kind !== WRITE);
  });
}
