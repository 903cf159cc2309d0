/** What FastCGI has beyond the other gateways: connections that are kept, requests side by side, and an end that is told. */

import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { toText } from "@std/streams";
import { RECORD_TYPE } from "../../gateways/fastcgi/codec.ts";
import type { WSGIApplication } from "../../types.ts";
import {
  answer_of,
  ask,
  begin_record,
  connect,
  fastcgi,
  fastcgi_head,
  fastcgi_request,
  join,
  name_values,
  open_gateway,
  read_records,
  read_to_end,
  type ReceivedRecord,
  record,
  RecordReader,
  request_pairs,
  send,
  stdin,
  stream_records,
  type TestGateway,
  type TestGatewayOptions,
} from "./gateway_clients.ts";
import { bytes, until, write_all } from "../support/support.ts";

const {
  ABORT_REQUEST,
  END_REQUEST,
  GET_VALUES,
  PARAMS,
  STDERR,
  STDIN,
  STDOUT,
} = RECORD_TYPE;

/** Answers with its path and its body. */
const echo: WSGIApplication = async (environ, start_response) => {
  const body = await toText(environ["wsgi.input"]);
  start_response("200 OK", []);
  return [bytes(`${environ.PATH_INFO} ${body}`)];
};

/** What `echo` answers. */
function echoed(text: string) {
  return {
    text: `200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
    errors: "",
    ended: true,
    app_status: 0,
  };
}

/** A connection of a web server. */
interface Session extends AsyncDisposable {
  conn: Deno.Conn;
  reader: RecordReader;
  gateway: TestGateway;
  write(...parts: Uint8Array[]): Promise<void>;
}

async function open_session(
  app: WSGIApplication,
  options: TestGatewayOptions = {},
): Promise<Session> {
  const gateway = await open_gateway(fastcgi, app, options);
  const conn = await connect(gateway.server.server_address);
  return {
    conn,
    reader: new RecordReader(conn),
    gateway,
    write: (...parts) => write_all(conn, join(parts)),
    async [Symbol.asyncDispose]() {
      try {
        conn.close();
      } catch {
        // The test has closed it.
      }
      await gateway[Symbol.asyncDispose]();
    },
  };
}

/** An application whose requests wait for each other's gates, by their path. */
function gated(): { app: WSGIApplication; open(path: string): void } {
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const gate = (path: string) => {
    const made = gates.get(path) ?? Promise.withResolvers<void>();
    gates.set(path, made);
    return made;
  };
  return {
    async app(environ, start_response) {
      const path = String(environ.PATH_INFO);
      await gate(path).promise;
      return await echo(environ, start_response);
    },
    open: (path) => gate(path).resolve(),
  };
}

/** A result that never comes, and is counted when it is closed. */
function stalled(): { app: WSGIApplication; begun: number; closed: number } {
  const state = {
    begun: 0,
    closed: 0,
    app: ((_environ, start_response) => {
      start_response("200 OK", []);
      state.begun++;
      return {
        async *[Symbol.asyncIterator]() {
          yield bytes("first");
          await new Promise(() => {});
        },
        close: () => void state.closed++,
      };
    }) as WSGIApplication,
  };
  return state;
}

/** How the application of a request ended, whatever came before that. */
async function app_status(session: Session, id: number): Promise<number> {
  for (let next; (next = await session.reader.next()) !== null;) {
    if (next.id === id && next.type === END_REQUEST) {
      return next.content.charCodeAt(3);
    }
  }
  throw new Error("the connection ended");
}

// Connections

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

// What comes in

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

// Aborted requests

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
    "ConnectionAborted: the client has gone",
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

// What is refused

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
    "closed a connection: TypeError: expected no variables behind the last of request 1, got more\n",
  );
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
    "closed a connection: TypeError: expected no variables behind the last of request 1, got more\n",
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

// Management records

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
    "closed a connection: TypeError: expected names and values in 1 bytes, got one that goes past them\n",
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

// wsgi.errors and the end

Deno.test("wsgi.errors goes to the log of the web server", async () => {
  await using session = await open_session((environ, start_response) => {
    const errors = environ["wsgi.errors"];
    errors.write("caf\u00e9 ");
    errors.writelines(["a\n", "b\n"]);
    errors.write("");
    errors.write("x".repeat(70_000));
    errors.flush();
    start_response("200 OK", []);
    return [];
  }, { stderr: undefined });
  await session.write(fastcgi_request(1));
  const { text, errors } = await session.reader.answer(1);
  assertEquals(text, "200 OK\r\nContent-Length: 0\r\n\r\n");
  assertEquals(errors, `caf\xc3\xa9 a\nb\n${"x".repeat(70_000)}`);
});

Deno.test("the stack of an error goes to the log of the web server", async () => {
  await using session = await open_session(() => {
    throw new TypeError("mine");
  }, { stderr: undefined });
  await session.write(fastcgi_request(1));
  const { text, errors, app_status } = await session.reader.answer(1);
  assertMatch(text, /^500 Internal Server Error\r\n/);
  assertMatch(errors, /^TypeError: mine\n {4}at /);
  assertEquals(app_status, 0);
});

Deno.test("wsgi.errors goes to the stderr of the server when the web server has gone", async () => {
  let errors: { write(text: string): void } | undefined;
  await using session = await open_session((environ, start_response) => {
    errors = environ["wsgi.errors"];
    start_response("200 OK", []);
    return [];
  }, { stderr: undefined });
  const { log, server } = session.gateway;
  await session.write(fastcgi_request(1));
  await session.reader.answer(1);
  server.stderr = log;
  errors!.write("too late\n");
  await until(() => log.text.includes("too late"));
  assertEquals(log.text, '"GET / HTTP/1.1" 200 0\ntoo late\n');
});

Deno.test("a response that is broken has no end where it is alone on its connection", async () => {
  await using session = await open_session(
    function* (_environ, start_response) {
      start_response("200 OK", []);
      yield bytes("first");
      throw new Error("mine");
    },
  );
  await session.write(fastcgi_request(1));
  const answer = await session.reader.answer(1);
  assertEquals(answer, {
    text: "200 OK\r\n\r\nfirst",
    errors: "",
    ended: false,
    app_status: null,
  });
  assertMatch(
    session.gateway.log.text,
    /^Error: mine\n[^]*\n"GET \/ HTTP\/1.1" 200 5\n$/,
  );
});

Deno.test("a response that is broken says so in its end where others are under way", async () => {
  const { app, open } = gated();
  await using session = await open_session((environ, start_response) => {
    if (environ.PATH_INFO !== "/broken") return app(environ, start_response);
    return function* () {
      start_response("200 OK", []);
      yield bytes("first");
      throw new Error("mine");
    }();
  });
  await session.write(
    fastcgi_request(1, { PATH_INFO: "/good" }),
    fastcgi_request(2, { PATH_INFO: "/broken" }),
  );
  assertEquals(await session.reader.answer(2), {
    text: "200 OK\r\n\r\nfirst",
    errors: "",
    ended: true,
    app_status: 1,
  });
  open("/good");
  assertEquals(await session.reader.answer(1), echoed("/good "));
});

// Life

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

/** Waits until the server has taken all that was sent: a record behind it has been answered. */
async function settle(session: Session): Promise<void> {
  await session.write(record(GET_VALUES, 0));
  assertEquals((await session.reader.next())!.type, 10);
}

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

Deno.test("a handler that cannot be made closes the connection", async () => {
  await using session = await open_session(echo);
  const { server, log } = session.gateway;
  const { handler_class } = server;
  server.handler_class = class extends handler_class {
    constructor(...args: ConstructorParameters<typeof handler_class>) {
      super(...args);
      throw new Error("no handler");
    }
  };
  await session.write(fastcgi_request(1));
  assertEquals(await session.reader.next(), null);
  assertEquals(log.text, "closed a connection: Error: no handler\n");
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
