/** A web server that keeps its FastCGI connections leaves one whose request was answered before it was sent. */

import { assertEquals, assertMatch } from "@std/assert";
import { RECORD_TYPE } from "../../../gateways/fastcgi/codec.ts";
import type { WSGIApplication } from "../../../types.ts";
import { bytes, join, write_all } from "../../support/support.ts";
import { connect, fastcgi, open_gateway } from "../gateway_clients.ts";
import { request_pairs } from "../heads.ts";
import {
  begin_record,
  fastcgi_head,
  fastcgi_request,
  record,
  RecordReader,
  stdin,
} from "./records.ts";

const { ABORT_REQUEST, STDIN } = RECORD_TYPE;

const ignore: WSGIApplication = (_environ, start_response) => {
  start_response("200 OK", []);
  return [bytes("not read")];
};

const ANSWERED = '"GET / HTTP/1.1" 200 8\n';

const HEAD = fastcgi_head(1, request_pairs({ CONTENT_LENGTH: "900000" }));
const BODY = stdin(1, new Uint8Array(60_000));

/** What is logged where a web server sends `before`, waits for the answer, sends `behind`, and leaves. */
async function logged(
  before: Uint8Array[],
  behind: Uint8Array[] = [],
): Promise<string> {
  await using gateway = await open_gateway(fastcgi, ignore);
  const { server, log } = gateway;
  const conn = await connect(server.server_address);
  await write_all(conn, join(before));
  await new RecordReader(conn).answer(1);
  await write_all(conn, join(behind));
  conn.close();
  await server.shutdown();
  return log.text;
}

Deno.test("a body that is cut on a connection that is kept is nothing to log, wherever it is cut", async () => {
  for (const length of [1, 7, 8, 9, 30_000, BODY.length]) {
    const part = BODY.subarray(0, length);
    assertEquals(await logged([HEAD, part]), ANSWERED, `${length} before`);
    assertEquals(await logged([HEAD], [part]), ANSWERED, `${length} behind`);
  }
});

Deno.test("a request that is aborted amid its body is nothing to log", async () => {
  const abort = record(ABORT_REQUEST, 1);
  const behind = [abort, BODY.subarray(0, 100)];
  assertEquals(await logged([HEAD, BODY], behind), ANSWERED);
});

Deno.test("what is cut of another request is logged", async () => {
  const end = record(STDIN, 1);
  const behind = [BODY, end, begin_record(2).subarray(0, 10)];
  assertMatch(
    await logged([HEAD], behind),
    /^"GET [^\n]*\nclosed a connection: UnexpectedEof: [^\n]*\n$/,
  );
  const whole = fastcgi_request(2);
  assertMatch(
    await logged([HEAD], [begin_record(2), whole.subarray(16, 30)]),
    /\nclosed a connection: UnexpectedEof: [^\n]*\n$/,
  );
});

Deno.test("what is malformed behind a body that was not read is logged", async () => {
  assertMatch(
    await logged([HEAD], [bytes("\x02")]),
    /\nclosed a connection: TypeError: expected a record of FastCGI version 1, got 2\n$/,
  );
});
