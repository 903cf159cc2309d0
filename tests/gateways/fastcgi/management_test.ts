/** The management records of FastCGI. */

import { assertEquals } from "@std/assert";
import { RECORD_TYPE } from "../../../gateways/fastcgi/codec.ts";
import { request_pairs } from "../heads.ts";
import { fastcgi_head, name_values, record } from "./records.ts";
import { echo, echoed, open_session } from "./session.ts";

const { GET_VALUES, STDIN } = RECORD_TYPE;

Deno.test("GET_VALUES is answered with what was asked and is known", async () => {
  await using session = await open_session(echo, { max_connections: 7 });
  const asked = (...names: string[]) =>
    record(GET_VALUES, 0, name_values(names.map((name) => [name, ""])));
  const result = (content: string) => ({ type: 10, id: 0, content });
  await session.write(
    asked("FCGI_MPXS_CONNS", "FCGI_MAX_REQS", "FCGI_MAX_CONNS"),
  );
  assertEquals(
    await session.reader.next(),
    result(
      "\x0e\x01FCGI_MAX_CONNS7\x0d\x03FCGI_MAX_REQS896\x0f\x01FCGI_MPXS_CONNS1",
    ),
  );
  await session.write(asked("FCGI_MAX_CONNS", "UNKNOWN", "toString"));
  assertEquals(
    await session.reader.next(),
    result("\x0e\x01FCGI_MAX_CONNS7"),
  );
  await session.write(asked());
  assertEquals(await session.reader.next(), result(""));
});

Deno.test("a GET_VALUES that is malformed closes the connection", async () => {
  await using session = await open_session(echo);
  await session.write(record(GET_VALUES, 0, "\x05"));
  assertEquals(await session.reader.next(), null);
  assertEquals(
    session.gateway.log.text,
    "closed a connection: TypeError: expected names and values in 1 bytes, got one that exceeds them\n",
  );
});

Deno.test("types that are unknown are answered", async () => {
  await using session = await open_session(echo);
  for (const type of [0, 10, 11, 12, 255]) {
    await session.write(record(type, 0, "what?", 3));
    assertEquals(await session.reader.next(), {
      type: RECORD_TYPE.UNKNOWN_TYPE,
      id: 0,
      content: `${String.fromCharCode(type)}\0\0\0\0\0\0\0`,
    });
  }
});

Deno.test("types that are unknown are answered within a request", async () => {
  await using session = await open_session(echo);
  await session.write(
    fastcgi_head(1, request_pairs({ PATH_INFO: "/a" })),
    record(200, 1),
  );
  assertEquals(await session.reader.next(), {
    type: RECORD_TYPE.UNKNOWN_TYPE,
    id: 0,
    content: "\xc8\0\0\0\0\0\0\0",
  });
  await session.write(record(STDIN, 1));
  assertEquals(await session.reader.answer(1), echoed("/a "));
});
