/** FastCGI connections that are kept, and requests side by side on them. */

import { assertEquals } from "@std/assert";
import { RECORD_TYPE } from "../../../gateways/fastcgi/codec.ts";
import type { WSGIApplication } from "../../../types.ts";
import { bytes } from "../../support/support.ts";
import { ask, fastcgi, read_to_end } from "../gateway_clients.ts";
import { request_pairs } from "../heads.ts";
import {
  answer_of,
  begin_record,
  fastcgi_request,
  name_values,
  read_records,
  type ReceivedRecord,
  record,
} from "./records.ts";
import { echo, echoed, gated, open_session } from "./session.ts";

const { END_REQUEST, PARAMS, STDERR, STDIN, STDOUT } = RECORD_TYPE;

Deno.test("a connection is kept for requests one after the other", async () => {
  await using session = await open_session(echo);
  for (const path of ["/1", "/2", "/3"]) {
    await session.write(fastcgi_request(1, { PATH_INFO: path }, { body: "b" }));
    assertEquals(await session.reader.answer(1), echoed(`${path} b`));
  }
});

Deno.test("a connection that is not to be kept is closed behind the answer", async () => {
  await using session = await open_session(echo);
  await session.write(
    fastcgi_request(1, { PATH_INFO: "/1" }, { body: "b", keep: false }),
  );
  const records = read_records(await read_to_end(session.conn));
  assertEquals(answer_of(records), echoed("/1 b"));
});

Deno.test("the records of an answer are those of the specification", async () => {
  await using session = await open_session((environ, start_response) => {
    environ["wsgi.errors"].write("note\n");
    start_response("404 Not Found", [["Content-Type", "text/plain"]]);
    return [bytes("nothing")];
  }, { stderr: undefined });
  await session.write(fastcgi_request(0x1234, {}, { keep: false }));
  const id = 0x1234;
  assertEquals(read_records(await read_to_end(session.conn)), [
    { type: STDERR, id, content: "note\n" },
    {
      type: STDOUT,
      id,
      content: "Status: 404 Not Found\r\nContent-Type: text/plain\r\n" +
        "Content-Length: 7\r\n\r\nnothing",
    },
    { type: STDERR, id, content: "" },
    { type: STDOUT, id, content: "" },
    { type: END_REQUEST, id, content: "\0\0\0\0\0\0\0\0" },
  ]);
});

Deno.test("several requests may come in one piece", async () => {
  await using session = await open_session(echo);
  await session.write(
    fastcgi_request(1, { PATH_INFO: "/1" }, { body: "one" }),
    fastcgi_request(2, { PATH_INFO: "/2" }, { body: "two" }),
    fastcgi_request(3, { PATH_INFO: "/3" }),
  );
  const records: ReceivedRecord[] = [];
  for (let ended = 0; ended < 3;) {
    const next = await session.reader.next();
    if (next!.type === END_REQUEST) ended++;
    records.push(next!);
  }
  const answer = (id: number) =>
    answer_of(records.filter((record) => record.id === id));
  assertEquals(answer(1), echoed("/1 one"));
  assertEquals(answer(2), echoed("/2 two"));
  assertEquals(answer(3), echoed("/3 "));
});

Deno.test("the records of two requests may be mixed", async () => {
  await using session = await open_session(echo);
  const pairs = (path: string) =>
    name_values(request_pairs({ PATH_INFO: path, CONTENT_LENGTH: "6" }));
  const [one, two] = [pairs("/one"), pairs("/two")];
  await session.write(
    begin_record(1),
    begin_record(2),
    record(PARAMS, 2, two.slice(0, 10)),
    record(PARAMS, 1, one.slice(0, 20)),
    record(PARAMS, 2, two.slice(10), 7),
    record(PARAMS, 1, one.slice(20), 255),
    record(PARAMS, 1),
    record(STDIN, 1, "abc", 5),
    record(PARAMS, 2),
    record(STDIN, 2, "def"),
    record(STDIN, 1, "ghi"),
    record(STDIN, 2, "jkl", 1),
    record(STDIN, 2),
  );
  assertEquals(await session.reader.answer(2), echoed("/two defjkl"));
  await session.write(record(STDIN, 1));
  assertEquals(await session.reader.answer(1), echoed("/one abcghi"));
});

Deno.test("a slow request does not hold up another on its connection", async () => {
  const { app, open } = gated();
  await using session = await open_session(app);
  await session.write(fastcgi_request(1, { PATH_INFO: "/slow" }));
  await session.write(fastcgi_request(2, { PATH_INFO: "/fast" }));
  open("/fast");
  assertEquals(await session.reader.answer(2), echoed("/fast "));
  open("/slow");
  assertEquals(await session.reader.answer(1), echoed("/slow "));
});

Deno.test("a request that closes its connection lets the others on it finish", async () => {
  const { app, open } = gated();
  await using session = await open_session(app);
  await session.write(
    fastcgi_request(1, { PATH_INFO: "/slow" }),
    fastcgi_request(2, { PATH_INFO: "/fast" }, { keep: false }),
  );
  open("/fast");
  assertEquals(await session.reader.answer(2), echoed("/fast "));
  open("/slow");
  assertEquals(await session.reader.answer(1), echoed("/slow "));
  assertEquals(await session.reader.next(), null);
});

Deno.test("a response that waits behind another keeps its bytes while others are sent", async () => {
  const large = new Uint8Array(20_000_000); // More than sockets take whose client does not read.
  const app: WSGIApplication = ({ PATH_INFO = "" }, start_response) => {
    start_response("200 OK", []);
    return [PATH_INFO === "/large" ? large : bytes(PATH_INFO.repeat(100))];
  };
  await using session = await open_session(app);
  await session.write(
    fastcgi_request(2, { PATH_INFO: "/large" }),
    fastcgi_request(1, { PATH_INFO: "/waiting" }),
  );
  for (let i = 0; i < 3; i++) {
    const variables = { PATH_INFO: `/other_${i}` };
    const { text } = await ask(fastcgi, session.gateway.server, variables);
    assertEquals(text.split("\r\n\r\n")[1], variables.PATH_INFO.repeat(100));
  }
  await session.reader.answer(2);
  assertEquals(
    (await session.reader.answer(1)).text,
    `200 OK\r\nContent-Length: 800\r\n\r\n${"/waiting".repeat(100)}`,
  );
});

Deno.test("a large response comes in records that are not too large", async () => {
  const body = "x".repeat(200_000);
  await using session = await open_session((_environ, start_response) => {
    start_response("200 OK", []);
    return [bytes(body)];
  });
  await session.write(fastcgi_request(1));
  const sizes = [];
  let response = "";
  while (true) {
    const { type, content } = (await session.reader.next())!;
    if (type === END_REQUEST) break;
    sizes.push(content.length);
    response += content;
  }
  const head = "Status: 200 OK\r\nContent-Length: 200000\r\n\r\n";
  assertEquals(response, head + body);
  assertEquals(sizes, [65528, 65528, 65528, 200_000 + head.length - 196584, 0]);
});
