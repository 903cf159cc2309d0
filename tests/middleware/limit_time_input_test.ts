/** `limit_time` and applications that wait for the body of their request. */

import { assertEquals } from "@std/assert";
import { to_fetch } from "../../gateways/fetch.ts";
import { limit_time } from "../../middleware/mod.ts";
import { RECORD_TYPE } from "../../gateways/fastcgi/codec.ts";
import {
  connect,
  open_gateway,
  protocols,
  read_to_end,
} from "../gateways/gateway_clients.ts";
import {
  fastcgi_head,
  fastcgi_request,
  record,
  stdin,
} from "../gateways/fastcgi/records.ts";
import { echo, echoed, open_session } from "../gateways/fastcgi/session.ts";
import { request_pairs } from "../gateways/heads.ts";
import { bytes, join, write_all } from "../support/support.ts";
import { LIMIT, PAGE, sleep } from "./timed.ts";

const log = () => {};

Deno.test("limit_time() has the input fail that an application is reading when it is given up", async () => {
  const failed = Promise.withResolvers<unknown>();
  const messages: string[] = [];
  const app = limit_time(async (environ) => {
    const reader = environ["wsgi.input"].getReader();
    await reader.read().catch(failed.resolve);
    throw await failed.promise;
  }, { timeout: LIMIT, log: (message) => void messages.push(message) });
  const cancelled = Promise.withResolvers<void>();
  const body = new ReadableStream({ cancel: () => cancelled.resolve() });
  const request = new Request("http://localhost/", { method: "POST", body });
  const response = await to_fetch(app)(request);
  assertEquals(response.status, 503);
  assertEquals(
    String(await failed.promise),
    "Error: the application timed out: it did not respond within 0.05 s",
  );
  await cancelled.promise;
  await sleep(0);
  assertEquals(messages, [
    '"POST / HTTP/1.1" was not answered within 0.05 s: 503',
  ]);
});

/** The variables of a request with a body of ten bytes. */
const PAIRS = request_pairs({ REQUEST_METHOD: "POST", CONTENT_LENGTH: "10" });

for (const protocol of protocols) {
  Deno.test(`limit_time() answers by ${protocol.name} when the body does not arrive`, async () => {
    const app = limit_time(echo, { timeout: LIMIT, log });
    await using gateway = await open_gateway(protocol, app);
    using conn = await connect(gateway.server.server_address);
    const { head, body, answer } = protocol;
    await write_all(conn, join([head(PAIRS), body(bytes("abc"))]));
    const { text, ended } = answer(await read_to_end(conn));
    assertEquals(text, `503 Service Unavailable\r\n${PAGE}`);
    assertEquals(ended, true);
    assertEquals(gateway.log.text, '"POST / HTTP/1.1" 503 19\n');
  });
}

Deno.test("limit_time() leaves a FastCGI connection to the next request when a body did not arrive in time", async () => {
  const app = limit_time(echo, { timeout: LIMIT, log });
  await using session = await open_session(app);
  await session.write(fastcgi_head(1, PAIRS), stdin(1, "abc"));
  const { text } = await session.reader.answer(1);
  assertEquals(text, `503 Service Unavailable\r\n${PAGE}`);
  await session.write(stdin(1, "defghij"), record(RECORD_TYPE.STDIN, 1));
  await session.write(
    fastcgi_request(1, { PATH_INFO: "/next" }, { body: "Hello" }),
  );
  assertEquals(await session.reader.answer(1), echoed("/next Hello"));
  assertEquals(
    session.gateway.log.text,
    '"POST / HTTP/1.1" 503 19\n"GET /next HTTP/1.1" 200 11\n',
  );
});
