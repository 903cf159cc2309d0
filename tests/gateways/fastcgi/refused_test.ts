/** FastCGI records and requests that are refused. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { RECORD_TYPE } from "../../../gateways/fastcgi/codec.ts";
import { bytes, until } from "../../support/support.ts";
import { request_pairs } from "../heads.ts";
import {
  begin_record,
  fastcgi_head,
  fastcgi_request,
  name_values,
  record,
  stream_records,
} from "./records.ts";
import { echo, echoed, gated, open_session, stalled } from "./session.ts";

const { END_REQUEST, PARAMS, STDIN } = RECORD_TYPE;

Deno.test("roles other than the responder are refused", async () => {
  await using session = await open_session(echo);
  for (const role of [0, 2, 3, 9]) {
    await session.write(
      begin_record(role + 1, { role }),
      record(PARAMS, role + 1, "x"),
      record(PARAMS, role + 1),
    );
    assertEquals(await session.reader.next(), {
      type: END_REQUEST,
      id: role + 1,
      content: "\0\0\0\0\x03\0\0\0",
    });
  }
  await session.write(fastcgi_request(1, { PATH_INFO: "/a" }));
  assertEquals(await session.reader.answer(1), echoed("/a "));
});

Deno.test("a role that is refused closes a connection that is not to be kept", async () => {
  await using session = await open_session(echo);
  await session.write(begin_record(1, { role: 2, keep: false }));
  assertEquals((await session.reader.next())!.type, END_REQUEST);
  assertEquals(await session.reader.next(), null);
});

Deno.test("a connection takes 128 requests at once", async () => {
  const { app, open } = gated();
  await using session = await open_session(app);
  for (let id = 1; id <= 128; id++) {
    await session.write(fastcgi_request(id, { PATH_INFO: "/slow" }));
  }
  await session.write(fastcgi_request(129, { PATH_INFO: "/fast" }));
  assertEquals(await session.reader.next(), {
    type: END_REQUEST,
    id: 129,
    content: "\0\0\0\0\x02\0\0\0",
  });
  open("/slow");
  let ended = 0;
  while (ended < 128) {
    if ((await session.reader.next())!.type === END_REQUEST) ended++;
  }
  open("/fast");
  await session.write(fastcgi_request(129, { PATH_INFO: "/fast" }));
  assertEquals(await session.reader.answer(129), echoed("/fast "));
});

Deno.test("a request may not be begun twice", async () => {
  const { app } = gated();
  await using session = await open_session(app);
  await session.write(begin_record(1), begin_record(1));
  assertEquals(await session.reader.next(), null);
  assertEquals(
    session.gateway.log.text,
    "closed a connection: TypeError: expected the beginning of another request than 1, got 8 bytes\n",
  );
});

Deno.test("variables behind the last are refused", async () => {
  const state = stalled();
  await using session = await open_session(state.app);
  await session.write(fastcgi_head(1, request_pairs()));
  await until(() => state.begun === 1);
  await session.write(record(PARAMS, 1, "x"));
  await until(() => state.closed === 1);
  await session.gateway.server.shutdown();
  assertStringIncludes(
    session.gateway.log.text,
    "closed a connection: TypeError: expected no variables after the last of request 1, got more\n",
  );
});

Deno.test("a request that is malformed is not run, if that is seen in time", async () => {
  const state = stalled();
  await using session = await open_session(state.app);
  await session.write(
    fastcgi_head(1, request_pairs()),
    record(PARAMS, 1, "x"),
  );
  assertEquals(await session.reader.next(), null);
  assertEquals(
    session.gateway.log.text,
    "closed a connection: TypeError: expected no variables after the last of request 1, got more\n",
  );
  assertEquals(state.begun, 0);
});

Deno.test("a body before its variables is refused", async () => {
  await using session = await open_session(echo);
  await session.write(begin_record(1), record(STDIN, 1, "early"));
  assertEquals(await session.reader.next(), null);
  assertEquals(
    session.gateway.log.text,
    "closed a connection: TypeError: expected the variables of request 1 before its body\n",
  );
});

Deno.test("variables of many records are limited as a whole", async () => {
  await using session = await open_session(echo, { max_header_size: 1000 });
  const pairs = name_values([["A", "x".repeat(1500)]]);
  await session.write(begin_record(1), stream_records(PARAMS, 1, pairs, 100));
  assertEquals(await session.reader.next(), null);
  assertEquals(
    session.gateway.log.text,
    "closed a connection: RangeError: expected a head of at most 1000 bytes, got one of 1100\n",
  );
});

Deno.test("what is wrong on a connection ends the requests that are under way on it", async () => {
  const state = stalled();
  await using session = await open_session(state.app);
  await session.write(fastcgi_request(1));
  await until(() => state.begun === 1);
  await session.write(bytes("\x02"));
  await until(() => state.closed === 1);
  assertEquals((await session.reader.answer(1)).ended, false);
  assertStringIncludes(
    session.gateway.log.text,
    "closed a connection: TypeError: expected a record of FastCGI version 1, got 2\n",
  );
});

Deno.test("a head that is cut is a line in the log, also behind a request", async () => {
  await using session = await open_session(echo);
  await session.write(fastcgi_request(1));
  await session.reader.answer(1);
  const head = fastcgi_head(2, request_pairs());
  await session.write(head.subarray(0, 40));
  session.conn.close();
  const { log, server } = session.gateway;
  await server.shutdown();
  assertMatch(log.text, /\nclosed a connection: UnexpectedEof: [^\n]*\n$/);
});
