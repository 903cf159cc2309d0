/**
 * What each door can carry beside the conformance table: the questions, each with the probe that finds its answer.
 *
 * A question is added to `capabilities`; then the compiler asks for its answers in `answers.ts`.
 */

import { bytes, write_all } from "../../support/support.ts";
import { FAIL } from "../apps/controlled.ts";
import { parse_answer } from "../doors/answer.ts";
import {
  arrival,
  ask,
  has_begun,
  is_closed,
  type Probed,
  read_until,
  request_text,
  said,
  variable,
  with_control,
} from "./by_hand.ts";

/** A question to a door. */
interface Capability {
  /** The question, as it heads a row of the table. */
  name: string;
  /** Finds the answer. */
  probe(probed: Probed): Promise<string>;
}

// The probes

/** A probe of one variable. */
function of_variable(
  name: string,
  request: Parameters<typeof variable>[2],
): Capability["probe"] {
  return async ({ door }) => await variable(door, name, request) ?? "none";
}

/** What a request names that names no host. */
function without_host(version: string): Capability["probe"] {
  return async ({ door }) => {
    const request = request_text(`GET / HTTP/${version}`, {
      "X-Application": "environ",
      "X-Show": "HTTP_HOST",
    });
    const answer = said(await ask(door, request));
    return answer.startsWith("{")
      ? JSON.parse(answer).HTTP_HOST ?? "none"
      : answer;
  };
}

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
    return came === "Hello" ? "yes" : came || "no: empty";
  };
}

function expectation_by(version: string): Capability["probe"] {
  return async ({ door, expected }) => {
    using conn = await door.connect();
    const head = request_text(`POST / HTTP/${version}`, {
      Host: "example.org",
      "X-Application": "input_text",
      "Content-Length": 5,
      Expect: "100-continue",
    });
    await write_all(conn, bytes(head));
    const interim = read_until(
      conn,
      (received) => received.includes("\r\n\r\n"),
    );
    const came = await arrival(interim, expected === "yes");
    return came?.startsWith("HTTP/1.1 100 Continue\r\n") ? "yes" : "no";
  };
}

/** What comes of a CONNECT, and of a request that is its body. */
async function connect_body({ door }: Probed): Promise<string> {
  const body = request_text("GET / HTTP/1.1", {
    Host: "example.org",
    "X-Application": "input_text",
  });
  const request = request_text("CONNECT example.org:80 HTTP/1.1", {
    Host: "example.org:80",
    Connection: "keep-alive",
    "X-Application": "input_text",
    "Content-Length": body.length,
  }, body);
  using conn = await door.connect();
  await write_all(conn, bytes(request));
  const answers = await read_until(conn, () => false);
  const statuses = answers.match(/^HTTP\/1\.1 \d{3}/gm) ?? [];
  return statuses.map((line) => line.slice(-3)).join(", and its body is run: ");
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
const NOT_ASKED = "the application is not called";

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
      return later ? "at the next write" : "no: it is killed at the next write";
    },
  );
}

const AT_ONCE = "at once";

/** What comes of a client that says that it will send no more, and waits for the rest of its answer. */
function half_closing(probed: Probed): Promise<string> {
  return with_control(probed, "controlled", {}, async ({ conn, asked }) => {
    await read_until(conn, has_begun);
    await conn.closeWrite();
    const control = await asked;
    const end = read_until(control, () => false);
    const has_left = await arrival(end, probed.expected === CUT_OFF);
    if (has_left !== null) return CUT_OFF;
    await control.write(bytes("!"));
    const rest = await read_until(conn, (received) => received.length > 1000);
    return rest.length > 1000 ? "it gets the rest" : "it gets nothing more";
  });
}

const CUT_OFF = "it is cut off";

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
    name: "a repeated header",
    probe: of_variable("HTTP_X_NAME", {
      headers: { "X-Name": "a", "x-name": "b" },
    }),
  },
  {
    name: "`HTTP_HOST` of `GET http://a.example/` with `Host: b.example`",
    probe: of_variable("HTTP_HOST", {
      target: "http://a.example/",
      headers: { Host: "b.example" },
    }),
  },
  {
    name: "`HTTP_HOST` of an HTTP/1.1 request without `Host`",
    probe: without_host("1.1"),
  },
  {
    name: "`HTTP_HOST` of an HTTP/1.0 request without `Host`",
    probe: without_host("1.0"),
  },
  { name: "`REMOTE_PORT`", probe: remote_port },
  {
    name: "`REMOTE_USER` for an unchecked password",
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
    name: "a compressed one: `gzip, chunked`",
    probe: body_of(
      "POST",
      { "Transfer-Encoding": "gzip, chunked" },
      "5\r\nHello\r\n0\r\n\r\n",
    ),
  },
  {
    name: "trailers after it",
    probe: of_variable("HTTP_X_TRAILER", {
      headers: chunked,
      body: "5\r\nHello\r\n0\r\nX-Trailer: yes\r\n\r\n",
    }),
  },
  {
    name: "`Expect: 100-continue` is answered",
    probe: expectation_by("1.1"),
  },
  {
    name: "and with HTTP/1.0",
    probe: expectation_by("1.0"),
  },
  { name: "a CONNECT with a body", probe: connect_body },
  { name: "the request body is streamed", probe: streamed_input },
  { name: "a truncated request body", probe: cut_input },
  { name: "a long body echoed as it arrives", probe: duplex },
  { name: "a custom reason phrase", probe: reason_phrase },
  { name: "a block is sent while the application waits", probe: early_block },
  { name: "a disconnect closes the result", probe: leaving },
  { name: "a client that half-closes", probe: half_closing },
  {
    name: "a failure is visible without a `Content-Length`",
    probe: breaking,
  },
] as const satisfies Capability[];

/** The name of a question. */
export type CapabilityName = typeof capabilities[number]["name"];
