/** What is no request of SCGI, FastCGI or uwsgi, or too large a one. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { WSGIApplication } from "../../../types.ts";
import { bytes, join, text, write_all } from "../../support/support.ts";
import { body_of, count, HELLO, hello } from "./apps.ts";
import { test_each } from "./each_protocol.ts";
import {
  ask,
  connect,
  exchange,
  fastcgi,
  open_gateway,
  type Protocol,
  read_to_end,
} from "../gateway_clients.ts";
import { request_pairs, scgi_head } from "../heads.ts";

/** What stands for a line of the log about a connection that was closed. */
function closed_line(reason: string): string {
  return `closed a connection: ${reason}\n`;
}

/** What the log adds where what came is a request of HTTP. */
function is_http(protocol: string, scheme = protocol): string {
  return `: this is HTTP, but nginx speaks ${protocol} with ${protocol}_pass, and Apache with ${scheme}://`;
}

/** What is no request, by protocol, and what the log says. */
const malformed: Record<string, [input: string, reason: string][]> = {
  SCGI: [
    [
      "GET / HTTP/1.1\r\n\r\n",
      'TypeError: expected the length of the head and a colon, got "GET / HTTP/1.1\\\\r\\\\n\\\\r\\\\n"' +
      is_http("scgi"),
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
      'TypeError: SCGI must be 1, got "2"',
    ],
    [
      text(scgi_head([["CONTENT_LENGTH", "x\n"]])),
      'TypeError: CONTENT_LENGTH must be a number, got "x\\\\n"',
    ],
  ],
  FastCGI: [
    ["\x02", "TypeError: expected a record of FastCGI version 1, got 2"],
    [
      "GET /",
      "TypeError: expected a record of FastCGI version 1, got 71" +
      is_http("fastcgi", "fcgi"),
    ],
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
      "TypeError: expected names and values in 2 bytes, got one that exceeds them",
    ],
  ],
  uwsgi: [
    ["GET /", "TypeError: expected modifier 0, got 71" + is_http("uwsgi")],
    [
      "\0\x03\0\0\x05\0A",
      "TypeError: expected names and values in 3 bytes, got one that exceeds them",
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
          `UnexpectedEof: the connection ended after ${left} bytes of an incomplete request`,
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
