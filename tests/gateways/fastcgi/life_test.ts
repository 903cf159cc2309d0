/** `handle_request()` and `shutdown()` with FastCGI connections that are kept. */

import { assertEquals } from "@std/assert";
import { RECORD_TYPE } from "../../../gateways/fastcgi/codec.ts";
import { fastcgi_request, record } from "./records.ts";
import {
  app_status,
  echo,
  echoed,
  gated,
  open_session,
  settle,
} from "./session.ts";

const { ABORT_REQUEST, END_REQUEST } = RECORD_TYPE;

Deno.test("handle_request() resolves when the request has been ended", async () => {
  await using session = await open_session(echo, { waiting: true });
  const { server } = session.gateway;
  await session.write(fastcgi_request(1, { PATH_INFO: "/a" }));
  await server.handle_request();
  await server.server_close();
  assertEquals(await session.reader.answer(1), echoed("/a "));
});

Deno.test("shutdown() closes a kept connection behind the last request on it", async () => {
  const { app, open } = gated();
  await using session = await open_session(app);
  await session.write(
    fastcgi_request(1, { PATH_INFO: "/1" }),
    fastcgi_request(2, { PATH_INFO: "/2" }),
  );
  await settle(session);
  const down = session.gateway.server.shutdown();
  open("/1");
  assertEquals(await session.reader.answer(1), echoed("/1 "));
  open("/2");
  assertEquals(await session.reader.answer(2), echoed("/2 "));
  assertEquals(await session.reader.next(), null);
  await down;
});

Deno.test("shutdown() does not wait for a connection whose request was aborted", async () => {
  const { app, open } = gated();
  await using session = await open_session(app);
  await session.write(
    fastcgi_request(1, { PATH_INFO: "/slow" }),
    record(ABORT_REQUEST, 1),
  );
  assertEquals((await session.reader.answer(1)).app_status, 1);
  // The application still runs when the server is to stop.
  const down = session.gateway.server.shutdown();
  open("/slow");
  await down;
  assertEquals(await session.reader.next(), null);
});

Deno.test("shutdown() lets a request end that its client reads slowly", async () => {
  const size = 8 << 20;
  await using session = await open_session((_environ, start_response) => {
    start_response("200 OK", []);
    return [new Uint8Array(size)];
  });
  await session.write(fastcgi_request(1));
  await session.reader.next();
  const down = session.gateway.server.shutdown();
  await new Promise((resolve) => setTimeout(resolve, 400));
  assertEquals(await app_status(session, 1), 0);
  await down;
});

Deno.test("shutdown() turns a request away that nobody handles", async () => {
  await using session = await open_session(echo, { waiting: true });
  await session.write(fastcgi_request(1));
  await settle(session);
  const down = session.gateway.server.shutdown();
  assertEquals(await session.reader.next(), {
    type: END_REQUEST,
    id: 1,
    content: "\0\0\0\0\x02\0\0\0",
  });
  assertEquals(await session.reader.next(), null);
  await down;
});
