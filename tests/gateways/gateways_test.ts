/** What the servers of SCGI, FastCGI and uwsgi have in common, over raw sockets: a test for each of the three. */

import {
  request_line,
  type Variables,
} from "../../_internal/request/variables.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { toBytes, toText } from "@std/streams";
import { Connection } from "../../_internal/streams/connection.ts";
import type { GatewayConnection } from "../../gateways/gateway_connection.ts";
import type {
  HeaderList,
  WSGIApplication,
  WSGIEnvironment,
} from "../../types.ts";
import {
  ask,
  connect,
  exchange,
  fastcgi,
  type Gateway,
  join,
  open_gateway,
  type Pairs,
  type Protocol,
  protocols,
  read_to_end,
  request_pairs,
  scgi,
  scgi_head,
  send,
  uwsgi,
  whole_request,
} from "./gateway_clients.ts";
import {
  bytes,
  Log,
  root,
  text,
  until,
  write_all,
} from "../support/support.ts";

const PLAIN: HeaderList = [["Content-Type", "text/plain"]];

const hello: WSGIApplication = (_environ, start_response) => {
  start_response("200 OK", PLAIN);
  return [bytes("Hello")];
};

/** What `hello` answers. */
const HELLO =
  "200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nHello";

/** What an application that failed is answered by. */
const ERROR_PAGE =
  "500 Internal Server Error\r\nContent-Type: text/plain\r\nContent-Length: 59\r\n\r\n" +
  "A server error occurred.  Please contact the administrator.";

/** Answers with the environ as JSON. */
const show: WSGIApplication = (environ, start_response) => {
  start_response("200 OK", []);
  return [new TextEncoder().encode(JSON.stringify(environ))];
};

/** Answers with the size of the body. */
const count: WSGIApplication = async (environ, start_response) => {
  let size = 0;
  for await (const chunk of environ["wsgi.input"]) size += chunk.length;
  start_response("200 OK", PLAIN);
  return [bytes(String(size))];
};

/** The body of a response. */
function body_of(response: string): string {
  return response.slice(response.indexOf("\r\n\r\n") + 4);
}

const MIB = 1 << 20;

async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits until a number stays what it is. A slow machine makes it end early, and prove less. */
async function settled(value: () => number): Promise<number> {
  while (true) {
    const before = value();
    await pause(60);
    if (value() === before) return before;
  }
}

/** Whether `promise` is still pending after a while. */
async function is_pending(promise: Promise<unknown>): Promise<boolean> {
  const nothing = new Promise((resolve) => setTimeout(resolve, 50, is_pending));
  return await Promise.race([promise, nothing]) === is_pending;
}

/** A test of each protocol. */
function test_each(
  name: string,
  fn: (protocol: Protocol) => Promise<void>,
  which = protocols,
): void {
  for (const protocol of which) {
    Deno.test(`${protocol.name}: ${name}`, () => fn(protocol));
  }
}

/** A test of each protocol, over TCP and over a Unix socket. */
function test_each_transport(
  name: string,
  fn: (protocol: Protocol, unix: boolean) => Promise<void>,
): void {
  for (const protocol of protocols) {
    for (const unix of [false, true]) {
      const transport = unix ? "a Unix socket" : "TCP";
      Deno.test(
        `${protocol.name} over ${transport}: ${name}`,
        () => fn(protocol, unix),
      );
    }
  }
}

// Requests

test_each_transport("a request is answered", async (protocol, unix) => {
  await using gateway = await open_gateway(protocol, hello, { unix });
  for (let i = 0; i < 3; i++) {
    const { text, ended } = await ask(protocol, gateway.server);
    assertEquals(text, HELLO);
    assert(ended);
  }
  assertEquals(gateway.log.text, '"GET / HTTP/1.1" 200 5\n'.repeat(3));
});

test_each("the environ has the variables that came", async (protocol) => {
  await using gateway = await open_gateway(protocol, show);
  gateway.server.os_environ = {};
  const sent = {
    REQUEST_METHOD: "POST",
    PATH_INFO: "/caf\xc3\xa9 \xff",
    HTTP_X_EMPTY: "",
    HTTP_X_LONG: "x".repeat(300),
    HTTPS: "on",
  };
  const { text } = await ask(protocol, gateway.server, sent, "abc");
  const environ = JSON.parse(new TextDecoder().decode(bytes(body_of(text))));
  const scgi = protocol.name === "SCGI" ? { SCGI: "1" } : {};
  assertEquals(environ, {
    ...scgi,
    ...Object.fromEntries(request_pairs(sent, bytes("abc"))),
    "wsgi.version": [1, 0],
    "wsgi.url_scheme": "https",
    "wsgi.multithread": false,
    "wsgi.multiprocess": false,
    "wsgi.run_once": false,
    "wsgi.input": {},
    "wsgi.input_terminated": true,
    "wsgi.errors": { text: "" },
  });
});

test_each("the environ has the variables of the process", async (protocol) => {
  await using gateway = await open_gateway(protocol, show);
  const { text } = await ask(protocol, gateway.server, {
    HOME: "/from/the/web/server",
  });
  const environ = JSON.parse(new TextDecoder().decode(bytes(body_of(text))));
  assertEquals(environ.PATH, Deno.env.get("PATH"));
  assertEquals(environ.HOME, "/from/the/web/server");
});

Deno.test("the environment of the process gives no headers", async () => {
  const script = `
    import { serve_scgi } from "./gateways/scgi.ts";
    await using server = serve_scgi(() => [], ["127.0.0.1", 0]);
    console.log(JSON.stringify(server.os_environ));`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", script],
    cwd: root,
    env: { HTTP_PROXY: "http://evil", HTTP_HOST: "evil", TSGI_TEST: "\u00e9" },
  }).output();
  const own = JSON.parse(new TextDecoder().decode(stdout));
  assertEquals(own.TSGI_TEST, "\xc3\xa9");
  const headers = Object.keys(own).filter((name) => name.startsWith("HTTP_"));
  assertEquals(headers, []);
});

test_each("what a client must not set is left out", async (protocol) => {
  await using gateway = await open_gateway(protocol, show);
  const { text } = await ask(protocol, gateway.server, {
    HTTP_PROXY: "http://evil",
    HTTP_CONTENT_TYPE: "text/plain",
    HTTP_CONTENT_LENGTH: "5",
    HTTP_HOST: "example.org",
  });
  const environ = JSON.parse(body_of(text));
  assertEquals(
    Object.keys(environ).filter((name) => name.startsWith("HTTP_")),
    ["HTTP_HOST"],
  );
});

test_each("the last value of a repeated name is taken", async (protocol) => {
  await using gateway = await open_gateway(protocol, show);
  const pairs: Pairs = [...request_pairs({ A: "1", B: "2" }), ["A", "3"]];
  const request = join([
    protocol.head(pairs),
    protocol.end,
  ]);
  const raw = await exchange(gateway.server.server_address, request);
  const environ = JSON.parse(body_of(protocol.answer(raw).text));
  assertEquals([environ.A, environ.B], ["3", "2"]);
});

test_each(
  "what an application does to its environ is its own affair",
  async (protocol) => {
    await using gateway = await open_gateway(
      protocol,
      (environ, start_response) => {
        for (const name of Object.keys(environ)) delete environ[name];
        environ.REQUEST_METHOD = "EVIL";
        environ["x.seen"] = true;
        return hello(environ, start_response);
      },
    );
    const { server, log } = gateway;
    for (let i = 0; i < 2; i++) {
      const { text } = await ask(protocol, server, { PATH_INFO: "/a" });
      assertEquals(text, HELLO);
    }
    // The log has the variables as they came.
    assertEquals(log.text, '"GET /a HTTP/1.1" 200 5\n'.repeat(2));
    server.set_app(show);
    const { text } = await ask(protocol, server);
    const environ = JSON.parse(body_of(text));
    assertEquals(environ.REQUEST_METHOD, "GET");
    assertEquals(environ["x.seen"], undefined);
  },
);

test_each(
  "a CONTENT_LENGTH that the application changes costs no answer",
  async (protocol) => {
    for (const changed of ["", "0", "1", "99999999"]) {
      await using gateway = await open_gateway(
        protocol,
        (environ, start_response) => {
          environ.CONTENT_LENGTH = changed;
          return hello(environ, start_response);
        },
      );
      const { server } = gateway;
      using conn = await connect(server.server_address);
      await send(conn, join(large_request(protocol)));
      assertEquals(protocol.answer(await read_to_end(conn)).text, HELLO);
    }
  },
);

test_each("handler_class and its hooks may be overridden", async (protocol) => {
  await using gateway = await open_gateway(protocol, show);
  gateway.server.handler_class = class extends gateway.server.handler_class {
    override wsgi_run_once = true;
    override add_cgi_vars() {
      super.add_cgi_vars();
      this.environ!["test.handler"] = "mine";
    }
    override cleanup_headers() {
      super.cleanup_headers();
      this.headers!.set("X-Handler", "mine");
    }
  };
  const { text } = await ask(protocol, gateway.server);
  assertStringIncludes(text, "\r\nX-Handler: mine\r\n");
  const environ = JSON.parse(body_of(text));
  assertEquals(environ["test.handler"], "mine");
  assertEquals(environ["wsgi.run_once"], true);
});

// Bodies

test_each_transport("a body is read to its end", async (protocol, unix) => {
  await using gateway = await open_gateway(protocol, count, { unix });
  for (const size of [0, 1, 4095, 65535, 65536, 65537, 3 * MIB]) {
    const body = new Uint8Array(size);
    const { text } = await ask(protocol, gateway.server, {}, body);
    assertEquals(body_of(text), String(size));
  }
});

test_each("a body arrives as it was sent", async (protocol) => {
  await using gateway = await open_gateway(protocol, (environ, start) => {
    start("200 OK", []);
    return environ["wsgi.input"];
  });
  const body = Uint8Array.from({ length: 300_000 }, (_, i) => i * i % 251);
  const { text } = await ask(protocol, gateway.server, {}, body);
  assertEquals(bytes(body_of(text)), body);
});

test_each("bytes behind the body are not read", async (protocol) => {
  await using gateway = await open_gateway(
    protocol,
    async (environ, start_response) => {
      start_response("200 OK", []);
      return [await toBytes(environ["wsgi.input"])];
    },
  );
  const request = join([
    protocol.head(request_pairs({ CONTENT_LENGTH: "3" })),
    protocol.body(bytes("abcdef")),
    protocol.end,
  ]);
  const raw = await exchange(gateway.server.server_address, request);
  assertEquals(body_of(protocol.answer(raw).text), "abc");
});

test_each("a body that is cut makes wsgi.input fail", async (protocol) => {
  await using gateway = await open_gateway(
    protocol,
    async (environ, start_response) => {
      const error = await assertRejects(() => toBytes(environ["wsgi.input"]));
      start_response("400 Bad Request", []);
      return [bytes(String(error))];
    },
  );
  using conn = await connect(gateway.server.server_address);
  await write_all(
    conn,
    join([
      protocol.head(request_pairs({ CONTENT_LENGTH: "1000" })),
      protocol.body(bytes("abc")),
      protocol.end,
    ]),
  );
  // Only FastCGI has a sign of its own for the end.
  if (protocol.end.length === 0) await conn.closeWrite();
  const { text } = protocol.answer(await read_to_end(conn));
  assertEquals(
    body_of(text),
    "UnexpectedEof: the request body ended after 3 of 1000 bytes",
  );
});

test_each(
  "a body without a length is empty where the protocol needs one",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, count);
    const pairs = request_pairs().slice(1);
    for (const all of [pairs, [["CONTENT_LENGTH", ""] as const, ...pairs]]) {
      const request = join([protocol.head(all), protocol.body(bytes("abc"))]);
      const raw = await exchange(gateway.server.server_address, request);
      assertEquals(body_of(protocol.answer(raw).text), "0");
    }
  },
  [uwsgi],
);

test_each(
  "a CONTENT_LENGTH that is none makes wsgi.input fail",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, count);
    const variables = { CONTENT_LENGTH: "1e3" };
    using conn = await connect(gateway.server.server_address);
    await write_all(conn, whole_request(protocol, variables));
    const { text } = protocol.answer(await read_to_end(conn));
    assertEquals(text, ERROR_PAGE);
    assertMatch(
      gateway.log.text,
      /^TypeError: CONTENT_LENGTH must be decimal digits, got "1e3"\n/,
    );
  },
  [fastcgi, uwsgi],
);

// Requests in pieces

/** A connection in memory: what comes in is given piece by piece, and then nothing more. */
class PiecesConn {
  #pieces: Uint8Array[];
  #closed = Promise.withResolvers<null>();
  sent: Uint8Array[] = [];

  constructor(pieces: Uint8Array[]) {
    this.#pieces = pieces.filter(({ length }) => length > 0);
  }

  async read(view: Uint8Array): Promise<number | null> {
    await null;
    const piece = this.#pieces[0];
    if (!piece) return await this.#closed.promise;
    const part = piece.subarray(0, view.length);
    view.set(part);
    if (part.length < piece.length) {
      this.#pieces[0] = piece.subarray(part.length);
    } else this.#pieces.shift();
    return part.length;
  }

  async write(data: Uint8Array): Promise<number> {
    await null;
    // As a socket that takes a part only.
    const part = data.slice(0, 1000);
    this.sent.push(part);
    return part.length;
  }

  async closeWrite(): Promise<void> {
    this.close();
  }

  close(): void {
    this.#closed.reject(new Deno.errors.BadResource("closed"));
    this.#closed.promise.catch(() => {});
  }
}

/** Has `server` serve a connection on which these pieces come in; gives what it sent. */
async function serve_pieces(
  server: Gateway,
  pieces: Uint8Array[],
): Promise<Uint8Array> {
  const conn = new PiecesConn(pieces);
  const opener = server as unknown as {
    open_connection(connection: Connection): GatewayConnection;
  };
  const connection = new Connection(conn as unknown as Deno.Conn);
  await opener.open_connection(connection).serve().catch((error) => {
    // A connection that the server closes ends so.
    assertInstanceOf(error, Deno.errors.ConnectionAborted);
  });
  return join(conn.sent);
}

/** Answers with all that it was asked. */
const repeat: WSGIApplication = async (environ, start_response) => {
  const { PATH_INFO, HTTP_X_LONG } = environ;
  const body = await toText(environ["wsgi.input"]);
  start_response("200 OK", []);
  return [bytes(JSON.stringify([PATH_INFO, HTTP_X_LONG, body]))];
};

const REPEATED = '200 OK\r\nContent-Length: 170\r\n\r\n["/a\xe9","' +
  "x".repeat(130) +
  '","What is the answer to life?"]';

function request_to_split(protocol: Protocol): Uint8Array {
  const variables = { PATH_INFO: "/a\xe9", HTTP_X_LONG: "x".repeat(130) };
  return whole_request(protocol, variables, "What is the answer to life?");
}

test_each("a request may be split in two anywhere", async (protocol) => {
  await using gateway = await open_gateway(protocol, repeat);
  const request = request_to_split(protocol);
  for (let i = 0; i <= request.length; i++) {
    const pieces = [request.subarray(0, i), request.subarray(i)];
    const sent = await serve_pieces(gateway.server, pieces);
    assertEquals(protocol.answer(sent).text, REPEATED, `split at ${i}`);
  }
});

test_each("a request may come byte by byte", async (protocol) => {
  await using gateway = await open_gateway(protocol, repeat);
  const request = request_to_split(protocol);
  const pieces = Array.from(request, (byte) => new Uint8Array([byte]));
  const sent = await serve_pieces(gateway.server, pieces);
  assertEquals(protocol.answer(sent).text, REPEATED);
});

test_each_transport(
  "a request may come byte by byte",
  async (protocol, unix) => {
    await using gateway = await open_gateway(protocol, repeat, { unix });
    using conn = await connect(gateway.server.server_address);
    if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay();
    for (const byte of request_to_split(protocol)) {
      await conn.write(new Uint8Array([byte]));
    }
    assertEquals(protocol.answer(await read_to_end(conn)).text, REPEATED);
  },
);

// Malformed requests

/** What stands for a line of the log about a connection that was closed. */
function closed_line(reason: string): string {
  return `closed a connection: ${reason}\n`;
}

/** What is no request, by protocol, and what the log says. */
const malformed: Record<string, [input: string, reason: string][]> = {
  SCGI: [
    [
      "GET / HTTP/1.1\r\n\r\n",
      'TypeError: expected the length of the head and a colon, got "GET / HTTP/1.1\\\\r\\\\n\\\\r\\\\n"',
    ],
    [
      "99999999999:",
      "RangeError: expected a head of at most 65536 bytes, got one of 99999999999",
    ],
    [
      "1:ab",
      "TypeError: expected a comma after a head of 1 bytes, got byte 98",
    ],
    [
      text(scgi_head(request_pairs())).replace("SCGI\x001", "SCGI\x002"),
      'TypeError: expected SCGI to match /^1$/, got "2"',
    ],
    [
      text(scgi_head([["CONTENT_LENGTH", "x\n"]])),
      'TypeError: expected CONTENT_LENGTH to match /^[0-9]+$/, got "x\\\\n"',
    ],
  ],
  FastCGI: [
    ["\x02", "TypeError: expected a record of FastCGI version 1, got 2"],
    ["GET /", "TypeError: expected a record of FastCGI version 1, got 71"],
    [
      text(fastcgi.head([["A", "x".repeat(65536)]])),
      "RangeError: expected a head of at most 65536 bytes, got one of 65542",
    ],
    [
      "\x01\x01\0\x01\0\x02\0\0\0\x01",
      "TypeError: expected the beginning of another request than 1, got 2 bytes",
    ],
    [
      "\x01\x01\0\x01\0\x08\0\0\0\x01\0\0\0\0\0\0".repeat(2),
      "TypeError: expected the beginning of another request than 1, got 8 bytes",
    ],
    [
      "\x01\x01\0\x01\0\x08\0\0\0\x01\0\0\0\0\0\0" +
      "\x01\x04\0\x01\0\x02\0\0\x05\x05" + "\x01\x04\0\x01\0\0\0\0",
      "TypeError: expected names and values in 2 bytes, got one that goes past them",
    ],
  ],
  uwsgi: [
    ["GET /", "TypeError: expected modifier 0, got 71"],
    [
      "\0\x03\0\0\x05\0A",
      "TypeError: expected names and values in 3 bytes, got one that goes past them",
    ],
  ],
};

test_each(
  "what is malformed closes its connection, with a line in the log",
  async (protocol) => {
    const waiting: WSGIApplication = (environ, start_response) =>
      environ.PATH_INFO === "/slow"
        ? count(environ, start_response)
        : hello(environ, start_response);
    await using gateway = await open_gateway(protocol, waiting);
    const { server_address } = gateway.server;
    // Another connection is in the midst of its request meanwhile.
    using other = await connect(server_address);
    const slow = request_pairs({ PATH_INFO: "/slow", CONTENT_LENGTH: "5" });
    await write_all(other, protocol.head(slow));
    for (const [input, reason] of malformed[protocol.name]!) {
      gateway.log.text = "";
      const raw = await exchange(server_address, bytes(input));
      assertEquals(text(raw), "");
      assertEquals(
        gateway.log.text.replace(/^"- .*\n/gm, ""),
        closed_line(reason),
      );
      assertEquals((await ask(protocol, gateway.server)).text, HELLO);
    }
    await write_all(other, join([protocol.body(bytes("Hello")), protocol.end]));
    const { text: answer } = protocol.answer(await read_to_end(other));
    assertEquals(body_of(answer), "5");
  },
);

/** A whole head with `size` bytes of variables. */
function head_of_size(protocol: Protocol, size: number): Uint8Array {
  const head = (length: number) =>
    protocol.head([["CONTENT_LENGTH", "0"], ["A", "x".repeat(length)]]);
  // The variables less their values of 300 bytes; none of the lengths changes its size above that.
  const sizes: Record<string, number> = { SCGI: 27, FastCGI: 23, uwsgi: 24 };
  return head(size - sizes[protocol.name]!);
}

test_each(
  "max_header_size is the most that variables may have",
  async (protocol) => {
    const options = { max_header_size: 500 };
    await using gateway = await open_gateway(protocol, hello, options);
    const { server_address } = gateway.server;
    const send_head = async (size: number) => {
      const head = head_of_size(protocol, size);
      const raw = await exchange(server_address, join([head, protocol.end]));
      return protocol.answer(raw).text;
    };
    assertEquals(await send_head(500), HELLO);
    assertEquals(await send_head(501), "");
    assertEquals(
      gateway.log.text,
      '"-  -" 200 5\n' + closed_line(
        "RangeError: expected a head of at most 500 bytes, got one of 501",
      ),
    );
  },
);

test_each("variables may have 65,536 bytes", async (protocol) => {
  await using gateway = await open_gateway(protocol, hello);
  const { server_address } = gateway.server;
  // uwsgi has no way to say more than 65,535.
  const largest = protocol.name === "uwsgi" ? 65535 : 65536;
  const head = head_of_size(protocol, largest);
  const raw = await exchange(server_address, join([head, protocol.end]));
  assertEquals(protocol.answer(raw).text, HELLO);
  if (protocol.name === "uwsgi") return;
  const larger = head_of_size(protocol, 65537);
  assertEquals(text(await exchange(server_address, larger)), "");
  assertStringIncludes(
    gateway.log.text,
    closed_line(
      "RangeError: expected a head of at most 65536 bytes, got one of 65537",
    ),
  );
});

test_each(
  "a head that is cut anywhere is a line in the log",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, hello);
    const head = protocol.head(request_pairs());
    let expected = "";
    for (const length of [1, 2, 5, 8, head.length >> 1, head.length - 1]) {
      using conn = await connect(gateway.server.server_address);
      await write_all(conn, head.subarray(0, length));
      await conn.closeWrite();
      assertEquals(text(await read_to_end(conn)), "");
      // A FastCGI record that was whole has been taken.
      const left = protocol.name === "FastCGI" && length >= 16
        ? protocol.name && cut_record(head, length)
        : length;
      if (left > 0) {
        expected += closed_line(
          `UnexpectedEof: the connection ended after ${left} bytes of it`,
        );
      }
    }
    assertEquals(gateway.log.text, expected);
  },
);

/** How many bytes are left behind the last whole record in the first `length` bytes. */
function cut_record(data: Uint8Array, length: number): number {
  let start = 0;
  while (true) {
    const end = start + 8 + 256 * data[start + 4]! + data[start + 5]! +
      data[start + 6]!;
    if (!(end <= length)) return length - start;
    start = end;
  }
}

test_each(
  "a connection without a request is no line in the log",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, hello);
    for (let i = 0; i < 3; i++) {
      using conn = await connect(gateway.server.server_address);
      await conn.closeWrite();
      assertEquals(text(await read_to_end(conn)), "");
    }
    assertEquals((await ask(protocol, gateway.server)).text, HELLO);
    assertEquals(gateway.log.text, '"GET / HTTP/1.1" 200 5\n');
  },
);

test_each("what came cannot forge a line of the log", async (protocol) => {
  await using gateway = await open_gateway(protocol, hello);
  const { log } = gateway;
  gateway.server.log_request =
    Object.getPrototypeOf(gateway.server).log_request;
  const lines = await stderr_of(async () => {
    await ask(protocol, gateway.server, {
      REQUEST_METHOD: "G\nET",
      REQUEST_URI: '/a"\r\x1b[0m\\',
      SERVER_PROTOCOL: "\x7f",
      REMOTE_ADDR: "1\n2 - -",
    });
  });
  assertMatch(
    lines,
    /^1\\x0a2 - - - - \[\d\d\/\w{3}\/\d{4} \d\d:\d\d:\d\d\] "G\\x0aET \/a"\\x0d\\x1b\[0m\\\\ \\x7f" 200 5\n$/,
  );
  assertEquals(log.text, "");
});

/** What is written to the process's stderr while `fn` runs. */
async function stderr_of(fn: () => Promise<void>): Promise<string> {
  const { writeSync } = Deno.stderr;
  let written = "";
  Deno.stderr.writeSync = (data) => {
    written += text(data);
    return data.length;
  };
  try {
    await fn();
  } finally {
    Deno.stderr.writeSync = writeSync;
  }
  return written;
}

// The access log

test_each("log_request() writes a line to stderr", async (protocol) => {
  await using gateway = await open_gateway(protocol, hello);
  gateway.server.log_request =
    Object.getPrototypeOf(gateway.server).log_request;
  const line = async (variables: Variables) =>
    (await stderr_of(async () => {
      await ask(protocol, gateway.server, variables);
    })).replace(/\[.*?\]/, "[time]");
  assertEquals(
    await line({
      REMOTE_ADDR: "192.0.2.1",
      REQUEST_METHOD: "POST",
      REQUEST_URI: "/a%20b?c=%20",
    }),
    '192.0.2.1 - - [time] "POST /a%20b?c=%20 HTTP/1.1" 200 5\n',
  );
  // Without the target as it was sent it is made of what there is.
  assertEquals(
    await line({
      SCRIPT_NAME: "/app",
      PATH_INFO: "/caf\xc3\xa9 x",
      QUERY_STRING: "a=b",
    }),
    '- - - [time] "GET /app/caf%C3%A9%20x?a=b HTTP/1.1" 200 5\n',
  );
});

Deno.test("request_line() tells what there is", () => {
  assertEquals(request_line({}), "-  -");
  assertEquals(
    request_line({ REQUEST_METHOD: "GET", REQUEST_URI: "/x" }),
    "GET /x -",
  );
});

// Backpressure

/** What the buffers of two sockets may hold, with room to spare. */
const BUFFERS = 24 * MIB;

test_each_transport(
  "a response waits for its client",
  async (protocol, unix) => {
    const block = new Uint8Array(65536);
    let made = 0;
    let finished = false;
    const endless: WSGIApplication = function* (_environ, start_response) {
      start_response("200 OK", []);
      try {
        for (;; made++) yield block;
      } finally {
        finished = true;
      }
    };
    await using gateway = await open_gateway(protocol, endless, { unix });
    const conn = await connect(gateway.server.server_address);
    await write_all(conn, whole_request(protocol));
    await until(() => made > 0);
    const before = await settled(() => made);
    assert(before * block.length < BUFFERS, `${before} blocks were made`);
    // It goes on when the client does.
    const buffer = new Uint8Array(MIB);
    while (made < before + 100) await conn.read(buffer);
    assert(!finished);
    conn.close();
    await until(() => finished);
  },
);

test_each("write() waits for its client", async (protocol) => {
  const block = new Uint8Array(65536);
  let written = 0;
  let ended = false;
  const writer: WSGIApplication = async (_environ, start_response) => {
    const write = start_response("200 OK", []);
    try {
      for (; written < 10_000; written++) await write(block);
    } finally {
      ended = true;
    }
    return [];
  };
  await using gateway = await open_gateway(protocol, writer);
  const conn = await connect(gateway.server.server_address);
  await write_all(conn, whole_request(protocol));
  await until(() => written > 0);
  const before = await settled(() => written);
  assert(before * block.length < BUFFERS, `${before} blocks were written`);
  conn.close();
  await until(() => ended);
  assert(written < 10_000);
});

test_each_transport(
  "a body waits for the application",
  async (protocol, unix) => {
    const gate = Promise.withResolvers<void>();
    const late: WSGIApplication = async (environ, start_response) => {
      await gate.promise;
      return await count(environ, start_response);
    };
    await using gateway = await open_gateway(protocol, late, { unix });
    using conn = await connect(gateway.server.server_address);
    const size = 2 * BUFFERS;
    let sent = 0;
    const upload = async () => {
      await write_all(
        conn,
        protocol.head(request_pairs({ CONTENT_LENGTH: String(size) })),
      );
      const block = protocol.body(new Uint8Array(16384));
      for (; sent < size; sent += 16384) await write_all(conn, block);
      await write_all(conn, protocol.end);
    };
    const uploaded = upload();
    await until(() => sent > 0);
    const before = await settled(() => sent);
    assert(before < BUFFERS, `${before} bytes were taken`);
    gate.resolve();
    await uploaded;
    const { text } = protocol.answer(await read_to_end(conn));
    assertEquals(body_of(text), String(size));
  },
);

test_each("a body that is read in part is not read ahead", async (protocol) => {
  const gate = Promise.withResolvers<void>();
  let begun = false;
  const app: WSGIApplication = async (environ, start_response) => {
    const reader = environ["wsgi.input"].getReader();
    await reader.read();
    begun = true;
    await gate.promise;
    return await hello(environ, start_response);
  };
  await using gateway = await open_gateway(protocol, app);
  using conn = await connect(gateway.server.server_address);
  let sent = 0;
  const upload = async () => {
    const pairs = request_pairs({ CONTENT_LENGTH: String(2 * BUFFERS) });
    await send(conn, protocol.head(pairs));
    const block = protocol.body(new Uint8Array(65536));
    for (; sent < 2 * BUFFERS; sent += 65536) await send(conn, block);
  };
  const uploaded = upload();
  await until(() => begun);
  const taken = await settled(() => sent);
  assert(taken < BUFFERS, `${taken} bytes were taken`);
  gate.resolve();
  assertEquals(protocol.answer(await read_to_end(conn)).text, HELLO);
  await uploaded;
});

// An answer before the end of the body

const SIZE = 16 * MIB;

/** A request with a body that is not read. */
function large_request(
  protocol: Protocol,
): [head: Uint8Array, body: Uint8Array] {
  return [
    protocol.head(request_pairs({ CONTENT_LENGTH: String(SIZE) })),
    join([protocol.body(new Uint8Array(SIZE)), protocol.end]),
  ];
}

test_each_transport(
  "an answer gets through while the body is sent",
  async (protocol, unix) => {
    await using gateway = await open_gateway(protocol, hello, { unix });
    const raw = await exchange(
      gateway.server.server_address,
      join(large_request(protocol)),
    );
    assertEquals(protocol.answer(raw).text, HELLO);
  },
);

test_each_transport(
  "an answer gets through to a client that sends all of the body first",
  async (protocol, unix) => {
    await using gateway = await open_gateway(protocol, hello, { unix });
    using conn = await connect(gateway.server.server_address);
    await write_all(conn, join(large_request(protocol)));
    assertEquals(protocol.answer(await read_to_end(conn)).text, HELLO);
  },
);

test_each_transport(
  "an answer gets through to a client that stops sending",
  async (protocol, unix) => {
    await using gateway = await open_gateway(protocol, hello, { unix });
    using conn = await connect(gateway.server.server_address);
    const [head, body] = large_request(protocol);
    await write_all(conn, join([head, body.subarray(0, 100_000)]));
    assertEquals(protocol.answer(await read_to_end(conn)).text, HELLO);
  },
);

test_each_transport(
  "an answer gets through when a part of the body was read",
  async (protocol, unix) => {
    const partly: WSGIApplication = async (environ, start_response) => {
      const reader = environ["wsgi.input"].getReader();
      await reader.read();
      return await hello(environ, start_response);
    };
    await using gateway = await open_gateway(protocol, partly, { unix });
    const raw = await exchange(
      gateway.server.server_address,
      join(large_request(protocol)),
    );
    assertEquals(protocol.answer(raw).text, HELLO);
  },
);

test_each(
  "the rest of a body fails when the request has been answered",
  async (protocol) => {
    let rest: Promise<unknown> | undefined;
    const app: WSGIApplication = async (environ, start_response) => {
      const reader = environ["wsgi.input"].getReader();
      await reader.read();
      const read_on = async () => {
        while (!(await reader.read()).done);
      };
      rest = read_on().then(() => "ended", () => "failed");
      return await hello(environ, start_response);
    };
    await using gateway = await open_gateway(protocol, app);
    using conn = await connect(gateway.server.server_address);
    const [head, body] = large_request(protocol);
    await write_all(conn, join([head, body.subarray(0, 1000)]));
    // FastCGI: behind the first record.
    if (protocol === fastcgi) await write_all(conn, body.subarray(1000, 65543));
    assertEquals(protocol.answer(await read_to_end(conn)).text, HELLO);
    conn.close();
    assertEquals(await rest, "failed");
  },
);

// A client that leaves

/** Counts how often a result is closed. */
function closing(
  blocks: () => AsyncIterator<Uint8Array>,
): [app: WSGIApplication, closed: () => number, begun: () => boolean] {
  let closed = 0;
  let begun = false;
  const app: WSGIApplication = (_environ, start_response) => {
    start_response("200 OK", []);
    begun = true;
    return { [Symbol.asyncIterator]: blocks, close: () => void closed++ };
  };
  return [app, () => closed, () => begun];
}

async function* endless_blocks() {
  const block = new Uint8Array(65536);
  while (true) {
    yield block;
    await null;
  }
}

async function* stalled_blocks() {
  yield bytes("first");
  await new Promise(() => {});
}

async function* stalled_at_once() {
  await new Promise(() => {});
  yield bytes("never");
}

test_each_transport(
  "a client that leaves has the result closed",
  async (protocol, unix) => {
    const [app, closed] = closing(endless_blocks);
    await using gateway = await open_gateway(protocol, app, { unix });
    const conn = await connect(gateway.server.server_address);
    await write_all(conn, whole_request(protocol));
    await conn.read(new Uint8Array(1000));
    conn.close();
    await until(() => closed() > 0);
    await gateway.server.shutdown();
    assertEquals(closed(), 1);
    // It is logged with what was sent, and is no error.
    assertMatch(gateway.log.text, /^"GET \/ HTTP\/1.1" 200 \d+\n$/);
  },
);

for (
  const [when, blocks] of Object.entries({
    "before the first block": stalled_at_once,
    "between two blocks": stalled_blocks,
  })
) {
  test_each_transport(
    `a client that leaves has a stalled result closed, ${when}`,
    async (protocol, unix) => {
      const [app, closed, begun] = closing(blocks);
      await using gateway = await open_gateway(protocol, app, { unix });
      const conn = await connect(gateway.server.server_address);
      await write_all(conn, whole_request(protocol));
      await until(begun);
      if (blocks === stalled_blocks) await conn.read(new Uint8Array(1000));
      conn.close();
      await until(() => closed() > 0);
      await gateway.server.shutdown();
      assertEquals(closed(), 1);
    },
  );
}

test_each(
  "a client that ends what it sends is taken to have left, as by HTTP",
  async (protocol) => {
    const [app, closed, begun] = closing(stalled_at_once);
    await using gateway = await open_gateway(protocol, app);
    using conn = await connect(gateway.server.server_address);
    await write_all(conn, whole_request(protocol));
    await until(begun);
    await conn.closeWrite();
    assertEquals(text(await read_to_end(conn)), "");
    await until(() => closed() > 0);
    assertEquals(closed(), 1);
  },
);

test_each(
  "a client that leaves in the midst of its body is no error",
  async (protocol) => {
    const [app, closed] = closing(endless_blocks);
    let failed = 0;
    const reading: WSGIApplication = async (environ, start_response) => {
      await toBytes(environ["wsgi.input"]).catch(() => failed++);
      return await app(environ, start_response);
    };
    await using gateway = await open_gateway(protocol, reading);
    const conn = await connect(gateway.server.server_address);
    const [head, body] = large_request(protocol);
    await write_all(conn, join([head, body.subarray(0, 100_000)]));
    conn.close();
    await until(() => closed() > 0);
    assertEquals([failed, closed()], [1, 1]);
  },
);

// Errors

test_each(
  "an application that throws is answered by the error page",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, () => {
      throw new TypeError("mine");
    });
    const { text, ended } = await ask(protocol, gateway.server);
    assertEquals(text, ERROR_PAGE);
    assert(ended);
    assertMatch(
      gateway.log.text,
      /^TypeError: mine\n {4}at [^]*\n"GET \/ HTTP\/1.1" 500 59\n$/,
    );
  },
);

test_each(
  "a response that fails on its way is broken off",
  async (protocol) => {
    await using gateway = await open_gateway(
      protocol,
      async function* (_environ, start_response) {
        start_response("200 OK", [["Content-Length", "10"]]);
        yield bytes("first");
        throw new Error("mine");
      },
    );
    const { text, ended } = await ask(protocol, gateway.server);
    assertEquals(text, "200 OK\r\nContent-Length: 10\r\n\r\nfirst");
    assertEquals(ended, protocol !== fastcgi);
    assertMatch(
      gateway.log.text,
      /^Error: mine\n[^]*\n"GET \/ HTTP\/1.1" 200 5\n$/,
    );
  },
);

test_each("an error page that fails makes a bare 500", async (protocol) => {
  await using gateway = await open_gateway(protocol, () => {
    throw new Error("first");
  });
  const { server, log } = gateway;
  server.handler_class = class extends server.handler_class {
    override error_output(): never {
      throw new Error("no page");
    }
  };
  for (let i = 0; i < 2; i++) {
    const { text, ended } = await ask(protocol, server);
    assertEquals(text, "500 Internal Server Error\r\n\r\n");
    assert(ended);
  }
  assertEquals(
    log.text.split("\n").filter((line) => !line.startsWith("    at ")),
    [
      "Error: first",
      '"GET / HTTP/1.1" 500 0',
      "Exception while a request was handled: Error: no page",
      "Error: first",
      '"GET / HTTP/1.1" 500 0',
      "Exception while a request was handled: Error: no page",
      "",
    ],
  );
});

test_each(
  "an error page that fails on its way is broken off",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, () => {
      throw new Error("first");
    });
    const { server, log } = gateway;
    server.handler_class = class extends server.handler_class {
      override error_output(
        _environ: WSGIEnvironment,
        start_response: Parameters<WSGIApplication>[1],
      ) {
        start_response("503 Service Unavailable", [], this.exc_info);
        return function* () {
          yield bytes("sorry");
          throw new Error("second");
        }();
      }
    };
    const { text, ended } = await ask(protocol, server);
    assertEquals(text, "503 Service Unavailable\r\n\r\nsorry");
    assertEquals(ended, protocol !== fastcgi);
    assertStringIncludes(log.text, '"GET / HTTP/1.1" 503 5\n');
  },
);

test_each(
  "a server without an application answers a bare 500 and says why",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, hello);
    const { server, log } = gateway;
    server.application = null;
    assertEquals(
      (await ask(protocol, server)).text,
      "500 Internal Server Error\r\n\r\n",
    );
    assertMatch(
      log.text,
      /^Exception while a request was handled: Error: the server has no application: call set_app\(\) first\n/,
    );
    server.set_app(hello);
    assertEquals((await ask(protocol, server)).text, HELLO);
  },
);

test_each(
  "an error of log_request() is logged, and costs no response",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, hello);
    const { server, log } = gateway;
    server.log_request = () => {
      throw new Error("no log");
    };
    const { text, ended } = await ask(protocol, server);
    assertEquals(text, HELLO);
    assert(ended);
    assertMatch(log.text, /^Error: no log\n {4}at [^]*$/);
  },
);

test_each(
  "an error of handle_error() closes the connection, and no other",
  async (protocol) => {
    await using gateway = await open_gateway(
      protocol,
      (environ, start_response) => {
        if (environ.PATH_INFO === "/fail") throw new Error("first");
        return hello(environ, start_response);
      },
    );
    const { server, log } = gateway;
    server.handler_class = class extends server.handler_class {
      override error_output(): never {
        throw new Error("no page");
      }
    };
    server.handle_error = () => {
      throw new Error("no log");
    };
    const { text } = await ask(protocol, server, { PATH_INFO: "/fail" });
    assertEquals(text, "");
    assertMatch(log.text, /\nclosed a connection: Error: no log\n$/);
    assertEquals((await ask(protocol, server)).text, HELLO);
  },
);

test_each("handle_error() may be overridden", async (protocol) => {
  await using gateway = await open_gateway(protocol, hello);
  const { server } = gateway;
  const errors: unknown[] = [];
  server.handle_error = (error) => void errors.push(error);
  server.application = null;
  await ask(protocol, server);
  assertEquals(
    errors.map(String),
    ["Error: the server has no application: call set_app() first"],
  );
});

// Life

test_each("a server says where it listens", async (protocol) => {
  await using server = protocol.serve(hello, ["127.0.0.1", 0]);
  const [host, port] = server.server_address as [string, number];
  assertEquals(host, "127.0.0.1");
  assert(port > 0);
  (await Deno.connect({ hostname: "127.0.0.1", port })).close();
  await using everywhere = protocol.serve(hello, ["", 0]);
  assertEquals(everywhere.server_address[0], "0.0.0.0");
  await using gateway = await open_gateway(protocol, hello, { unix: true });
  assertMatch(String(gateway.server.server_address), /\/app\.sock$/);
});

test_each("an address that is taken is refused", async (protocol) => {
  await using server = protocol.serve(hello, ["127.0.0.1", 0]);
  const { server_address } = server;
  assertThrows(
    () => protocol.serve(hello, server_address),
    Deno.errors.AddrInUse,
  );
  await using gateway = await open_gateway(protocol, hello, { unix: true });
  assertThrows(
    () => protocol.serve(hello, gateway.server.server_address),
    Deno.errors.AddrInUse,
  );
});

Deno.test("a Unix socket may be listened at again", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tsgi-" });
  for (const protocol of protocols) {
    await using server = protocol.serve(hello, `${folder}/app.sock`);
    server.log_request = () => {};
    server.serve_forever();
    assertEquals((await ask(protocol, server)).text, HELLO);
  }
  await Deno.remove(folder, { recursive: true });
});

test_each("limits that make no sense are refused", async (protocol) => {
  for (const value of [0, -1, 1.5, NaN, Infinity]) {
    for (const name of ["max_header_size", "max_connections"]) {
      const error = assertThrows(
        () => protocol.serve(hello, ["127.0.0.1", 0], { [name]: value }),
        RangeError,
      );
      assertEquals(
        error.message,
        `${name} must be an integer above 0, got ${value}`,
      );
    }
  }
  assertThrows(() => protocol.serve(hello, ["127.0.0.1", 65536]), RangeError);
});

test_each("requests wait until serve_forever() is called", async (protocol) => {
  await using gateway = await open_gateway(protocol, hello, { waiting: true });
  const { server } = gateway;
  const answers = [ask(protocol, server), ask(protocol, server)];
  assert(await is_pending(Promise.race(answers)));
  server.serve_forever();
  for (const answer of answers) assertEquals((await answer).text, HELLO);
});

test_each("handle_request() handles exactly one request", async (protocol) => {
  await using gateway = await open_gateway(protocol, hello, { waiting: true });
  const { server, log } = gateway;
  const handled = server.handle_request();
  assertEquals((await ask(protocol, server)).text, HELLO);
  await handled;
  const second = ask(protocol, server, { PATH_INFO: "/2" });
  assert(await is_pending(second));
  assertEquals(log.text, '"GET / HTTP/1.1" 200 5\n');
  await server.handle_request();
  assertEquals((await second).text, HELLO);
});

test_each(
  "handle_request() resolves when the response is complete",
  async (protocol) => {
    const gate = Promise.withResolvers<void>();
    await using gateway = await open_gateway(
      protocol,
      async function* (_environ, start_response) {
        start_response("200 OK", []);
        yield bytes("a");
        await gate.promise;
        yield bytes("b");
      },
      { waiting: true },
    );
    const { server } = gateway;
    const handled = server.handle_request();
    const answer = ask(protocol, server);
    assert(await is_pending(handled));
    gate.resolve();
    await handled;
    await server.server_close(); // Nothing is lost by that.
    assertEquals(await answer, {
      text: "200 OK\r\n\r\nab",
      errors: "",
      ended: true,
      app_status: protocol === fastcgi ? 0 : null,
    });
  },
);

test_each(
  "handle_request() is refused while serve_forever() runs",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, hello);
    await assertRejects(
      () => gateway.server.handle_request(),
      Error,
      "serve_forever() handles all requests",
    );
  },
);

test_each_transport(
  "shutdown() lets requests finish and settles serve_forever()",
  async (protocol, unix) => {
    const gate = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    await using gateway = await open_gateway(
      protocol,
      async (environ, start_response) => {
        started.resolve();
        await gate.promise;
        return await count(environ, start_response);
      },
      { unix, waiting: true },
    );
    const { server } = gateway;
    const served = server.serve_forever();
    const answer = ask(protocol, server, {}, new Uint8Array(MIB));
    await started.promise;
    const down = server.shutdown();
    await assertRejects(() => connect(server.server_address));
    assert(await is_pending(Promise.race([down, served, answer])));
    gate.resolve();
    assertEquals(body_of((await answer).text), String(MIB));
    await Promise.all([down, served]);
    // There is nothing left to wait for.
    await server.shutdown();
    await server.server_close();
    await server.handle_request().catch(() => {});
    await server.serve_forever();
  },
);

test_each(
  "shutdown() closes idle connections, but takes a request that is on its way",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, hello);
    const { server } = gateway;
    using idle = await connect(server.server_address);
    using late = await connect(server.server_address);
    // Both have been accepted when a third one has been answered.
    await ask(protocol, server);
    const down = server.shutdown();
    await write_all(late, whole_request(protocol));
    assertEquals(protocol.answer(await read_to_end(late)).text, HELLO);
    assertEquals(text(await read_to_end(idle)), "");
    await down;
  },
);

test_each("shutdown() leaves no timer behind", async (protocol) => {
  await using gateway = await open_gateway(protocol, hello);
  const { server } = gateway;
  const idle = await connect(server.server_address);
  await ask(protocol, server);
  const down = server.shutdown();
  idle.close();
  await down;
});

test_each(
  "shutdown() turns away requests that nobody handles",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, hello, {
      waiting: true,
    });
    const { server, log } = gateway;
    const answer = ask(protocol, server);
    assert(await is_pending(answer));
    await server.shutdown();
    const { text, ended } = await answer;
    assertEquals([text, ended], ["", protocol !== fastcgi]);
    assertEquals(log.text, "");
    await server.handle_request(); // Nothing will come: it resolves at once.
  },
);

test_each(
  "server_close() breaks off what is under way, and closes results",
  async (protocol) => {
    const [app, closed, begun] = closing(stalled_blocks);
    await using gateway = await open_gateway(protocol, app);
    const { server } = gateway;
    using conn = await connect(server.server_address);
    await write_all(conn, whole_request(protocol));
    await until(begun);
    using idle = await connect(server.server_address);
    await server.server_close();
    await read_to_end(conn);
    assertEquals(text(await read_to_end(idle)), "");
    await until(() => closed() > 0);
    assertEquals(closed(), 1);
    await assertRejects(() => connect(server.server_address));
  },
);

test_each(
  "server_close() breaks off a response whose client does not read",
  async (protocol) => {
    const [app, closed, begun] = closing(endless_blocks);
    await using gateway = await open_gateway(protocol, app);
    using conn = await connect(gateway.server.server_address);
    await write_all(conn, whole_request(protocol));
    await until(begun);
    await pause(50);
    await gateway.server.server_close();
    await until(() => closed() > 0);
    assertEquals(closed(), 1);
  },
);

test_each(
  "a server ends when the signal of its options is given",
  async (protocol) => {
    const controller = new AbortController();
    const { signal } = controller;
    const server = protocol.serve(hello, ["127.0.0.1", 0], { signal });
    const served = server.serve_forever();
    controller.abort();
    await served;
    await assertRejects(() => connect(server.server_address));
    // And where it has been given before.
    await protocol.serve(hello, ["127.0.0.1", 0], { signal }).serve_forever();
  },
);

test_each("await using closes a server", async (protocol) => {
  let address;
  {
    await using server = protocol.serve(hello, ["127.0.0.1", 0]);
    address = server.server_address;
    (await connect(address)).close();
  }
  await assertRejects(() => connect(address));
});

test_each("more connections than max_connections wait", async (protocol) => {
  const options = { max_connections: 2 };
  await using gateway = await open_gateway(protocol, hello, options);
  const { server } = gateway;
  const idle = [
    await connect(server.server_address),
    await connect(server.server_address),
  ];
  const answers = [1, 2, 3].map(() => ask(protocol, server));
  assert(await is_pending(Promise.race(answers)));
  idle[0]!.close();
  for (const answer of answers) assertEquals((await answer).text, HELLO);
  idle[1]!.close();
});

test_each("a server that waits for room can be stopped", async (protocol) => {
  const options = { max_connections: 1 };
  await using gateway = await open_gateway(protocol, hello, options);
  using _idle = await connect(gateway.server.server_address);
  await pause(20);
  await gateway.server.shutdown();
});

test_each(
  "clients that reset their connections at once disturb nobody",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, hello);
    const { server } = gateway;
    const [, port] = server.server_address as [string, number];
    const request = text(whole_request(protocol));
    const { success, stderr } = await new Deno.Command("python3", {
      args: ["-c", RESETS, String(port), btoa(request)],
      stderr: "piped",
    }).output();
    assert(success, text(stderr));
    assertEquals((await ask(protocol, server)).text, HELLO);
    await server.shutdown();
    assertEquals(
      gateway.log.text.replaceAll('"GET / HTTP/1.1" 200 5\n', "").replaceAll(
        '"GET / HTTP/1.1" 200 0\n',
        "",
      ),
      "",
    );
  },
);

/** Connects many times, sends nothing, a part of a request or all of it, and resets the connection. */
const RESETS = `
import base64, socket, struct, sys
request = base64.b64decode(sys.argv[2])
for i in range(200):
    conn = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    conn.sendall(request[:[0, 10, len(request)][i % 3]])
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()
`;

test_each(
  "an error of accept() is logged, and the next connection is taken",
  async (protocol) => {
    const listen = Deno.listen;
    let fail = true;
    const patched = (options: Parameters<typeof listen>[0]) => {
      const listener = listen(options);
      const accept = listener.accept.bind(listener);
      listener.accept = () => {
        if (!fail) return accept();
        fail = false;
        throw new Error("no file\ndescriptor");
      };
      return listener;
    };
    Deno.listen = patched as typeof listen;
    try {
      await using gateway = await open_gateway(protocol, hello);
      assertEquals((await ask(protocol, gateway.server)).text, HELLO);
      assertEquals(
        gateway.log.text,
        'cannot accept a connection: Error: no file\\x0adescriptor\n"GET / HTTP/1.1" 200 5\n',
      );
    } finally {
      Deno.listen = listen;
    }
  },
);

test_each(
  "stderr takes wsgi.errors and the errors of the server",
  async (protocol) => {
    const log = new Log();
    await using gateway = await open_gateway(
      protocol,
      (environ, start_response) => {
        environ["wsgi.errors"].write("note\n");
        return hello(environ, start_response);
      },
      { stderr: log },
    );
    await ask(protocol, gateway.server);
    await exchange(gateway.server.server_address, bytes("\xff"));
    assertMatch(log.text, /^note\nclosed a connection: TypeError: [^\n]*\n$/);
  },
);

test_each(
  "without stderr the errors of the server go to the process's",
  async (protocol) => {
    await using gateway = await open_gateway(protocol, hello, {
      stderr: undefined,
    });
    const written = await stderr_of(async () => {
      await exchange(gateway.server.server_address, bytes("\xff"));
      await ask(protocol, gateway.server);
    });
    assertMatch(written, /^closed a connection: TypeError: [^\n]*\n$/);
  },
);

test_each("wsgi.errors goes to the process's stderr", async (protocol) => {
  await using gateway = await open_gateway(
    protocol,
    (environ, start_response) => {
      environ["wsgi.errors"].write("note\n");
      return hello(environ, start_response);
    },
    { stderr: undefined },
  );
  const written = await stderr_of(async () => {
    await ask(protocol, gateway.server);
  });
  assertEquals(written, "note\n");
}, [scgi, uwsgi]);
