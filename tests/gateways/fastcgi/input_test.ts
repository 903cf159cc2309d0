/** What comes in by FastCGI: variables and bodies in any records. */

import { assertEquals, assertRejects } from "@std/assert";
import { toText } from "@std/streams";
import { RECORD_TYPE } from "../../../gateways/fastcgi/codec.ts";
import { bytes, join } from "../../support/support.ts";
import { connect, read_to_end, send } from "../gateway_clients.ts";
import { request_pairs } from "../heads.ts";
import {
  answer_of,
  begin_record,
  fastcgi_head,
  fastcgi_request,
  name_values,
  read_records,
  record,
  stdin,
  stream_records,
} from "./records.ts";
import { echo, echoed, open_session } from "./session.ts";

const { ABORT_REQUEST, PARAMS, STDIN } = RECORD_TYPE;

Deno.test("PARAMS and STDIN may be split anywhere", async () => {
  await using session = await open_session(echo);
  const pairs = name_values(
    request_pairs({ PATH_INFO: "/a", CONTENT_LENGTH: "5", X: "y".repeat(200) }),
  );
  for (const size of [1, 2, 3, 7, 64]) {
    await session.write(
      begin_record(1),
      stream_records(PARAMS, 1, pairs, size),
      record(PARAMS, 1),
      stream_records(STDIN, 1, "Hello", size),
      record(STDIN, 1),
    );
    assertEquals(await session.reader.answer(1), echoed("/a Hello"));
  }
});

Deno.test("names and values may have lengths of four bytes", async () => {
  await using session = await open_session(echo);
  const pairs = request_pairs({ PATH_INFO: "/wide" });
  await session.write(
    begin_record(1),
    record(PARAMS, 1, name_values(pairs, true)),
    record(PARAMS, 1),
    record(STDIN, 1),
  );
  assertEquals(await session.reader.answer(1), echoed("/wide "));
});

Deno.test("a body without CONTENT_LENGTH lasts to the end of STDIN", async () => {
  await using session = await open_session(echo);
  const pairs = request_pairs({ PATH_INFO: "/a" }).slice(1);
  const empty = [["CONTENT_LENGTH", ""] as const, ...pairs];
  for (const variables of [pairs, empty]) {
    await session.write(
      fastcgi_head(1, variables),
      record(STDIN, 1, "one "),
      record(STDIN, 1, "two"),
      record(STDIN, 1),
    );
    assertEquals(await session.reader.answer(1), echoed("/a one two"));
  }
});

Deno.test("a body longer than CONTENT_LENGTH ends there", async () => {
  await using session = await open_session(echo);
  const variables = { PATH_INFO: "/a", CONTENT_LENGTH: "5" };
  await session.write(
    fastcgi_head(1, request_pairs(variables)),
    record(STDIN, 1, "Hel"),
    record(STDIN, 1, "lo world"),
    record(STDIN, 1, "more"),
  );
  assertEquals(await session.reader.answer(1), echoed("/a Hello"));
});

Deno.test("a body shorter than CONTENT_LENGTH fails", async () => {
  let reason: unknown;
  await using session = await open_session(async (environ, start_response) => {
    reason = await assertRejects(() => toText(environ["wsgi.input"]));
    start_response("400 Bad Request", []);
    return [];
  });
  const variables = { CONTENT_LENGTH: "5" };
  await session.write(
    fastcgi_head(1, request_pairs(variables)),
    record(STDIN, 1, "Hel"),
    record(STDIN, 1),
  );
  const { text } = await session.reader.answer(1);
  assertEquals(text, "400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  assertEquals(
    String(reason),
    "UnexpectedEof: the request body ended after 3 of 5 bytes",
  );
});

Deno.test("what comes for a request that has ended is ignored", async () => {
  await using session = await open_session((_environ, start_response) => {
    start_response("200 OK", []);
    return [];
  });
  const variables = { CONTENT_LENGTH: "300000" };
  await session.write(fastcgi_head(1, request_pairs(variables)));
  const { text } = await session.reader.answer(1);
  assertEquals(text, "200 OK\r\nContent-Length: 0\r\n\r\n");
  await session.write(
    stdin(1, new Uint8Array(300_000)),
    record(STDIN, 1),
    record(ABORT_REQUEST, 1),
    record(PARAMS, 1, "x"),
    record(STDIN, 77, "never begun"),
    fastcgi_request(2),
  );
  assertEquals((await session.reader.answer(2)).text, text);
  // The number may be used again.
  await session.write(fastcgi_request(1));
  assertEquals((await session.reader.answer(1)).text, text);
});

Deno.test("an application that does not read its body is answered, and the connection goes on", async () => {
  await using session = await open_session((environ, start_response) => {
    start_response("200 OK", []);
    return [bytes(String(environ.PATH_INFO))];
  });
  const size = 4 << 20;
  const variables = { PATH_INFO: "/large", CONTENT_LENGTH: String(size) };
  const sent = session.write(
    fastcgi_head(1, request_pairs(variables)),
    stdin(1, new Uint8Array(size)),
    record(STDIN, 1),
    fastcgi_request(2, { PATH_INFO: "/next" }),
  );
  assertEquals(await session.reader.answer(1), echoed("/large"));
  await sent;
  assertEquals(await session.reader.answer(2), echoed("/next"));
});

Deno.test("an input that is cancelled does not cost the answer", async () => {
  await using session = await open_session(async (environ, start_response) => {
    await environ["wsgi.input"].cancel();
    start_response("200 OK", []);
    return [bytes("/a")];
  });
  // Without a length, so that the input is the stream itself.
  const head = fastcgi_head(1, request_pairs().slice(1), { keep: false });
  await session.write(head);
  const { conn } = session;
  await send(conn, stdin(1, new Uint8Array(4 << 20)));
  const raw = await read_to_end(conn);
  assertEquals(answer_of(read_records(raw)), echoed("/a"));
});

Deno.test("a body that is cut behind the answer is nothing to log", async () => {
  await using session = await open_session((_environ, start_response) => {
    start_response("200 OK", []);
    return [bytes("not read")];
  });
  const head = fastcgi_head(1, request_pairs({ CONTENT_LENGTH: "1000000" }), {
    keep: false,
  });
  const body = stdin(1, new Uint8Array(60_000));
  await session.write(head, body.subarray(0, 30_000));
  const answer = await session.reader.answer(1);
  assertEquals(answer.ended, true);
  session.conn.close();
  const { log, server } = session.gateway;
  await server.shutdown();
  assertEquals(log.text, '"GET / HTTP/1.1" 200 8\n');
});

Deno.test("a kept connection that ends amid a body is nothing to log, whether the body is wanted or not", async () => {
  const left = Promise.withResolvers<unknown>();
  await using session = await open_session(async (environ, start_response) => {
    if (environ.PATH_INFO === "/reads") {
      const reading = toText(environ["wsgi.input"]);
      left.resolve(reading);
      await reading;
    }
    start_response("200 OK", []);
    return [bytes("not read")];
  });
  const { log, server } = session.gateway;
  const variables = { CONTENT_LENGTH: "900000" };
  const cut_body = stdin(1, new Uint8Array(60_000)).subarray(0, 30_000);
  await session.write(
    fastcgi_head(1, request_pairs({ ...variables, PATH_INFO: "/ignores" })),
    cut_body,
  );
  assertEquals((await session.reader.answer(1)).ended, true);
  session.conn.close();
  using conn = await connect(server.server_address);
  await send(
    conn,
    join([
      fastcgi_head(1, request_pairs({ ...variables, PATH_INFO: "/reads" })),
      cut_body,
    ]),
  );
  conn.close();
  await left.promise.catch(() => {});
  await server.shutdown();
  assertEquals(log.text.match(/^closed.*/m), null);
});
