/**
 * What each door can carry beside the conformance table: a table of probes and, for each door, what comes of them.
 * README's table is made of it.
 */

import { assertEquals } from "@std/assert";
import { FAIL } from "./capability_apps.ts";
import {
  type Answer,
  type HTTPDoor,
  parse_answer,
} from "./conformance_doors.ts";
import { markdown_table } from "../support/markdown.ts";
import { bytes, text, write_all } from "../support/support.ts";

/** A door, and what a probe is expected to find there: what is to come is waited for, what is not to come is not. */
interface Probed {
  door: HTTPDoor;
  expected: string;
}

/** A question to a door. */
interface Capability {
  /** The question, as it heads a row of the table. */
  name: string;
  /** Finds the answer. */
  probe(probed: Probed): Promise<string>;
}

// Asking by hand

/** How long something may take that comes, and how long what does not come is waited for, in milliseconds. */
const PATIENCE = 10_000;
const IMPATIENCE = 300;

/** Waits for something; null where it does not come. */
async function arrival<T>(
  promise: Promise<T>,
  is_expected: boolean,
): Promise<T | null> {
  const { promise: late, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(
    () => resolve(null),
    is_expected ? PATIENCE : IMPATIENCE,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Reads from a connection until `enough`, or to its end; a reset is an end as well. */
async function read_until(
  conn: Deno.Conn,
  enough: (received: string) => boolean,
): Promise<string> {
  const buffer = new Uint8Array(65536);
  let received = "";
  try {
    while (!enough(received)) {
      const length = await conn.read(buffer);
      if (length === null) break;
      received += text(buffer.subarray(0, length));
    }
  } catch (error) {
    // Closed by the other side, or by the probe, which has waited long enough.
    if (!is_closed(error)) throw error;
  }
  return received;
}

function is_closed(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted;
}

/** A request as it is sent. */
function request_text(
  request_line: string,
  headers: Record<string, string | number>,
  body = "",
): string {
  const lines = Object.entries({ Connection: "close", ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return `${request_line}\r\n${lines.join("")}\r\n${body}`;
}

/** Sends a request, and gives the whole answer. */
async function ask(
  door: HTTPDoor,
  request: string,
  see_connection: (conn: Deno.Conn) => void = () => {},
): Promise<Answer> {
  using conn = await door.connect();
  see_connection(conn);
  await write_all(conn, bytes(request));
  return parse_answer(bytes(await read_until(conn, () => false)), "GET");
}

/** What an answer says: its body, or its status where that is an error's. */
function said(answer: Answer): string {
  return answer.status.startsWith("200")
    ? text(answer.body)
    : answer.status.slice(0, 3);
}

/** A variable of the environ, as a GET has it. */
async function variable(
  door: HTTPDoor,
  name: string,
  { target = "/", version = "1.1", headers = {}, body = "", see_connection }: {
    target?: string;
    version?: string;
    headers?: Record<string, string | number>;
    body?: string;
    see_connection?: (conn: Deno.Conn) => void;
  } = {},
): Promise<string | null> {
  const request = request_text(`GET ${target} HTTP/${version}`, {
    ...(version === "1.1" && { Host: "example.org" }),
    "X-Application": "environ",
    "X-Show": name,
    ...headers,
  }, body);
  const answer = said(await ask(door, request, see_connection));
  return answer.startsWith("{") ? JSON.parse(answer)[name] : answer;
}

/** A probe of one variable. */
function of_variable(
  name: string,
  request: Parameters<typeof variable>[2],
): Capability["probe"] {
  return async ({ door }) => await variable(door, name, request) ?? "none";
}

/** A request to an application that is spoken with on a connection of its own. */
interface Controlled {
  /** The connection of the client. */
  conn: Deno.Conn;
  /** That of the application, when it has been asked. */
  asked: Promise<Deno.Conn>;
}

/** Sends a request to an application that is controlled, and lets `use` see what becomes of it. */
async function with_control(
  { door }: Probed,
  application: string,
  { body = null, sent = body ?? "" }: { body?: string | null; sent?: string },
  use: (controlled: Controlled) => Promise<string>,
): Promise<string> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using conn = await door.connect();
  const request = request_text(`${body === null ? "GET" : "POST"} / HTTP/1.1`, {
    Host: "example.org",
    "X-Application": application,
    "X-Control": listener.addr.port,
    ...(body !== null && { "Content-Length": body.length }),
  }, sent);
  await write_all(conn, bytes(request));
  const asked = listener.accept();
  try {
    return await use({ conn, asked });
  } finally {
    listener.close();
    await asked.then((control) => control.close(), () => {});
  }
}

/** Whether the first byte of the body is in what has come. */
function has_begun(received: string): boolean {
  return /\r\n\r\n[^]/.test(received);
}

// The probes

async function reason_phrase({ door }: Probed): Promise<string> {
  const request = request_text("GET / HTTP/1.1", {
    Host: "example.org",
    "X-Application": "answer",
    "X-Key": crypto.randomUUID(),
    "X-Answer": '{"status":"200 Quite All Right"}',
  });
  return (await ask(door, request)).status;
}

async function remote_port({ door }: Probed): Promise<string> {
  let own = "";
  const see_connection = (conn: Deno.Conn) => {
    own = String((conn.localAddr as Deno.NetAddr).port);
  };
  const port = await variable(door, "REMOTE_PORT", { see_connection });
  return port === own ? "the client's" : port ? "another's" : "none";
}

function body_of(method: string, framed: Record<string, string>, body: string) {
  return async ({ door }: Probed): Promise<string> => {
    const request = request_text(`${method} / HTTP/1.1`, {
      Host: "example.org",
      "X-Application": "input_text",
      ...framed,
    }, body);
    const came = said(await ask(door, request));
    return came === "Hello" ? "yes" : came || "no: it is empty";
  };
}

async function expectation({ door, expected }: Probed): Promise<string> {
  using conn = await door.connect();
  const head = request_text("POST / HTTP/1.1", {
    Host: "example.org",
    "X-Application": "input_text",
    "Content-Length": 5,
    Expect: "100-continue",
  });
  await write_all(conn, bytes(head));
  const interim = read_until(conn, (received) => received.includes("\r\n\r\n"));
  const came = await arrival(interim, expected === "yes");
  return came?.startsWith("HTTP/1.1 100 Continue\r\n") ? "yes" : "no";
}

/** A body is sent in two parts: the second one when the application has the first. */
function streamed_input(probed: Probed): Promise<string> {
  const options = { body: "abcd", sent: "ab" };
  return with_control(
    probed,
    "controlled_input",
    options,
    async ({ conn, asked }) => {
      const first = asked.then((control) =>
        read_until(control, (received) => received.length >= 2)
      );
      const came = await arrival(first, probed.expected === "yes");
      await write_all(conn, bytes("cd"));
      await first;
      await read_until(await asked, () => false);
      return came === null ? "no" : "yes";
    },
  );
}

/** What the application has of a body whose client closes the connection in its middle. */
function cut_input(probed: Probed): Promise<string> {
  const options = { body: "abcd", sent: "ab" };
  return with_control(
    probed,
    "controlled_input",
    options,
    async ({ conn, asked }) => {
      const first = asked.then((control) =>
        read_until(control, (received) => received.length >= 2)
      );
      const is_expected = probed.expected !== NOT_ASKED;
      if (await arrival(first, is_expected) === null) return NOT_ASKED;
      conn.close();
      return `\`wsgi.input\` ${await read_until(await asked, () => false)}`;
    },
  );
}

/** What comes of it where the whole body is waited for. */
const NOT_ASKED = "the application is not asked";

/** A body that no buffers between a client and an application can take. */
const LONG = 16_000_000;

/** The answer is the body, which has to come in as it goes out. */
async function duplex({ door, expected }: Probed): Promise<string> {
  using conn = await door.connect();
  const head = request_text("POST / HTTP/1.1", {
    Host: "example.org",
    "X-Application": "echo",
    "Content-Length": LONG,
  });
  await write_all(conn, bytes(head));
  const sent = send_until_closed(conn, new Uint8Array(LONG));
  const received = count_until(conn, LONG);
  const came = await arrival(received, expected === "yes");
  conn.close();
  await Promise.all([sent, received]);
  return came === null ? "no" : "yes";
}

async function send_until_closed(conn: Deno.Conn, data: Uint8Array) {
  try {
    await write_all(conn, data);
  } catch (error) {
    if (!is_closed(error)) throw error;
  }
}

/** Reads that many bytes. */
async function count_until(conn: Deno.Conn, count: number): Promise<void> {
  const buffer = new Uint8Array(262144);
  try {
    while (count > 0) count -= await conn.read(buffer) ?? count;
  } catch (error) {
    if (!is_closed(error)) throw error;
  }
}

/** The first block is to arrive while the application waits. */
function early_block(probed: Probed): Promise<string> {
  return with_control(probed, "controlled", {}, async ({ conn }) => {
    const begun = read_until(conn, has_begun);
    return await arrival(begun, probed.expected === "yes") === null
      ? "no"
      : "yes";
  });
}

/** More large blocks than the buffers between an application and its client can take. */
const BLOCKS = 100;

/** When an application is closed whose client has left in the middle of the body. */
function leaving(probed: Probed): Promise<string> {
  return with_control(
    probed,
    "controlled",
    {},
    async ({ conn, asked }) => {
      await read_until(conn, has_begun);
      conn.close();
      const control = await asked;
      const end = read_until(control, () => false);
      const at_once = await arrival(end, probed.expected === AT_ONCE);
      if (at_once !== null) return at_once ? AT_ONCE : "no: it is killed";
      await control.write(bytes("!".repeat(BLOCKS)));
      const later = await arrival(end, probed.expected !== "never");
      if (later === null) return "never";
      return later ? "when it writes" : "no: it is killed when it writes";
    },
  );
}

const AT_ONCE = "at once";

/** What a client makes of a response that fails when its first block has come. */
function breaking(probed: Probed): Promise<string> {
  return with_control(probed, "controlled", {}, async ({ conn, asked }) => {
    const begun = await read_until(conn, has_begun);
    await (await asked).write(bytes(FAIL));
    const answer = begun + await read_until(conn, () => false);
    return parse_answer(bytes(answer), "GET").broken ? "yes" : "no";
  });
}

const chunked = { "Transfer-Encoding": "chunked" };

/** All questions, in the order of the table. */
export const capabilities = [
  {
    name: "`SERVER_PROTOCOL` of an HTTP/1.0 request",
    probe: of_variable("SERVER_PROTOCOL", { version: "1.0" }),
  },
  {
    name: "`PATH_INFO` of `/a%2Fb`",
    probe: of_variable("PATH_INFO", { target: "/a%2Fb" }),
  },
  {
    name: "`REQUEST_URI` of `/a%2Fb`",
    probe: of_variable("REQUEST_URI", { target: "/a%2Fb" }),
  },
  {
    name: "`PATH_INFO` of `//a//b`",
    probe: of_variable("PATH_INFO", { target: "//a//b" }),
  },
  {
    name: "`PATH_INFO` of `/a/./../b`",
    probe: of_variable("PATH_INFO", { target: "/a/./../b" }),
  },
  {
    name: "a header that is repeated",
    probe: of_variable("HTTP_X_NAME", {
      headers: { "X-Name": "a", "x-name": "b" },
    }),
  },
  { name: "`REMOTE_PORT`", probe: remote_port },
  {
    name: "`REMOTE_USER` of a password that nobody checked",
    probe: of_variable("REMOTE_USER", {
      headers: { Authorization: `Basic ${btoa("user:password")}` },
    }),
  },
  {
    name: "a body with a GET",
    probe: body_of("GET", { "Content-Length": "5" }, "Hello"),
  },
  {
    name: "a chunked request body",
    probe: body_of("POST", chunked, "5\r\nHello\r\n0\r\n\r\n"),
  },
  {
    name: "trailers behind it",
    probe: of_variable("HTTP_X_TRAILER", {
      headers: chunked,
      body: "5\r\nHello\r\n0\r\nX-Trailer: yes\r\n\r\n",
    }),
  },
  { name: "`Expect: 100-continue` is answered", probe: expectation },
  { name: "the request body comes in as it is sent", probe: streamed_input },
  { name: "a request body that is cut short", probe: cut_input },
  { name: "a long body as the answer to it", probe: duplex },
  { name: "a reason phrase of one's own", probe: reason_phrase },
  { name: "a block goes out while the application waits", probe: early_block },
  { name: "a client's leaving closes the result", probe: leaving },
  {
    name: "a failure shows without a `Content-Length`",
    probe: breaking,
  },
] as const satisfies Capability[];

/** The name of a question. */
export type CapabilityName = typeof capabilities[number]["name"];

// The answers

type Answers = Record<CapabilityName, string>;

const MAKE_SERVER: Answers = {
  "`SERVER_PROTOCOL` of an HTTP/1.0 request": "HTTP/1.1",
  "`PATH_INFO` of `/a%2Fb`": "/a/b",
  "`REQUEST_URI` of `/a%2Fb`": "/a%2Fb",
  "`PATH_INFO` of `//a//b`": "/a//b",
  "`PATH_INFO` of `/a/./../b`": "/a/./../b",
  "a header that is repeated": "a, b",
  "`REMOTE_PORT`": "none",
  "`REMOTE_USER` of a password that nobody checked": "none",
  "a body with a GET": "no: it is empty",
  "a chunked request body": "yes",
  "trailers behind it": "none",
  "`Expect: 100-continue` is answered": "yes",
  "the request body comes in as it is sent": "yes",
  "a request body that is cut short": "`wsgi.input` failed",
  "a long body as the answer to it": "yes",
  "a reason phrase of one's own": "200 OK",
  "a block goes out while the application waits": "yes",
  "a client's leaving closes the result": "at once",
  "a failure shows without a `Content-Length`": "yes",
};

const NGINX_VARIABLES: Answers = {
  ...MAKE_SERVER,
  "`SERVER_PROTOCOL` of an HTTP/1.0 request": "HTTP/1.0",
  "`PATH_INFO` of `//a//b`": "//a//b",
  "`PATH_INFO` of `/a/./../b`": "/b",
  "`REMOTE_PORT`": "the client's",
  "a body with a GET": "yes",
  "a long body as the answer to it": "no",
  "a reason phrase of one's own": "200 Quite All Right",
  "a failure shows without a `Content-Length`": "no",
};

const APACHE_VARIABLES: Answers = {
  ...NGINX_VARIABLES,
  "`PATH_INFO` of `//a//b`": "/a//b",
  "a client's leaving closes the result": "when it writes",
};

const LIGHTTPD: Answers = {
  ...NGINX_VARIABLES,
  "`PATH_INFO` of `//a//b`": "/a/b",
  "a client's leaving closes the result": "when it writes",
  "a reason phrase of one's own": "200 OK",
  "the request body comes in as it is sent": "no",
  "a request body that is cut short": "the application is not asked",
  "a body with a GET": "400",
  "trailers behind it": "400",
  "a long body as the answer to it": "yes",
};

/** What comes of the questions at each door. */
export const answers = {
  make_server: MAKE_SERVER,
  "to_fetch under Deno.serve": {
    ...MAKE_SERVER,
    "`REMOTE_PORT`": "the client's",
  },
  "deno serve": {
    ...MAKE_SERVER,
    "`REMOTE_PORT`": "the client's",
  },
  "nginx by HTTP": {
    ...MAKE_SERVER,
    "a long body as the answer to it": "no",
  },
  "nginx by SCGI": {
    ...NGINX_VARIABLES,
    "the request body comes in as it is sent": "no",
    "a request body that is cut short": "the application is not asked",
  },
  "nginx by FastCGI": {
    ...NGINX_VARIABLES,
    "a failure shows without a `Content-Length`": "yes",
  },
  "nginx by uwsgi": {
    ...NGINX_VARIABLES,
  },
  "nginx by CGI": {
    ...NGINX_VARIABLES,
    "the request body comes in as it is sent": "no",
    "a request body that is cut short": "the application is not asked",
    "a header that is repeated": "b",
    "a client's leaving closes the result": "when it writes",
  },
  "Apache by HTTP": {
    ...MAKE_SERVER,
    "the request body comes in as it is sent": "no",
    "a request body that is cut short": "the application is not asked",
    "a long body as the answer to it": "no",
    "a client's leaving closes the result": "when it writes",
  },
  "Apache by SCGI": {
    ...APACHE_VARIABLES,
    "`PATH_INFO` of `//a//b`": "/a/b",
    "a chunked request body": "411",
    "trailers behind it": "411",
  },
  "Apache by FastCGI": {
    ...APACHE_VARIABLES,
    "a long body as the answer to it": "yes",
    "a failure shows without a `Content-Length`": "yes",
  },
  "Apache by uwsgi": {
    ...APACHE_VARIABLES,
    "a chunked request body": "411",
    "trailers behind it": "411",
  },
  "Apache by CGI": {
    ...APACHE_VARIABLES,
    "`PATH_INFO` of `//a//b`": "/a/b",
  },
  "lighttpd by SCGI": {
    ...LIGHTTPD,
  },
  "lighttpd by FastCGI": {
    ...LIGHTTPD,
    "a failure shows without a `Content-Length`": "yes",
  },
  "lighttpd by CGI": {
    ...LIGHTTPD,
  },
} as const satisfies Record<string, Answers>;

/** The name of a door. */
export type DoorName = keyof typeof answers;

/** Where `wsgi.errors` and the stacks of errors go, unless something else is said. */
const errors_to: Record<DoorName, string> = {
  make_server: "stderr",
  "to_fetch under Deno.serve": "stderr",
  "deno serve": "stderr",
  "nginx by HTTP": "stderr",
  "nginx by SCGI": "stderr",
  "nginx by FastCGI": "nginx's error log",
  "nginx by uwsgi": "stderr",
  "nginx by CGI": "fcgiwrap's stderr",
  "Apache by HTTP": "stderr",
  "Apache by SCGI": "stderr",
  "Apache by FastCGI": "Apache's error log",
  "Apache by uwsgi": "stderr",
  "Apache by CGI": "Apache's error log",
  "lighttpd by SCGI": "stderr",
  "lighttpd by FastCGI": "lighttpd's error log",
  "lighttpd by CGI": "lighttpd's error log",
};

/** Makes a test of each question to a door. */
export function run_capabilities(
  door_name: DoorName,
  open: () => Promise<HTTPDoor>,
): void {
  const expected: Answers = answers[door_name];
  for (const { name, probe } of capabilities) {
    Deno.test(`${door_name}: ${name}`, async () => {
      await using door = await open();
      const answer = await probe({ door, expected: expected[name] });
      assertEquals(answer, expected[name]);
    });
  }
}

/** The doors of each table of README.md. */
export const table_doors: DoorName[][] = [
  ["make_server", "deno serve"],
  [
    "nginx by HTTP",
    "nginx by SCGI",
    "nginx by FastCGI",
    "nginx by uwsgi",
    "nginx by CGI",
  ],
  [
    "Apache by HTTP",
    "Apache by SCGI",
    "Apache by FastCGI",
    "Apache by uwsgi",
    "Apache by CGI",
  ],
  ["lighttpd by SCGI", "lighttpd by FastCGI", "lighttpd by CGI"],
];

/** A table for README.md: what comes of each question at these doors. */
export function capabilities_table(doors: DoorName[]): string {
  return markdown_table([
    ["", ...doors],
    ...capabilities.map(({ name }) => [
      name,
      ...doors.map((door) => (answers[door] as Answers)[name]),
    ]),
    ["`wsgi.errors` goes to", ...doors.map((door) => errors_to[door])],
  ]);
}
