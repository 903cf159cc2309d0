/** `ABORT_REQUEST`, and a web server that leaves its FastCGI connection. */

import { assertEquals, assertMatch } from "@std/assert";
import { toText } from "@std/streams";
import { RECORD_TYPE } from "../../../gateways/fastcgi/codec.ts";
import { bytes, until } from "../../support/support.ts";
import { request_pairs } from "../heads.ts";
import {
  begin_record,
  fastcgi_head,
  fastcgi_request,
  name_values,
  record,
} from "./records.ts";
import {
  app_status,
  echo,
  echoed,
  gated,
  open_session,
  stalled,
} from "./session.ts";

const { ABORT_REQUEST, PARAMS, STDIN, STDOUT } = RECORD_TYPE;

Deno.test("ABORT_REQUEST ends a request that has not begun", async () => {
  await using session = await open_session(echo);
  await session.write(
    begin_record(1),
    record(PARAMS, 1, name_values([["A", "b"]])),
    record(ABORT_REQUEST, 1),
    fastcgi_request(2, { PATH_INFO: "/next" }),
  );
  const { text, ended, app_status } = await session.reader.answer(1);
  assertEquals([text, ended, app_status], ["", true, 1]);
  assertEquals(await session.reader.answer(2), echoed("/next "));
});

Deno.test("ABORT_REQUEST closes a result that is stalled, once", async () => {
  const state = stalled();
  await using session = await open_session(state.app);
  await session.write(fastcgi_request(1));
  assertEquals((await session.reader.next())!.type, STDOUT);
  await session.write(record(ABORT_REQUEST, 1));
  const { ended, app_status } = await session.reader.answer(1);
  assertEquals([ended, app_status], [true, 1]);
  await until(() => state.closed > 0);
  await session.write(record(ABORT_REQUEST, 1));
  await session.gateway.server.shutdown();
  assertEquals(state.closed, 1);
  assertMatch(session.gateway.log.text, /^"GET \/ HTTP\/1.1" 200 5\n$/);
});

Deno.test("ABORT_REQUEST cancels a stream that is stalled", async () => {
  let cancelled = 0;
  await using session = await open_session((_environ, start_response) => {
    start_response("200 OK", []);
    return new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(bytes("first")),
      cancel: () => void cancelled++,
    });
  });
  await session.write(fastcgi_request(1));
  assertEquals((await session.reader.next())!.type, STDOUT);
  await session.write(record(ABORT_REQUEST, 1));
  await session.reader.answer(1);
  await until(() => cancelled > 0);
  assertEquals(cancelled, 1);
});

Deno.test("ABORT_REQUEST makes wsgi.input fail", async () => {
  const failed = Promise.withResolvers<unknown>();
  await using session = await open_session(async (environ, start_response) => {
    await toText(environ["wsgi.input"]).catch((error) => {
      failed.resolve(error);
      throw error;
    });
    start_response("200 OK", []);
    return [];
  });
  const variables = { CONTENT_LENGTH: "5" };
  await session.write(
    fastcgi_head(1, request_pairs(variables)),
    record(STDIN, 1, "Hel"),
  );
  await session.write(record(ABORT_REQUEST, 1));
  assertEquals(
    String(await failed.promise),
    "ConnectionAborted: the client has disconnected",
  );
  assertEquals((await session.reader.answer(1)).app_status, 1);
});

Deno.test("ABORT_REQUEST ends an endless response", async () => {
  let closed = 0;
  await using session = await open_session((_environ, start_response) => {
    start_response("200 OK", []);
    return {
      async *[Symbol.asyncIterator]() {
        while (true) {
          yield new Uint8Array(65536);
          await null;
        }
      },
      close: () => void closed++,
    };
  });
  await session.write(fastcgi_request(1));
  await session.reader.next();
  await session.write(record(ABORT_REQUEST, 1));
  assertEquals(await app_status(session, 1), 1);
  await until(() => closed > 0);
  // The connection is good for another one.
  await session.write(fastcgi_request(2), record(ABORT_REQUEST, 2));
  assertEquals(await app_status(session, 2), 1);
  await until(() => closed > 1);
});

Deno.test("what an aborted application still does disturbs nobody", async () => {
  const { app, open } = gated();
  await using session = await open_session(app);
  await session.write(
    fastcgi_request(1, { PATH_INFO: "/slow" }),
    record(ABORT_REQUEST, 1),
  );
  assertEquals((await session.reader.answer(1)).app_status, 1);
  // The same number, while the first application still runs.
  await session.write(fastcgi_request(1, { PATH_INFO: "/fast" }));
  open("/slow");
  await new Promise((resolve) => setTimeout(resolve, 20));
  open("/fast");
  assertEquals(await session.reader.answer(1), echoed("/fast "));
});

Deno.test("ABORT_REQUEST closes a connection that is not to be kept", async () => {
  const state = stalled();
  await using session = await open_session(state.app);
  await session.write(fastcgi_request(1, {}, { keep: false }));
  await session.reader.next();
  await session.write(record(ABORT_REQUEST, 1));
  assertEquals((await session.reader.answer(1)).app_status, 1);
  assertEquals(await session.reader.next(), null);
});

Deno.test("a web server that leaves has all results on its connection closed", async () => {
  const state = stalled();
  await using session = await open_session(state.app);
  for (let id = 1; id <= 5; id++) await session.write(fastcgi_request(id));
  await until(() => state.begun === 5);
  session.conn.close();
  await until(() => state.closed === 5);
});

Deno.test("a web server that ends its side is gone, though what is written waits for it", async () => {
  let closed = 0;
  await using session = await open_session((_environ, start_response) => {
    start_response("200 OK", []);
    return {
      async *[Symbol.asyncIterator]() {
        while (true) yield new Uint8Array(1_000_000);
      },
      close: () => void closed++,
    };
  });
  await session.write(fastcgi_request(1));
  await session.reader.next(); // The first of it has come; the rest is not read.
  await session.conn.closeWrite();
  await until(() => closed === 1);
});

Deno.test("a request that was left before its turn is not run", async () => {
  let ran = 0;
  await using session = await open_session((_environ, start_response) => {
    ran++;
    start_response("200 OK", []);
    return [];
  }, { waiting: true });
  const { server } = session.gateway;
  await session.write(fastcgi_request(1));
  await session.write(fastcgi_request(2), record(ABORT_REQUEST, 1));
  assertEquals((await session.reader.answer(1)).app_status, 1);
  server.serve_forever();
  assertEquals((await session.reader.answer(2)).ended, true);
  assertEquals(ran, 1);
});
