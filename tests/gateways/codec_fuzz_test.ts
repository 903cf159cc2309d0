/**
 * The codecs of the gateways, and their servers, with broken input: nothing but a value, "more is needed", a TypeError
 * or a RangeError comes of it, whatever it is; no server hangs, and nobody else is disturbed.
 */

import type { Variables } from "../../_internal/request/variables.ts";
import { assert, assertEquals } from "@std/assert";
import { toBytes } from "@std/streams";
import type { Parsed, Parser } from "../../_internal/streams/connection.ts";
import {
  parse_name_values,
  parse_records,
} from "../../gateways/fastcgi/codec.ts";
import { parse_scgi_head } from "../../gateways/scgi/codec.ts";
import { parse_uwsgi_head } from "../../gateways/uwsgi/codec.ts";
import type { WSGIApplication } from "../../types.ts";
import { fastcgi_request, record } from "./fastcgi/records.ts";
import {
  ask,
  connect,
  open_gateway,
  type Protocol,
  protocols,
  read_to_end,
  send,
  whole_request,
} from "./gateway_clients.ts";
import { type Pairs, scgi_head, uwsgi_head } from "./heads.ts";
import { bytes, join, text } from "../support/support.ts";
import { int, pick, random } from "../support/random.ts";

type Next = () => number;

// Broken input

/** Some bytes, most of them such as lengths and types are made of. */
function random_bytes(next: Next, length: number): Uint8Array {
  const special = [0, 1, 4, 5, 8, 44, 48, 57, 58, 127, 128, 255];
  return Uint8Array.from(
    { length },
    () => next() < 0.5 ? pick(next, special) : int(next, 0, 255),
  );
}

/** The data with `length` bytes from `start` on replaced. */
function spliced(
  data: Uint8Array,
  start: number,
  length: number,
  by: Uint8Array,
): Uint8Array {
  return join([data.subarray(0, start), by, data.subarray(start + length)]);
}

/** Ways to break some data. */
const mutations: ((next: Next, data: Uint8Array) => Uint8Array)[] = [
  // One bit.
  (next, data) => {
    const copy = data.slice();
    const i = int(next, 0, Math.max(copy.length - 1, 0));
    if (copy.length > 0) copy[i]! ^= 1 << int(next, 0, 7);
    return copy;
  },
  // A bit of its beginning, where lengths and types are.
  (next, data) => {
    const copy = data.slice();
    const i = int(next, 0, Math.min(copy.length - 1, 15));
    if (copy.length > 0) copy[i] = int(next, 0, 255);
    return copy;
  },
  // The end, or the beginning, is missing.
  (next, data) => data.subarray(0, int(next, 0, data.length)),
  (next, data) => data.subarray(int(next, 0, data.length)),
  // Something inserted, left out, replaced, repeated.
  (next, data) =>
    spliced(data, int(next, 0, data.length), 0, random_bytes(next, 5)),
  (next, data) =>
    spliced(data, int(next, 0, data.length), int(next, 1, 9), bytes("")),
  (next, data) => {
    const size = int(next, 1, 9);
    return spliced(
      data,
      int(next, 0, data.length),
      size,
      random_bytes(next, size),
    );
  },
  (next, data) => {
    const start = int(next, 0, data.length);
    const part = data.subarray(start, start + int(next, 1, 40));
    return spliced(data, start, 0, part);
  },
  // Huge lengths.
  (next, data) => {
    const ones = new Uint8Array(int(next, 1, 8)).fill(255);
    return spliced(data, int(next, 0, data.length), ones.length, ones);
  },
  (next, data) => {
    const nines = bytes("9".repeat(int(next, 1, 400)));
    return spliced(data, int(next, 0, 3), 0, nines);
  },
  // Nothing of it.
  (next) => random_bytes(next, int(next, 0, 200)),
];

/** Valid data, broken in one or a few ways. */
function broken(next: Next, data: Uint8Array): Uint8Array {
  for (let i = int(next, 1, 3); i > 0; i--) {
    data = pick(next, mutations)(next, data);
  }
  return data;
}

/** Variables of all kinds. */
function random_pairs(next: Next): Pairs {
  const names = ["A", "", "__proto__", "PATH_INFO", "X_\xe9", "N".repeat(130)];
  const pairs: [string, string][] = [[
    "CONTENT_LENGTH",
    String(int(next, 0, 30)),
  ]];
  for (let i = int(next, 0, 6); i > 0; i--) {
    const value = String.fromCharCode(...random_bytes(next, int(next, 0, 200)));
    pairs.push([pick(next, names), value.replaceAll("\0", "")]);
  }
  return pairs;
}

// Codecs

const COUNT = 10_000;
const LIMIT = 2000;

/** How much time all inputs of a codec may take, in milliseconds: some hundred times what they need. */
const TIME = 60_000;

/** How much memory may be in use behind all of them that was not before. */
const MEMORY = 64 << 20;

/** What a parser makes of some data: what it found, or the class of what it threw, which must be one of two. */
function outcome<T>(
  parse: Parser<T>,
  data: Uint8Array,
): Parsed<T> | null | string {
  try {
    const found = parse(data);
    if (found) {
      assert(Number.isInteger(found.length));
      assert(found.length > 0 && found.length <= data.length);
    }
    return found;
  } catch (error) {
    const { name, message } = error as Error;
    assert(name === "TypeError" || name === "RangeError", `${error}`);
    assert(message.length < 1000, `${message.length} characters of message`);
    return name;
  }
}

/** Checks that a beginning of the data is waited behind, or says what all of it says. */
function check_beginning<T>(
  next: Next,
  parse: Parser<T>,
  data: Uint8Array,
): void {
  const beginning = outcome(parse, data.subarray(0, int(next, 0, data.length)));
  if (beginning !== null) assertEquals(beginning, outcome(parse, data));
}

/** The number of characters in all names and values. */
function size_of(variables: Variables): number {
  return Object.entries(variables).flat()
    .reduce((size, { length }) => size + length, 0);
}

/** Gives `check` 10,000 broken inputs, and looks at time and memory. */
function fuzz(
  name: string,
  valid: (next: Next) => Uint8Array,
  check: (next: Next, data: Uint8Array) => void,
): void {
  Deno.test(`${name} takes 10,000 broken inputs`, () => {
    const start = performance.now();
    const { heapUsed } = Deno.memoryUsage();
    for (let seed = 1; seed <= COUNT; seed++) {
      const next = random(seed);
      const data = broken(next, valid(next));
      try {
        check(next, data);
      } catch (error) {
        throw new Error(`${name} failed with seed ${seed}`, { cause: error });
      }
    }
    assert(performance.now() - start < TIME, "it took too long");
    assert(Deno.memoryUsage().heapUsed - heapUsed < MEMORY, "memory grew");
  });
}

/** Checks what a parser of heads makes of some data. */
function check_head(parse: (data: Uint8Array) => Parsed<Variables> | null) {
  return (next: Next, data: Uint8Array) => {
    const found = outcome(parse, data);
    if (found !== null && typeof found === "object") {
      assert(size_of(found.value) <= LIMIT);
    }
    check_beginning(next, parse, data);
  };
}

fuzz(
  "parse_scgi_head()",
  (next) => join([scgi_head(random_pairs(next)), random_bytes(next, 30)]),
  check_head((data) => parse_scgi_head(data, LIMIT)),
);

fuzz(
  "parse_uwsgi_head()",
  (next) => join([uwsgi_head(random_pairs(next)), random_bytes(next, 30)]),
  check_head((data) => parse_uwsgi_head(data, LIMIT)),
);

/** The records of a request. */
function random_records(next: Next): Uint8Array {
  const variables = Object.fromEntries(random_pairs(next));
  const request = fastcgi_request(int(next, 0, 3), variables, { body: "body" });
  const padding = int(next, 0, 255);
  return join([request, record(int(next, 0, 12), 1, "content", padding)]);
}

/** Checks the records in some data, what is in them, and that a beginning of the data gives the first of them. */
function check_records(next: Next, data: Uint8Array): void {
  const found = outcome(parse_records, data);
  const part = outcome(
    parse_records,
    data.subarray(0, int(next, 0, data.length)),
  );
  if (typeof part === "string") assertEquals(found, part);
  if (found === null || typeof found === "string") return;
  for (const { content } of found.value) check_name_values(content);
  if (part === null || typeof part === "string") return;
  assertEquals(part.value, found.value.slice(0, part.value.length));
}

function check_name_values(content: Uint8Array): void {
  const found = outcome(
    (data) => ({
      value: parse_name_values(text(data)),
      length: data.length || 1,
    }),
    content.length > 0 ? content : new Uint8Array([0, 0]),
  );
  if (found !== null && typeof found === "object") {
    assert(size_of(found.value) <= content.length);
  }
}

fuzz("parse_records()", random_records, check_records);

fuzz(
  "parse_name_values()",
  (next) => {
    const variables = Object.fromEntries(random_pairs(next));
    return parse_records(fastcgi_request(1, variables))!.value[1]!.content;
  },
  (_next, data) => check_name_values(data),
);

// Servers

const CONNECTIONS = 400;

/** Reads all there is, and answers with its size, also where that fails. */
const reading: WSGIApplication = async (environ, start_response) => {
  const body = await toBytes(environ["wsgi.input"]).catch(() => bytes(""));
  start_response("200 OK", []);
  return [bytes(`${body.length} bytes`)];
};

const GOOD = "200 OK\r\nContent-Length: 7\r\n\r\n5 bytes";

/** How long a server may take to be done with a connection whose client has ended what it sends, in milliseconds. */
const DEADLINE = 20_000;

/** Sends some data in one or two pieces, and waits until the server has closed the connection. */
async function send_broken(
  next: Next,
  protocol: Protocol,
  address: Parameters<typeof connect>[0],
  seed: number,
): Promise<void> {
  const content = bytes("x".repeat(int(next, 0, 20)));
  const variables = Object.fromEntries(random_pairs(next).slice(1));
  const data = broken(next, whole_request(protocol, variables, content));
  using conn = await connect(address);
  const middle = int(next, 0, data.length);
  await send(conn, data.subarray(0, middle));
  await send(conn, data.subarray(middle));
  if (next() < 0.2) return; // The client does not wait for an answer.
  await conn.closeWrite().catch(() => {});
  let timer;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`the connection of seed ${seed} was not closed`)),
      DEADLINE,
    );
  });
  await Promise.race([read_to_end(conn), late]);
  clearTimeout(timer);
}

/** What may stand in the log: nothing that was not foreseen. */
const LOG_LINE =
  // deno-lint-ignore no-control-regex
  /^("[^\n]*" 200 \d+|closed a connection: (TypeError|RangeError|UnexpectedEof): [^\x00-\x1f\x7f-\x9f]{1,1000})$/;

for (const protocol of protocols) {
  Deno.test(`${protocol.name}: a server takes ${CONNECTIONS} broken connections`, async () => {
    await using gateway = await open_gateway(protocol, reading);
    const { server, log } = gateway;
    const before = Deno.memoryUsage().rss;
    const good = async () => {
      const { text } = await ask(protocol, server, {}, "Hello");
      assertEquals(text, GOOD);
    };
    await good();
    for (let seed = 1; seed <= CONNECTIONS; seed += 20) {
      const seeds = Array.from({ length: 20 }, (_, i) => seed + i);
      const broken = seeds.map((seed) =>
        send_broken(random(seed), protocol, server.server_address, seed)
      );
      await Promise.all([...broken, good()]);
      await good();
    }
    await server.shutdown();
    const lines = log.text.split("\n").slice(0, -1);
    assertEquals(lines.filter((line) => !LOG_LINE.test(line)), []);
    assert(Deno.memoryUsage().rss - before < 4 * MEMORY, "memory grew");
  });
}
