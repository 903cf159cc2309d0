/** Bodies of examples/hono.ts that go in and out as they come. */

import { assertEquals, assertFalse } from "@std/assert";
import app from "../../../examples/hono.ts";
import { mount } from "../../../examples/mount.ts";
import { bytes, text, write_all } from "../../support/support.ts";
import { request_of, served, start_cgi } from "./ways.ts";

/** Reads until `wanted` has come, and gives everything that came. */
async function read_until(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  wanted: string,
): Promise<string> {
  let all = "";
  while (!all.includes(wanted)) {
    const { done, value } = await reader.read();
    assertFalse(done, `${JSON.stringify(wanted)} did not come: ${all}`);
    all += text(value!);
  }
  return all;
}

Deno.test("examples/hono.ts echoes each chunk before the next is sent, through make_server()", async () => {
  await using way = await served(mount({ shop: app }));
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: way.port });
  await write_all(
    conn,
    bytes(
      "POST /shop/echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" +
        "Transfer-Encoding: chunked\r\n\r\n",
    ),
  );
  const reader = conn.readable.getReader();
  for (const chunk of ["one", "two", "three"]) {
    await write_all(conn, bytes(`${chunk.length}\r\n${chunk}\r\n`));
    await read_until(reader, `${chunk.length}\r\n${chunk}\r\n`);
  }
  await write_all(conn, bytes("0\r\n\r\n"));
  assertEquals(await read_until(reader, "0\r\n\r\n"), "0\r\n\r\n");
});

Deno.test("examples/hono.ts echoes each chunk before the next is sent, as CGI", async () => {
  const child = start_cgi(request_of("POST /echo", [], bytes("onetwothree")));
  const reader = child.stdout.getReader();
  const writer = child.stdin.getWriter();
  for (const chunk of ["one", "two", "three"]) {
    await writer.write(bytes(chunk));
    await read_until(reader, chunk);
  }
  // It ends by CONTENT_LENGTH, though its stdin stays open.
  assertEquals((await reader.read()).done, true);
  assertEquals((await child.status).code, 0);
  await writer.close().catch(() => {}); // Nobody reads it any more.
  assertEquals(text(await child.stderr.bytes()), "");
});

Deno.test("examples/hono.ts ends as CGI when the web server has closed its stdout", async () => {
  // The last line of this count is a day away.
  const child = start_cgi(request_of("GET /count?to=1000000"));
  const reader = child.stdout.getReader();
  await read_until(reader, "1\n2\n");
  await reader.cancel();
  assertEquals((await child.status).code, 0);
  await child.stdin.close().catch(() => {}); // Nobody reads it any more.
  assertEquals(text(await child.stderr.bytes()), "");
});
