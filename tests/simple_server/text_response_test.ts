/** Bodies that a `ServerHandler` may send as text: the same bytes and headers as those of any other body. */

import { assertEquals } from "@std/assert";
import type { HeaderList } from "../../types.ts";
import { raw_request, serve } from "../support/support.ts";

const BODIES: Record<string, Uint8Array> = {
  "ASCII": new TextEncoder().encode("Hello world!\n"),
  "UTF-8": new TextEncoder().encode("Zoë, 花子 \u{1f600}"),
  "a byte order mark": Uint8Array.of(0xef, 0xbb, 0xbf, 0x41),
  "a replacement character": new TextEncoder().encode("a\ufffdb"),
  "ISO-8859-1": Uint8Array.of(0x63, 0x61, 0x66, 0xe9),
  "a character that is cut off": Uint8Array.of(0xe2, 0x82),
  "a surrogate": Uint8Array.of(0xed, 0xa0, 0x80),
  "NUL": Uint8Array.of(0, 0, 0),
  "1024 bytes": new Uint8Array(1024).fill(0x78),
  "1025 bytes": new Uint8Array(1025).fill(0x78),
};

const HEADERS: Record<string, HeaderList> = {
  "a type": [["Content-Type", "application/x-test"]],
  "no type": [["X-Test", "1"]],
  "a type in small letters": [["content-type", "text/plain"], ["X-A", "1"]],
  "an empty type": [["Content-Type", ""]],
  "two types": [["Content-Type", "text/a"], ["Content-Type", "text/b"]],
  "two cookies": [
    ["Set-Cookie", "a=1"],
    ["Content-Type", "text/plain"],
    ["Set-Cookie", "b=2"],
  ],
};

for (const [name, body] of Object.entries(BODIES)) {
  for (const [kind, headers] of Object.entries(HEADERS)) {
    Deno.test(`make_server() sends the same bytes and headers when the body is ${name} with ${kind}`, async () => {
      await using server = serve((_environ, start_response) => {
        start_response("200 OK", headers);
        return [body];
      });
      const answer = await raw_request(
        Number(new URL(server.url).port),
        "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
      );
      const sent = answer.headers.map((line) => {
        const [name, value] = line.split(/: ?/, 2);
        return [name!.toLowerCase(), value!];
      }).filter(([name]) => !/^(date|server|connection|vary)$/.test(name!));
      const expected = [
        ...headers.map(([name, value]) => [name.toLowerCase(), value]),
        ["content-length", String(body.length)],
      ];
      assertEquals(sent.sort(), expected.sort());
      const bytes = Uint8Array.from(answer.body, (char) => char.charCodeAt(0));
      assertEquals(bytes, body);
    });
  }
}
